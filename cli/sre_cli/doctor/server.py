"""Checks of the server in SRE_SERVER: whether it is ready, and whether it accepts SRE_TOKEN."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from sre_cli.doctor.check import FAILED, OFF, OK, Check
from sre_findings.model.errors import SreError
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.client.connection import Remote

SECONDS = 10.0  # maximum time for the server's answer


def server(settings: Settings) -> list[Check]:
    """Checks the server's readiness, and a query with the token; off without SRE_SERVER."""
    if not settings.server:
        return [Check("server", OFF, "SRE_SERVER is not set: queries run on this machine")]
    from sre_findings.client.connection import Remote

    remote = Remote(settings.server, settings.token, SECONDS)
    address = remote.address("/readyz")
    status, values = remote.look("/readyz")
    if status == http.client.OK:
        return [Check("server", OK, f"{address}: ready"), *_token(remote, settings)]
    why = str(values.get("why") or f"HTTP status {status}")
    remedy = "See the server's log, and run sre-cli doctor on the server."
    return [Check("server", FAILED, f"{address}: not ready: {why}", remedy)]


def _token(remote: Remote, settings: Settings) -> list[Check]:
    """Checks whether the server accepts SRE_TOKEN.

    Without a token nothing is checked, because a server on this machine may need none.
    """
    if not settings.token:
        return []
    from sre_findings.client.service import RemoteService
    from sre_findings.questions.estate import Summary

    try:
        RemoteService(remote).ask(Summary())
    except SreError as error:
        return [Check("token", FAILED, error.reason, error.do)]
    return [Check("token", OK, "the server accepts SRE_TOKEN")]
