"""The MCP tools: each maps validated arguments to a query, and its answer to content for agents."""
