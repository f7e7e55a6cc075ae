"""The same questions, put to a server over HTTP. Standard library only."""
