"""Every tool, in the order in which an agent should read them."""

from __future__ import annotations

from mcp_types import Tool as Told
from mcp_types import ToolAnnotations

from sre_mcp.tools import findings, history, posture
from sre_mcp.tools.schemas import arguments
from sre_mcp.tools.tool import Tool

TOOLS: dict[str, Tool] = {
    one.name: one for one in (*findings.TOOLS, *posture.TOOLS, *history.TOOLS)
}


def told(tool: Tool) -> Told:
    """The tool as clients are told of it. Each only reads, and asking again changes nothing."""
    hints = ToolAnnotations(
        title=tool.title,
        read_only_hint=True,
        destructive_hint=False,
        idempotent_hint=True,
        open_world_hint=tool.wide,
    )
    return Told(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=arguments(tool.arguments),
        output_schema=tool.output,
        annotations=hints,
    )
