"""All tools, in the order in which clients list them."""

from __future__ import annotations

from mcp_types import Tool as Description
from mcp_types import ToolAnnotations

from sre_mcp.tools import export, findings, history, posture
from sre_mcp.tools.schemas import arguments
from sre_mcp.tools.tool import Tool

TOOLS: dict[str, Tool] = {
    one.name: one for one in (*findings.TOOLS, *export.TOOLS, *posture.TOOLS, *history.TOOLS)
}


def describe(tool: Tool) -> Description:
    """Returns the tool as clients see it. All tools are read-only and idempotent."""
    hints = ToolAnnotations(
        title=tool.title,
        read_only_hint=True,
        destructive_hint=False,
        idempotent_hint=True,
        open_world_hint=tool.wide,
    )
    return Description(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=arguments(tool.arguments),
        output_schema=tool.output,
        annotations=hints,
    )
