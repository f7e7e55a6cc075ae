"""Handouts in the table: what a file is to hold, under the hash of the reference by which it is
fetched.

    partition              sort       what
    handout#{sha256}       handout    what ask.handouts keeps

The reference itself is not stored, so that a reader of the table can fetch nothing with it. A table
removes expired rows when it likes, or never: readers leave them out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sre_findings.store.records.table import Row, Table

_SORT = "handout"


def write(table: Table, reference: str, values: Mapping[str, Any], until: datetime) -> None:
    """Keeps the values for who has the reference, until a moment."""
    table.put([Row(_partition(reference), _SORT, values, int(until.timestamp()))])


def read(table: Table, reference: str, now: datetime) -> Mapping[str, Any] | None:
    """The values behind a reference; None where it is nobody's, or not good any more."""
    rows = list(table.query(_partition(reference), _SORT, _SORT))
    return rows[0].values if rows and (rows[0].expires or 0) > now.timestamp() else None


def _partition(reference: str) -> str:
    return f"handout#{hashlib.sha256(reference.encode()).hexdigest()}"
