"""Tool calls: validation, access, execution in a thread with a deadline, and errors."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from mcp_types import CallToolRequestParams, CallToolResult, TextContent
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sre_findings.client.connection import ERROR
from sre_findings.model.errors import AmbiguousName, SreError, UsageError, kind_of
from sre_findings.model.text import Text, joined, ours, phrase
from sre_mcp.audit import Call
from sre_mcp.execution import in_time, outcome_of
from sre_mcp.public_errors import public_error
from sre_mcp.request_context import RequestContext, client
from sre_mcp.text import sentence
from sre_mcp.tools.registry import TOOLS
from sre_mcp.tools.results import answer
from sre_mcp.tools.tool import Tool


async def call_tool(ctx: RequestContext, params: CallToolRequestParams) -> CallToolResult:
    """Returns the answer of the tool, or an error with a remedy. No client input makes it raise."""
    tool = TOOLS.get(params.name)
    call = Call(tool.name if tool else "no such tool")
    done = await _call(ctx, tool, params.arguments or {}, call) if tool else _unknown(params.name)
    call.finish(done, ctx.lifespan_context.recorder)
    return done


async def _call(
    ctx: RequestContext, tool: Tool, given: Mapping[str, Any], call: Call
) -> CallToolResult:
    try:
        who = await client(ctx)
        call.who = who.name
        who.need(tool.scope)
    except SreError as error:
        return failed(public_error(error))
    try:
        arguments = tool.arguments.model_validate(given)
    except ValidationError as error:
        return failed(
            UsageError(
                phrase("invalid arguments for {}", ours(tool.name)),
                why=_problems(error.errors()),
                do=_do(tool),
            )
        )
    call.arguments = arguments.model_dump(
        mode="json", exclude_defaults=True, exclude={"cursor", "token_budget"}
    )
    work = functools.partial(answer, tool, arguments, who.sources)
    try:
        return await in_time(tool.name, work, ctx.lifespan_context.at_once)
    except SreError as error:
        return failed(error, outcome_of(error))


def failed(error: SreError, kind: str = "") -> CallToolResult:
    """Returns an error as a result: a line of text for the model, and its parts for programs."""
    parts: dict[str, Any] = {
        "kind": kind or kind_of(error),
        "what": error.what,
        "why": error.why,
        "do": error.do,
    }
    if isinstance(error, AmbiguousName):
        parts["candidates"] = list(error.candidates)
    return CallToolResult(
        content=[TextContent(type="text", text=sentence(error.text))],
        is_error=True,
        _meta={ERROR: parts},
    )


def _unknown(name: str) -> CallToolResult:
    do = phrase("Use one of: {}.", ours(", ".join(TOOLS)))
    return failed(UsageError(phrase("unknown tool {!r}", name[:64]), do=do))


def _problems(errors: Iterable[ErrorDetails]) -> Text:
    """Returns the first five problems of the arguments, by name and without values."""
    return joined("; ", [_problem(error) for error in list(errors)[:5]])


def _problem(error: ErrorDetails) -> Text:
    place = ".".join(str(part)[:64] for part in error["loc"]) or "arguments"
    if error["type"] == "extra_forbidden":
        return phrase("unknown argument {!r}", place)
    if error["type"] == "missing":
        return phrase("{} is required", place)
    return phrase("{}: {}", place, error["msg"][:200])


def _do(tool: Tool) -> Text:
    return phrase("Arguments: {}.", ours(", ".join(tool.arguments.model_fields)))
