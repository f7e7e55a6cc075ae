"""MCP resources: data that a client can attach to a conversation without calling a tool."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import unquote

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from sre_findings.model.errors import SreError, UsageError
from sre_findings.model.operation import ANSWERED
from sre_findings.model.text import ours, phrase
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CACHED, SnapshotList, Summary, Vulnerabilities
from sre_findings.sources.sources import Sources
from sre_mcp.audit import Call
from sre_mcp.execution import in_time, outcome_of
from sre_mcp.json_values import dumps
from sre_mcp.request_context import RequestContext, client
from sre_mcp.text import sentence

NAME = "resource"  # tool name in the audit log
LATEST = "sre://snapshots/latest"
REPORTS, RESOURCES = "sre://reports/", "sre://resources/"
_JSON = "application/json"
_LONGEST = 2048

LISTED = [
    Resource(
        uri=LATEST,
        name="latest-snapshot",
        title="Latest snapshot",
        mime_type=_JSON,
        description="The time, completeness and totals of the newest snapshot.",
    ),
]
TEMPLATES = [
    ResourceTemplate(
        uri_template=REPORTS + "{night}",
        name="report",
        title="Report for a snapshot",
        mime_type=_JSON,
        description=(
            "Open findings of all resources by owner. Name the snapshot by its ID, a date or"
            " yesterday."
        ),
    ),
    ResourceTemplate(
        uri_template=RESOURCES + "{id}",
        name="resource",
        title="One resource",
        mime_type=_JSON,
        description=(
            "The verdict on one resource and its worst findings. Use an instance ID, an ARN or a"
            " name, percent-encoded."
        ),
    ),
]


async def list_resources(
    _ctx: RequestContext, _params: PaginatedRequestParams | None
) -> ListResourcesResult:
    """Returns the resources without parameters."""
    return ListResourcesResult(resources=LISTED)


async def list_templates(
    _ctx: RequestContext, _params: PaginatedRequestParams | None
) -> ListResourceTemplatesResult:
    """Returns the resource templates."""
    return ListResourceTemplatesResult(resource_templates=TEMPLATES)


async def read_resource(
    ctx: RequestContext, params: ReadResourceRequestParams
) -> ReadResourceResult:
    """Returns the resource as JSON. Raises MCPError for an unknown URI, or if the query fails."""
    uri = str(params.uri)
    call = Call(NAME, is_tool=False)
    try:
        values = await _values(ctx, uri, call)
    except SreError as error:
        call.record(ctx.lifespan_context.recorder, outcome_of(error), None, None, 0)
        code = INVALID_PARAMS if isinstance(error, UsageError) else INTERNAL_ERROR
        raise MCPError(code, sentence(error.text), data={"uri": uri[:_LONGEST]}) from error
    call.record(
        ctx.lifespan_context.recorder, ANSWERED, values.get("source"), values.get("snapshot_id"), 0
    )
    return ReadResourceResult(
        contents=[TextResourceContents(uri=uri, mime_type=_JSON, text=dumps(values))]
    )


async def _values(ctx: RequestContext, uri: str, call: Call) -> dict[str, Any]:
    who = await client(ctx)
    call.who = who.name
    if uri.startswith((LATEST, REPORTS, RESOURCES)):
        call.arguments = {"uri": uri[:_LONGEST]}
    read = functools.partial(_read, uri, who.sources)
    return await in_time("reading the resource", read, ctx.lifespan_context.at_once)


def _read(uri: str, sources: Sources) -> dict[str, Any]:
    """Returns the JSON that the command line prints for the same query."""
    rest = unquote(uri.partition("://")[2].partition("/")[2])
    if uri == LATEST:
        return ask(SnapshotList(1), sources).to_json()
    if uri.startswith(REPORTS) and 0 < len(rest) <= 64:
        return ask(Summary("owner", as_of=rest), sources).to_json()
    if uri.startswith(RESOURCES) and 0 < len(rest) <= 1024 and "\0" not in rest:
        return ask(Vulnerabilities(rest, source=CACHED), sources).to_json()
    raise UsageError(
        phrase("unknown resource URI"),
        do=phrase("Use {}, {}{{night}} or {}{{id}}.", ours(LATEST), ours(REPORTS), ours(RESOURCES)),
    )
