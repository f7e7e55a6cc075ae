"""One call of a tool: arguments checked, the caller's sources, a thread and a deadline, and
whatever goes wrong in words."""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import anyio
import anyio.to_thread
from mcp_types import CallToolRequestParams, CallToolResult, TextContent
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sre_findings.ask.remote import ERROR
from sre_findings.model.errors import AmbiguousName, SreError, UsageError, kind_of
from sre_mcp.audit import Call
from sre_mcp.public_errors import told
from sre_mcp.request_context import Asked, caller
from sre_mcp.text import sentence
from sre_mcp.tools.registry import TOOLS
from sre_mcp.tools.results import answer
from sre_mcp.tools.tool import Tool

# seconds: below the idle time-out of a load balancer, which would hang up without a word
DEADLINE = 50.0
_LOG = logging.getLogger(__name__)


async def call_tool(ctx: Asked, params: CallToolRequestParams) -> CallToolResult:
    """The tool's answer, or an error that says what to do next. It never raises for what a caller
    can send."""
    tool = TOOLS.get(params.name)
    call = Call(tool.name if tool else "no such tool")
    done = await _call(ctx, tool, params.arguments or {}, call) if tool else _unknown(params.name)
    call.ended(done, ctx.lifespan_context.recorder)
    return done


async def _call(ctx: Asked, tool: Tool, given: Mapping[str, Any], call: Call) -> CallToolResult:
    try:
        who = await caller(ctx)
        call.who = who.name
        who.need(tool.scope)
    except SreError as error:
        return failed(told(error))
    try:
        arguments = tool.arguments.model_validate(given)
    except ValidationError as error:
        return failed(
            UsageError(
                f"{tool.name} cannot be called like this", why=_wrong(error.errors()), do=_do(tool)
            )
        )
    call.arguments = arguments.model_dump(
        mode="json", exclude_defaults=True, exclude={"cursor", "token_budget"}
    )
    try:
        work = functools.partial(answer, tool, arguments, who.sources)
        at_once = ctx.lifespan_context.at_once
        with anyio.fail_after(DEADLINE):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=at_once)
    except SreError as error:
        return failed(told(error))
    except TimeoutError:
        return failed(
            SreError(
                f"{tool.name} took longer than {DEADLINE:g} s",
                do="Narrow the question, or ask again.",
            ),
            "timeout",
        )
    except Exception:  # noqa: BLE001 - the edge: a bug of ours gets a reference here and its traceback in the log
        return _bug(tool.name)


def failed(error: SreError, kind: str = "") -> CallToolResult:
    """An error as a result: one line for the model, and the same in parts for programs."""
    parts: dict[str, Any] = {
        "kind": kind or kind_of(error),
        "what": error.what,
        "why": error.why,
        "do": error.do,
    }
    if isinstance(error, AmbiguousName):
        parts["candidates"] = list(error.candidates)
    return CallToolResult(
        content=[TextContent(type="text", text=sentence(str(error)))],
        is_error=True,
        _meta={ERROR: parts},
    )


def _unknown(name: str) -> CallToolResult:
    return failed(
        UsageError(f"there is no tool {name[:64]!r}", do=f"Use one of: {', '.join(TOOLS)}.")
    )


def _bug(name: str) -> CallToolResult:
    reference = secrets.token_hex(4)
    _LOG.exception("%s failed; reference %s", name, reference)
    return failed(
        SreError(
            "a bug of ours",
            why=f"reference {reference}",
            do="Report the reference; the server's log has more.",
        ),
        "bug",
    )


def _wrong(errors: Iterable[ErrorDetails]) -> str:
    """What is wrong with the arguments, each by its name and never with its value."""
    return "; ".join(_one(error) for error in list(errors)[:5])


def _one(error: ErrorDetails) -> str:
    place = ".".join(str(part)[:64] for part in error["loc"]) or "arguments"
    if error["type"] == "extra_forbidden":
        return f"there is no argument {place!r}"
    if error["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {error['msg'][:200]}"


def _do(tool: Tool) -> str:
    return f"It takes: {', '.join(tool.arguments.model_fields)}."
