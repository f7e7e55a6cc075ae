"""All queries of the product behind one protocol, answered by a local store or a server."""
