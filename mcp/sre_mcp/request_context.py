"""Who asks, and what they may see. Every tool, resource and completion gets its sources here and
nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import anyio
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import ServerRequestContext

from sre_findings.ask.operations import Recorder
from sre_findings.ask.remote import PERSON
from sre_findings.ask.sources import Sources
from sre_findings.model.errors import Forbidden
from sre_mcp.auth.bearer import FINDINGS, SCOPES
from sre_mcp.auth.chat_user import Person, person_of
from sre_mcp.auth.verifier import Verifier

NOBODY = "anonymous"


@dataclass(frozen=True, slots=True)
class State:
    """What lives as long as the server: all the sources, how many questions are answered at once,
    who verifies tokens (None where nobody is asked for one), and who writes down what was asked."""

    sources: Sources
    at_once: anyio.CapacityLimiter
    verifier: Verifier | None
    recorder: Recorder


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, the scopes of their token, and the sources as they may see them."""

    name: str
    sources: Sources
    scopes: frozenset[str]

    def need(self, scope: str) -> None:
        """Raises Forbidden that names the scope where the token lacks it."""
        if scope not in self.scopes:
            raise Forbidden(
                f"this token lacks the scope {scope}",
                do="Ask whoever gave it to you for one that has it.",
            )


Asked = ServerRequestContext[State, Any]


async def caller(ctx: Asked) -> Caller:
    """Who asks. Without authentication everybody may see everything: serving refuses that beyond
    the loopback.

    Raises Forbidden for a token without the scope to read findings, or that acts for others and was
    not told for whom.
    """
    return await admitted(ctx.lifespan_context, person_of((ctx.meta or {}).get(PERSON)))


async def admitted(state: State, person: Person | None) -> Caller:
    """Who sent the request that is being answered. For a person no files are handed out: who
    fetches one cannot name them.

    Raises Forbidden as ``caller`` does.
    """
    if state.verifier is None:
        return Caller(NOBODY, state.sources, frozenset(SCOPES))
    token = get_access_token()
    if token is None:
        raise Forbidden("nobody said who asks", do="Send a token.")
    bearer = await state.verifier.acting_for(token, person)
    bearer.need(FINDINGS)
    sources = bearer.sources(state.sources)
    return Caller(
        bearer.name, sources if person is None else replace(sources, hand_out=None), bearer.scopes
    )
