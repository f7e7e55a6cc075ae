"""The files of each table: those of the newest snapshot, or of all snapshots for the history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from sre_findings.model.snapshots.shard_facts import Part
from sre_findings.store.snapshots.reader import Commit, Snapshots

HISTORY = ("events",)
TABLES = (
    "findings",
    "details",
    "packages",
    "coverage",
    "resources",
    "names",
    "vulnerabilities",
    "closed",
    "states",
    "cells",
    "ages",
    *HISTORY,
)
"""Tables that can be queried even if no snapshot has a row of them. Manifests may list others."""

_WORD = re.compile(r"[a-z_]+")
_READ = re.compile(r"\b(?:from|join)\s+([a-z_]+)")
_READERS = 8  # manifests read concurrently: each takes 30 ms from a bucket


class Tables:
    """The tables of some committed snapshots. Manifests are read only when needed."""

    def __init__(self, snapshots: Snapshots, commits: Sequence[Commit]) -> None:
        self.snapshots = snapshots
        self.commits = sorted(commits, key=lambda commit: commit.sequence)
        self.newest = self.commits[-1]

    @property
    def described(self) -> str:
        """The snapshots as text, for error messages."""
        older = len(self.commits) - 1
        return f"snapshot {self.newest.snapshot_id}" + (
            f" or one of {older} before it" if older else ""
        )

    @property
    def names(self) -> list[str]:
        """Every table: those of the newest snapshot and those that may be empty in it."""
        return sorted({*TABLES, *self._newest})

    def read_by(self, text: str) -> list[str]:
        """Returns the tables that a query of the catalogue reads.

        These queries write ``from`` or ``join`` before each table.
        """
        return sorted({*_READ.findall(text)} & {*self.names})

    def named_in(self, text: str) -> list[str]:
        """Returns the tables that any query may read: those whose names are words in it."""
        return sorted({*_WORD.findall(text.lower())} & {*self.names})

    def parts(self, table: str) -> list[tuple[Commit, Part]]:
        """Returns the files of a table with their commits, older snapshots first."""
        if table in HISTORY:
            return [(commit, part) for commit, parts in self._all for part in parts.get(table, [])]
        return [(self.newest, part) for part in self._newest.get(table, [])]

    @cached_property
    def _newest(self) -> dict[str, list[Part]]:
        return self._read(self.newest)

    @cached_property
    def _all(self) -> list[tuple[Commit, dict[str, list[Part]]]]:
        older = self.commits[:-1]
        if not older:
            return [(self.newest, self._newest)]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_READERS) as pool:
            return [
                *zip(older, pool.map(self._read, older), strict=True),
                (self.newest, self._newest),
            ]

    def _read(self, commit: Commit) -> dict[str, list[Part]]:
        found: dict[str, list[Part]] = {}
        for part in self.snapshots.manifest(commit).parts:
            found.setdefault(part.key.partition("/")[0], []).append(part)
        return found
