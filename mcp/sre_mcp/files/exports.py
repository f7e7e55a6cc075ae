"""``GET /exports/{reference}``: the file for a reference from the tool ``export``.

Only clients with the same access scope get it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import anyio
import anyio.to_thread
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sre_findings.client.connection import ERROR, REFUSED
from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import AccessDenied, SreError, UsageError, kind_of
from sre_findings.model.operation import ANSWERED
from sre_findings.queries.export_file import fetched
from sre_findings.sources.download_links import DownloadLinks, DownloadRequest
from sre_mcp.audit import Call
from sre_mcp.files.authentication import NOT_FOUND, PRIVATE, not_found, unavailable
from sre_mcp.files.stream import Sent, stream
from sre_mcp.request_context import Client, ServerState, authorize
from sre_reports.formats.registry import (
    FORMS,
    Options,
    write_export,
)

_LOG = logging.getLogger(__name__)
NAME = "download"  # tool name in the audit log
AT_ONCE = 4  # concurrent downloads; each uses a thread, for long if there are many findings
PATIENCE = 20.0  # seconds that a further download waits
_UNSAFE = re.compile(r"[^0-9A-Za-z.-]+")
INTERRUPTED, THROTTLED, BUG = "interrupted", "throttled", "bug"  # outcomes besides ANSWERED


@dataclass(frozen=True, slots=True)
class File:
    """An export whose rows are about to be read."""

    handout: DownloadRequest
    options: Options
    proof: Proof
    batches: Iterator[list[dict[str, Any]]]

    def write(self, file: BinaryIO) -> int:
        """Writes the file and returns its number of rows. Notes of the format are logged."""
        return write_export(self.options, self.proof, self.batches, file, _LOG.info)

    def headers(self) -> dict[str, str]:
        """Returns the headers of the response: an attachment that browsers do not display."""
        form = FORMS[self.handout.question.form]
        name = _UNSAFE.sub("-", f"findings-{self.handout.snapshot_id}") + form.suffix
        return {
            "Content-Type": form.media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            **PRIVATE,
        }


class Exports:
    """The application behind the route."""

    def __init__(self, state: ServerState, handouts: DownloadLinks) -> None:
        self._state, self._handouts, self._turns = state, handouts, anyio.CapacityLimiter(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] != "GET":  # no HEAD: the length is unknown until the file is written
            return await JSONResponse({"error": "use GET"}, 405, {**PRIVATE, "Allow": "GET"})(
                scope, receive, send
            )
        call = Call(NAME)
        try:
            file = await self._find(scope["path_params"]["reference"], call)
        except SreError as error:
            _LOG.warning("an export cannot be read: %s", error)
            call.record(self._state.recorder, kind_of(error), None, None, 0)
            return await unavailable("the store cannot be read", 503)(scope, receive, send)
        if file is None:
            call.record(self._state.recorder, NOT_FOUND, None, None, 0)
            return await not_found()(scope, receive, send)
        call.arguments, outcome, rows = _arguments(file.handout), INTERRUPTED, 0
        try:
            outcome, rows = await self._send(file, scope, receive, send)
        finally:
            call.record(
                self._state.recorder, outcome, file.proof.source, file.proof.snapshot_id, rows
            )

    async def _send(
        self, file: File, scope: Scope, receive: Receive, send: Send
    ) -> tuple[str, int]:
        """Sends the file and returns the outcome and its number of rows."""
        with anyio.move_on_after(PATIENCE) as patience:
            await self._turns.acquire()
        if patience.cancelled_caught:
            await unavailable("too many downloads", 429)(scope, receive, send)
            return THROTTLED, 0
        try:
            sent = await stream(file.write, file.headers(), receive, send)
        finally:
            self._turns.release()
        if sent.failed and not isinstance(sent.failed, UsageError):
            _LOG.error("an export failed", exc_info=sent.failed)
        if sent.failed and not sent.begun:
            await _refused(sent.failed)(scope, receive, send)
        return _outcome(sent), sent.rows

    async def _find(self, reference: str, call: Call) -> File | None:
        """Returns the file for a reference; None if it does not exist for this client."""
        try:
            who = await authorize(self._state, None)
            call.who = who.name
            limiter = self._state.at_once
            return await anyio.to_thread.run_sync(self._open, reference, who, limiter=limiter)
        except (
            AccessDenied,
            UsageError,
        ):  # a token that acts for users; a deleted snapshot
            return None

    def _open(self, reference: str, who: Client) -> File | None:
        handout = self._handouts.find(reference, who.sources.caller.access, who.sources.now())
        return (
            File(handout, _options(handout, who), *fetched(handout, who.sources))
            if handout
            else None
        )


def _options(handout: DownloadRequest, who: Client) -> Options:
    """Returns the options of the format.

    Suppression rules are included only for clients with access to everything.
    """
    rules = who.sources.suppressions if who.sources.caller.access.everything else None
    return Options(
        handout.question.form,
        **{"author": who.name, **handout.question.options},
        suppressions=rules,
    )


def _outcome(sent: Sent) -> str:
    if isinstance(sent.failed, SreError):
        return kind_of(sent.failed)
    return BUG if sent.failed else ANSWERED if sent.whole else INTERRUPTED


def _refused(error: Exception) -> Response:
    """Returns the response for an error. Only usage errors are shown to the client."""
    if not isinstance(error, UsageError):
        return unavailable("the file could not be written", 500)
    parts = {"kind": kind_of(error), "what": error.what, "why": error.why, "do": error.do}
    return JSONResponse({"error": str(error), ERROR: parts}, REFUSED, PRIVATE)


def _arguments(handout: DownloadRequest) -> dict[str, Any]:
    """Returns the query of a download, for the audit log."""
    question = handout.to_json()
    return {
        "format": question["form"],
        **question["options"],
        **{name: one for name, one in question["rows"].items() if one},
    }
