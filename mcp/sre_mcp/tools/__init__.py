"""The tools: each maps checked arguments to a question, and its answer to content that an agent can
trust."""
