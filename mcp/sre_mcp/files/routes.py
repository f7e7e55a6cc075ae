"""The routes of files, each behind the gate."""

from __future__ import annotations

from starlette.routing import Route

from sre_findings.ask.handouts import FOLDER, Handouts
from sre_mcp.caller import State
from sre_mcp.files import reports
from sre_mcp.files.exports import Exports
from sre_mcp.files.gate import Gate
from sre_mcp.files.reports import Reports


def routes(state: State, handouts: Handouts, gate: Gate) -> list[Route]:
    """Exports and reports."""
    return [
        Route(FOLDER + "{reference}", gate.before(Exports(state, handouts)), methods=["GET"]),
        Route(reports.FOLDER + "{path:path}", gate.before(Reports(state)), methods=["GET"]),
    ]
