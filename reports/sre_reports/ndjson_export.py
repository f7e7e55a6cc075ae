"""Findings as Inspector sent them, one JSON object a line, with what we know beside them under ``_sre``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sre_findings.ask.rows import time_of
from sre_findings.store import rebuild

_TIMES = ("first_observed_at", "last_observed_at", "updated_at")


def chunks(batches: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """The lines in pieces, a piece a batch of ``ask.rows``. ASCII only, so that no terminal or decoder is surprised."""
    for batch in batches:
        yield "".join(f"{json.dumps(finding(row), separators=(',', ':'))}\n" for row in batch)


def finding(row: Mapping[str, Any]) -> dict[str, Any]:
    """The wire's finding of one row, unknown fields included, and ``_sre``: snapshot_id, resource_name, owner."""
    timed = {**row, **{name: time_of(row[name]) for name in _TIMES}}
    own = {name: row[name] for name in ("snapshot_id", "resource_name", "owner")}
    return {**rebuild.finding(timed), "_sre": own}
