"""The MCP server: the queries of the command line for AI agents and chat, over HTTP or stdio."""
