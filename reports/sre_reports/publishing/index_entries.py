"""The entries of the index, read from the summaries of published reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings.model.snapshots.states import COMPLETE


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One published report.

    If its summary cannot be read, ``verdict`` is empty and the numbers are None, which means
    unknown. ``pruned`` is the date on which its snapshot was pruned, empty if it was not.
    """

    day: str
    verdict: str = ""
    why: str = ""
    critical: int | None = None
    high: int | None = None
    total: int | None = None
    late: int | None = None
    opened: int | None = None
    resolved: int | None = None
    state: str = ""
    reasons: tuple[str, ...] = ()
    snapshot_id: str = ""
    pruned: str = ""
    medium: int | None = None
    low: int | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was read. Otherwise, numbers are lower bounds."""
        return self.state == COMPLETE


def index_entry(day: str, body: bytes | None) -> IndexEntry:
    """Returns the entry for a ``summary.json``.

    Missing values are unknown. An invalid file gives an entry with the date only.
    """
    try:
        values = json.loads(body or b"")
    except (ValueError, RecursionError):
        return IndexEntry(day)
    if not isinstance(values, dict):
        return IndexEntry(day)
    counts, certificate = _mapping(values, "counts"), _mapping(values, "certificate")
    changes = _mapping(_mapping(values, "changes"), "counts")
    known = _mapping(values, "changes").get("since") is not None
    return IndexEntry(
        day=day,
        verdict=_text(values, "verdict"),
        why=_text(values, "explanation"),
        critical=_count(counts, "critical"),
        high=_count(counts, "high"),
        medium=_count(counts, "medium"),
        low=_count(counts, "low"),
        total=_count(counts, "total"),
        late=_count(_mapping(values, "late"), "late"),
        opened=_sum(changes, "opened", "reopened") if known else None,
        resolved=_sum(changes, "resolved") if known else None,
        state=_text(certificate, "state"),
        reasons=_texts(certificate, "reasons"),
        snapshot_id=_text(values, "snapshot_id"),
        pruned=_text(values, "pruned_at")[:10],
    )


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name)
    return found if isinstance(found, str) else ""


def _texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = values.get(name)
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


def _count(values: Mapping[str, Any], name: str) -> int | None:
    found = values.get(name)
    return found if isinstance(found, int) and found >= 0 else None


def _sum(values: Mapping[str, Any], *names: str) -> int | None:
    counts = [_count(values, name) for name in names]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
