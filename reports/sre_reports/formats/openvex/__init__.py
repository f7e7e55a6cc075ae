"""Accepted risks as OpenVEX 0.2.0 statements."""
