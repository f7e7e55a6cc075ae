"""Stops queries that took too long."""

from __future__ import annotations

import sys


def interrupt(thread: int | None = None) -> None:
    """Stops the engine's running queries in a thread, or in all threads.

    Each of them raises an error. Nothing is imported for a process that has run no query.
    """
    if databases := sys.modules.get("sre_findings.engine.databases"):
        databases.interrupt(thread)
