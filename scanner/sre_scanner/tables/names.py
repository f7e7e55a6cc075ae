"""The names by which each resource of a region can be asked for: the rows of ``names/``, in the
order of the names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import numpy as np
import pyarrow as pa

from sre_findings.model.resources.names import FORMER, Name
from sre_findings.store.schema import NAMES
from sre_scanner.spool.identities import Identities
from sre_scanner.spool.order import Sorted
from sre_scanner.spool.owners import Key, Owned
from sre_scanner.spool.rows import Spool
from sre_scanner.tables.coverage import Called

_GROUP = 32_768  # rows: a question reads only the groups that its name may be in
_Row = tuple[str, str, Key]


def named(
    spool: Spool,
    found: Identities,
    where: Sorted,
    place: tuple[str, str],
    owned: Owned,
    covered: Mapping[Key, Called],
) -> Iterator[pa.Table]:
    """A row a resource and name, of all that findings or coverage name. ``place`` is the snapshot's
    id and the region."""
    told = _told_by_findings(spool, found, where)
    empty = Called()
    rows = sorted(
        chain.from_iterable(
            _rows(key, told.get(key, empty), covered.get(key, empty)) for key in owned.every
        )
    )
    shown = {
        key: one.shown
        for one_by_key in (told, covered)
        for key, one in one_by_key.items()
        if one.shown
    }
    for start in range(0, len(rows), _GROUP):
        yield _table(rows[start : start + _GROUP], place, owned, shown)


def _told_by_findings(spool: Spool, found: Identities, where: Sorted) -> dict[Key, Called]:
    """What findings call each resource: all that any of them says."""
    accounts = [kind.account_id or "" for kind in spool.kinds.in_order()]
    # of a million findings a few thousand differ
    pairs = where.resource * max(len(found.ids), 1) + where.entry
    _, first = np.unique(pairs, return_index=True)
    told: dict[Key, Called] = {}
    for entry, kind in zip(where.entry[first].tolist(), where.kind[first].tolist(), strict=True):
        key = (accounts[kind], found.types[entry], found.ids[entry])
        before = told.get(key, Called())
        told[key] = Called(before.shown or found.names[entry], before.names | found.called[entry])
    return told


def _rows(key: Key, told: Called, covered: Called) -> Iterable[_Row]:
    """The rows of one resource. One whose id nobody can type has none."""
    if not key[2].strip():
        return ()
    former = {name for name in told.names - covered.names if name.kind in covered.settled}
    names = (told.names | covered.names) - former | {Name(name.text, FORMER) for name in former}
    return ((name.text, name.kind, key) for name in names)


def _table(
    rows: list[_Row], place: tuple[str, str], owned: Owned, shown: Mapping[Key, str | None]
) -> pa.Table:
    names, kinds, keys = zip(*rows, strict=True)
    accounts, types, ids = zip(*keys, strict=True)
    columns = {
        "snapshot_id": [place[0]] * len(rows),
        "name": names,
        "kind": kinds,
        "resource_id": ids,
        "resource_type": types,
        "account_id": accounts,
        "region": [place[1]] * len(rows),
        "resource_name": [shown.get(key) for key in keys],
        "owner": [owned.every[key] for key in keys],
    }
    return pa.table({name: columns[name] for name in NAMES.names}, schema=NAMES)
