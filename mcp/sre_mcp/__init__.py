"""The MCP server: what the command line answers, for agents and chat, over HTTP or stdio."""
