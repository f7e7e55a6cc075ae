"""``GET /exports/{reference}``: the file that the tool ``export`` promised, to who may see what its
asker saw."""

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

from sre_findings.ask.files import fetched
from sre_findings.ask.handouts import Handout, Handouts
from sre_findings.ask.remote import ERROR, REFUSED
from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import AccessDenied, SreError, UsageError, kind_of
from sre_findings.model.operation import ANSWERED
from sre_mcp.audit import Call
from sre_mcp.files.authentication import NOT_FOUND, PRIVATE, nothing, trouble
from sre_mcp.files.stream import Sent, stream
from sre_mcp.request_context import Caller, State, admitted
from sre_reports.formats.registry import (
    FORMS,
    Options,
    write_export,
)

_LOG = logging.getLogger(__name__)
NAME = "download"  # among operations
AT_ONCE = 4  # files that are written; each has a thread, and a large estate takes long
PATIENCE = 20.0  # seconds that a further one waits for its turn
_UNSAFE = re.compile(r"[^0-9A-Za-z.-]+")
INTERRUPTED, THROTTLED, BUG = "interrupted", "throttled", "bug"  # beside ANSWERED


@dataclass(frozen=True, slots=True)
class File:
    """A handout whose rows are about to be read."""

    handout: Handout
    options: Options
    proof: Proof
    batches: Iterator[list[dict[str, Any]]]

    def write(self, file: BinaryIO) -> int:
        """All of it. What the format has to say beside it stands in the log."""
        return write_export(self.options, self.proof, self.batches, file, _LOG.info)

    def headers(self) -> dict[str, str]:
        """Of its response: to be saved under a name, and never shown as a page."""
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

    def __init__(self, state: State, handouts: Handouts) -> None:
        self._state, self._handouts, self._turns = state, handouts, anyio.CapacityLimiter(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] != "GET":  # HEAD: its length is not known before it is written
            return await JSONResponse({"error": "use GET"}, 405, {**PRIVATE, "Allow": "GET"})(
                scope, receive, send
            )
        call = Call(NAME)
        try:
            file = await self._find(scope["path_params"]["reference"], call)
        except SreError as error:
            _LOG.warning("a file cannot be read: %s", error)
            call.wrote(self._state.recorder, kind_of(error), None, None, 0)
            return await trouble("the store cannot be read", 503)(scope, receive, send)
        if file is None:
            call.wrote(self._state.recorder, NOT_FOUND, None, None, 0)
            return await nothing()(scope, receive, send)
        call.arguments, outcome, rows = _told(file.handout), INTERRUPTED, 0
        try:
            outcome, rows = await self._send(file, scope, receive, send)
        finally:
            call.wrote(
                self._state.recorder, outcome, file.proof.source, file.proof.snapshot_id, rows
            )

    async def _send(
        self, file: File, scope: Scope, receive: Receive, send: Send
    ) -> tuple[str, int]:
        """Sends it once it is its turn; how that ended, and how many rows it has."""
        with anyio.move_on_after(PATIENCE) as patience:
            await self._turns.acquire()
        if patience.cancelled_caught:
            await trouble("too many files are fetched", 429)(scope, receive, send)
            return THROTTLED, 0
        try:
            sent = await stream(file.write, file.headers(), receive, send)
        finally:
            self._turns.release()
        if sent.failed and not isinstance(sent.failed, UsageError):
            _LOG.error("a file could not be written", exc_info=sent.failed)
        if sent.failed and not sent.begun:
            await _refused(sent.failed)(scope, receive, send)
        return _outcome(sent), sent.rows

    async def _find(self, reference: str, call: Call) -> File | None:
        """The file of a reference; None where there is none for this caller, whatever the
        reason."""
        try:
            who = await admitted(self._state, None)
            call.who = who.name
            limiter = self._state.at_once
            return await anyio.to_thread.run_sync(self._open, reference, who, limiter=limiter)
        except (
            AccessDenied,
            UsageError,
        ):  # a token that acts for people; a snapshot that was pruned
            return None

    def _open(self, reference: str, who: Caller) -> File | None:
        handout = self._handouts.find(reference, who.sources.access, who.sources.now())
        return (
            File(handout, _options(handout, who), *fetched(handout, who.sources))
            if handout
            else None
        )


def _options(handout: Handout, who: Caller) -> Options:
    """What the format is told. Rules of suppression are about the whole estate: for who sees a part
    there are none."""
    rules = who.sources.suppressions if who.sources.access.everything else None
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
    """What a format has against the question, in the words of the error; anything else is for the
    log alone."""
    if not isinstance(error, UsageError):
        return trouble("the file could not be written", 500)
    parts = {"kind": kind_of(error), "what": error.what, "why": error.why, "do": error.do}
    return JSONResponse({"error": str(error), ERROR: parts}, REFUSED, PRIVATE)


def _told(handout: Handout) -> dict[str, Any]:
    """What was asked for, as it is recorded."""
    question = handout.to_json()
    return {
        "format": question["form"],
        **question["options"],
        **{name: one for name, one in question["rows"].items() if one},
    }
