"""Commands about the history of one resource."""
