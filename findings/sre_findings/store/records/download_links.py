"""Download links in the table: what each file contains, stored under a hash of its reference.

    partition              sort       contents
    handout#{sha256}       handout    the values that ask.handouts stores

The reference itself is not stored, so read access to the table is not enough to download a file. A
table may delete expired rows late or never, so readers ignore them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sre_findings.store.records.table import Row, Table

_SORT = "handout"


def write(table: Table, reference: str, values: Mapping[str, Any], until: datetime) -> None:
    """Stores the values under the hash of the reference. They expire at ``until``."""
    table.put([Row(_partition(reference), _SORT, values, int(until.timestamp()))])


def read(table: Table, reference: str, now: datetime) -> Mapping[str, Any] | None:
    """Returns the values of a reference, or None if it is unknown or has expired."""
    rows = list(table.query(_partition(reference), _SORT, _SORT))
    return rows[0].values if rows and (rows[0].expires or 0) > now.timestamp() else None


def _partition(reference: str) -> str:
    return f"handout#{hashlib.sha256(reference.encode()).hexdigest()}"
