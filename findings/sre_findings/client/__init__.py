"""A client that sends queries to a server over HTTP, with the standard library only."""
