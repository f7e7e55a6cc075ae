"""``GET /reports/{night}/``: the published report of a date.

Only clients with access to all its content get it.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import anyio.to_thread
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from sre_findings.model.answers.answer import SNAPSHOT
from sre_findings.model.errors import AccessDenied, SreError, kind_of
from sre_findings.model.operation import ANSWERED
from sre_mcp.audit import Call
from sre_mcp.files.authentication import NOT_FOUND, PRIVATE, not_found, unavailable
from sre_mcp.request_context import ServerState, authorize
from sre_reports.publishing.report_access import (
    Address,
    address,
    fetched,
)
from sre_reports.publishing.report_files import PAGE

_LOG = logging.getLogger(__name__)
NAME = "report"  # tool name in the audit log
FOLDER = "/reports/"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy header. The page has a stricter policy with hashes; both apply."""


class Reports:
    """The application behind the route."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path, call = str(scope["path_params"]["path"]), Call(NAME)
        place = address(path)
        if place is None and address(f"{path}/"):
            await RedirectResponse(f"{FOLDER}{path}/", headers=PRIVATE)(scope, receive, send)
            return
        with tempfile.TemporaryDirectory(prefix="sre-report-") as folder:
            response, outcome = await self._answer(place, Path(folder), call)
            call.record(
                self._state.recorder, outcome, SNAPSHOT if outcome == ANSWERED else None, None, 0
            )
            await response(scope, receive, send)

    async def _answer(
        self, place: Address | None, folder: Path, call: Call
    ) -> tuple[Response, str]:
        """Returns the response and the outcome.

        404 for an invalid address, a missing file, or a file that the client may not see.
        """
        try:
            who = await authorize(self._state, None)
            call.who = who.name
            if place is None:
                return not_found(), NOT_FOUND
            call.arguments = {"file": place.key}
            path = await anyio.to_thread.run_sync(
                fetched, place, who.sources, folder / place.name, limiter=self._state.at_once
            )
        except AccessDenied:  # a token that acts for users
            return not_found(), NOT_FOUND
        except SreError as error:
            _LOG.warning("a report cannot be read: %s", error)
            return unavailable("the store cannot be read", 503), kind_of(error)
        return (_file(path, place), ANSWERED) if path else (not_found(), NOT_FOUND)


def _file(path: Path, place: Address) -> Response:
    """Returns a page to display, or a file to save under a descriptive name."""
    name = "-".join(filter(None, (place.day, place.kind, place.folder, place.name)))
    kind = "inline" if place.name == PAGE else "attachment"
    policy = {
        "Content-Security-Policy": POLICY if place.name == PAGE else "default-src 'none'; sandbox"
    }
    return FileResponse(
        path,
        headers=PRIVATE | policy,
        media_type=place.media_type,
        filename=name,
        content_disposition_type=kind,
    )
