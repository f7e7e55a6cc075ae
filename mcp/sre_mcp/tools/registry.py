"""All tools, in the order in which clients list them."""

from __future__ import annotations

from mcp_types import Tool as Description
from mcp_types import ToolAnnotations

from sre_mcp.tools import claims, export, findings, history, posture
from sre_mcp.tools.schemas import arguments, published_answer, published_arguments
from sre_mcp.tools.tool import Tool

TOOLS: dict[str, Tool] = {
    one.name: one
    for one in (*findings.TOOLS, *export.TOOLS, *posture.TOOLS, *history.TOOLS, *claims.TOOLS)
}


def describe(tool: Tool) -> Description:
    """Returns the tool as clients see it.

    A tool that only reads has no other hints about writing, which the protocol ignores for such
    tools (https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations).
    """
    hints = (
        ToolAnnotations(
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        )
        if tool.writes
        else ToolAnnotations(read_only_hint=True, open_world_hint=tool.wide)
    )
    return Description(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=published_arguments(arguments(tool.arguments)),
        output_schema=published_answer(tool.output),
        annotations=hints,
    )
