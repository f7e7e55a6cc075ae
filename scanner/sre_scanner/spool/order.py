"""Puts findings into the order of the parts.

They have no duplicates and are sorted by resource, highest severity first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sre_findings.model.findings.severity import rank
from sre_scanner.spool.identities import Identities
from sre_scanner.spool.rows import arn_of
from sre_scanner.spool.spool import Spool

Ints = npt.NDArray[np.int64]
# Half the size of Ints, and enough for two billion findings in a shard.
Places = npt.NDArray[np.int32]


class Sorted(NamedTuple):
    """Rows in the order of the parts.

    ``row`` is the row in the spool, ``entry`` the entry among the identities, ``position`` that of
    the resource in its finding, and ``kind`` that of the finding. ``resource`` numbers (account,
    resource). ``duplicates`` is how many were dropped.
    """

    row: Places
    entry: Places
    position: Places
    kind: Places
    resource: Ints
    duplicates: int


def put_in_order(spool: Spool, rows: npt.NDArray[Any], found: Identities) -> Sorted:
    """Sorts by resource, account and severity, then by arrival, which is by ARN."""
    kept = latest_of_each(spool, rows)
    texts = spool.column(rows, "resources")[kept]
    many = found.many[texts]
    row = np.repeat(kept, many)
    ends = np.cumsum(many, dtype=np.int32)
    position = np.arange(len(row), dtype=np.int32) - np.repeat(ends - many, many)
    entry = np.repeat(found.first[texts], many) + position
    kinds = spool.column(rows, "kind")[row]
    accounts, ranks = _by_kind(spool)
    resource = found.rank[entry] * (accounts.max(initial=0) + 1) + accounts[kinds]
    order = np.argsort(resource * 8 + ranks[kinds], kind="stable")
    return Sorted(
        row[order],
        entry[order],
        position[order],
        kinds[order],
        resource[order],
        len(rows) - len(kept),
    )


def _by_kind(spool: Spool) -> tuple[Ints, Ints]:
    """Returns, for each kind, the position of its account and the rank of its severity."""
    kinds = spool.kinds.in_order()
    places = {
        account: place
        for place, account in enumerate(sorted({kind.account_id or "" for kind in kinds}))
    }
    table = np.array(
        [(places[kind.account_id or ""], rank(kind.severity)) for kind in kinds], np.int64
    ).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def latest_of_each(spool: Spool, rows: npt.NDArray[Any]) -> Places:
    """Returns the rows to keep, in order of arrival.

    Of findings with the same ARN, the one with the latest ``updatedAt`` is kept.
    """
    hashes = spool.column(rows, "tail").view(np.int64)[:, 0] if len(rows) else np.empty(0, np.int64)
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(np.diff(hashes[order]) == 0)
    if not len(same):
        return np.arange(len(rows), dtype=np.int32)
    heads = [kind.arn_head for kind in spool.kinds.in_order()]
    drop: set[int] = set()
    for run in _runs(same):
        drop |= _older(rows, heads, order[run[0] : run[-1] + 2])
    return np.delete(np.arange(len(rows), dtype=np.int32), sorted(drop))


def _runs(places: Ints) -> list[Ints]:
    """Returns groups of consecutive positions."""
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)


def _older(rows: npt.NDArray[Any], heads: list[str], group: Ints) -> set[int]:
    """Returns, of rows with equal hashes, those replaced by another row with the same ARN.

    If both have the same time, the later arrival is kept.
    """
    newest: dict[str, int] = {}
    for one in sorted(int(i) for i in group):
        arn = arn_of(heads[rows["kind"][one]], rows["tail"][one].tobytes())
        if arn not in newest or not _updated(rows, one) < _updated(rows, newest[arn]):
            newest[arn] = one
    return {int(i) for i in group} - set(newest.values())


def _updated(rows: npt.NDArray[Any], row: int) -> float:
    """Returns the time of the last update, or minus infinity if there is none."""
    value = float(rows["updated_at"][row])
    return -np.inf if np.isnan(value) else value
