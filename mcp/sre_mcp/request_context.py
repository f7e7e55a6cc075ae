"""The client of a request and its access scope.

All tools, resources and completions get their sources here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import anyio
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import ServerRequestContext

from sre_findings.client.connection import PERSON
from sre_findings.model.errors import Forbidden
from sre_findings.model.text import phrase
from sre_findings.queries.operations import Recorder
from sre_findings.sources.sources import Sources
from sre_mcp.auth.bearer import FINDINGS, SCOPES
from sre_mcp.auth.chat_user import ChatUser, parse_chat_user
from sre_mcp.auth.verifier import Verifier

ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class ServerState:
    """State with the lifetime of the server.

    ``at_once`` limits concurrent queries. ``verifier`` is None without authentication. ``recorder``
    writes the audit log.
    """

    sources: Sources
    at_once: anyio.CapacityLimiter
    verifier: Verifier | None
    recorder: Recorder


@dataclass(frozen=True, slots=True)
class Client:
    """A client: its name, the scopes of its token, and sources limited to its access scope."""

    name: str
    sources: Sources
    scopes: frozenset[str]

    def need(self, scope: str) -> None:
        """Raises Forbidden if the token lacks the scope."""
        if scope not in self.scopes:
            raise Forbidden(
                phrase("this token lacks the scope {}", scope),
                do=phrase("Use a token that has it."),
            )


RequestContext = ServerRequestContext[ServerState, Any]


async def client(ctx: RequestContext) -> Client:
    """Returns the client of a request.

    Without authentication it has access to everything, which is possible on localhost only. Raises
    Forbidden for a token that lacks the scope findings:read, or that acts for users if the request
    names none.
    """
    return await authorize(ctx.lifespan_context, parse_chat_user((ctx.meta or {}).get(PERSON)))


async def authorize(state: ServerState, person: ChatUser | None) -> Client:
    """Returns the client of the current request.

    A client that acts for a user gets no download links, since the download would not name the
    user. Raises Forbidden as ``client`` does.
    """
    if state.verifier is None:
        return Client(ANONYMOUS, state.sources, frozenset(SCOPES))
    token = get_access_token()
    if token is None:
        raise Forbidden(phrase("authentication is required"), do=phrase("Send a token."))
    bearer = await state.verifier.acting_for(token, person)
    bearer.need(FINDINGS)
    sources = bearer.sources(state.sources)
    return Client(
        bearer.name, sources if person is None else replace(sources, issue_link=None), bearer.scopes
    )
