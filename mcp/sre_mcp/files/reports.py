"""``GET /reports/{night}/``: the nightly report as it was published, to who may see all that a page
tells."""

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
from sre_mcp.files.authentication import NOT_FOUND, PRIVATE, nothing, trouble
from sre_mcp.request_context import State, admitted
from sre_reports.publishing.report_access import (
    Address,
    address,
    fetched,
)
from sre_reports.publishing.report_files import PAGE

_LOG = logging.getLogger(__name__)
NAME = "report"  # among operations
FOLDER = "/reports/"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may do at most. A page's own policy names its style sheet and script by their hashes,
and both policies hold."""


class Reports:
    """The application behind the route."""

    def __init__(self, state: State) -> None:
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
            call.wrote(
                self._state.recorder, outcome, SNAPSHOT if outcome == ANSWERED else None, None, 0
            )
            await response(scope, receive, send)

    async def _answer(
        self, place: Address | None, folder: Path, call: Call
    ) -> tuple[Response, str]:
        """The file, and how that went; nothing for an address that is none, and where the file is
        not, or not the caller's."""
        try:
            who = await admitted(self._state, None)
            call.who = who.name
            if place is None:
                return nothing(), NOT_FOUND
            call.arguments = {"file": place.key}
            path = await anyio.to_thread.run_sync(
                fetched, place, who.sources, folder / place.name, limiter=self._state.at_once
            )
        except AccessDenied:  # a token that acts for people
            return nothing(), NOT_FOUND
        except SreError as error:
            _LOG.warning("a report cannot be read: %s", error)
            return trouble("the store cannot be read", 503), kind_of(error)
        return (_file(path, place), ANSWERED) if path else (nothing(), NOT_FOUND)


def _file(path: Path, place: Address) -> Response:
    """A page to be looked at, or a file to be saved under a name that tells what it is of."""
    name = "-".join(filter(None, (place.night, place.kind, place.folder, place.name)))
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
