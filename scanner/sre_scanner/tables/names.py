"""The table ``names``: all names by which a resource of a region can be looked up.

It is sorted by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import numpy as np
import pyarrow as pa

from sre_findings.model.resources.names import FORMER, Name
from sre_findings.store.schema.tables import NAMES
from sre_scanner.spool.identities import Identities
from sre_scanner.spool.order import Sorted
from sre_scanner.spool.owners import Key, ResourceOwners
from sre_scanner.spool.spool import Spool
from sre_scanner.tables.coverage import ResourceNames

_GROUP = 32_768  # rows; a query reads only the groups that can contain its name
_Row = tuple[str, str, Key]


def names_tables(
    spool: Spool,
    found: Identities,
    where: Sorted,
    place: tuple[str, str],
    owned: ResourceOwners,
    covered: Mapping[Key, ResourceNames],
) -> Iterator[pa.Table]:
    """Yields one row per resource and name. ``place`` is the snapshot's id and the region."""
    told = _told_by_findings(spool, found, where)
    empty = ResourceNames()
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


def _told_by_findings(spool: Spool, found: Identities, where: Sorted) -> dict[Key, ResourceNames]:
    """Returns the names of each resource in its findings."""
    accounts = [kind.account_id or "" for kind in spool.kinds.in_order()]
    # A million findings have a few thousand distinct pairs.
    pairs = where.resource * max(len(found.ids), 1) + where.entry
    _, first = np.unique(pairs, return_index=True)
    told: dict[Key, ResourceNames] = {}
    for entry, kind in zip(where.entry[first].tolist(), where.kind[first].tolist(), strict=True):
        key = (accounts[kind], found.types[entry], found.ids[entry])
        before = told.get(key, ResourceNames())
        told[key] = ResourceNames(
            before.shown or found.names[entry], before.names | found.called[entry]
        )
    return told


def _rows(key: Key, told: ResourceNames, covered: ResourceNames) -> Iterable[_Row]:
    """Returns the rows of one resource.

    A resource with a blank id has none, because it cannot be looked up.
    """
    if not key[2].strip():
        return ()
    former = {name for name in told.names - covered.names if name.kind in covered.settled}
    names = (told.names | covered.names) - former | {Name(name.text, FORMER) for name in former}
    return ((name.text, name.kind, key) for name in names)


def _table(
    rows: list[_Row], place: tuple[str, str], owned: ResourceOwners, shown: Mapping[Key, str | None]
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
