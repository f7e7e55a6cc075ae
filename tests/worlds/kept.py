"""Worlds that failed once, by what was said wrongly of them. Each is as small as possible."""

from __future__ import annotations

from tests.worlds.world import World

KEPT: dict[str, World] = {}
