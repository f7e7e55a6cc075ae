"""Who asks, and what they may see. Every tool, resource and completion gets its sources here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext

from sre_findings.ask.sources import Sources

NOBODY = "anonymous"


@dataclass(frozen=True, slots=True)
class State:
    """What lives as long as the server: all the sources, and how many questions are answered at once."""

    sources: Sources
    at_once: anyio.CapacityLimiter


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the sources as they may see them."""

    name: str
    sources: Sources


Asked = ServerRequestContext[State, Any]


def caller(ctx: Asked) -> Caller:
    """Who asks. Without authentication everybody may see everything: serving refuses that beyond the loopback."""
    return Caller(NOBODY, ctx.lifespan_context.sources)
