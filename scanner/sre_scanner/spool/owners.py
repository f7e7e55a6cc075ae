"""Determines one owner per resource, used in all rows about it.

This happens once all findings and coverage of a region have been read, before their rows are
written. For a hundred thousand resources with a million findings it takes less than a second and at
most 70 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sre_findings.model.resources.owners import SILENT, Claim, Owners
from sre_scanner.spool.identities import Identities
from sre_scanner.spool.order import Ints, Sorted
from sre_scanner.spool.spool import Spool

Key = tuple[str, str, str]
"""A resource within a region: account, type, id."""


@dataclass(frozen=True, slots=True)
class ResourceOwners:
    """Owners of resources.

    ``every`` has all of them. ``owners`` is the column of those with findings, in the order of the
    parts; ``numbers`` are their numbers in Sorted.
    """

    every: Mapping[Key, str | None]
    numbers: Ints
    owners: pa.Array

    def of_rows(self, resource: Ints) -> pa.Array:
        """Returns the owners of rows of findings, by the numbers of their resources."""
        return self.owners.take(pa.array(np.searchsorted(self.numbers, resource)))


def owners_of(
    spool: Spool,
    rows: npt.NDArray[Any],
    found: Identities,
    where: Sorted,
    covered: Mapping[Key, Claim],
    owners: Owners,
) -> ResourceOwners:
    """Returns the owners of all resources in findings or coverage, as :class:`Owners` decides."""
    starts = np.flatnonzero(np.diff(where.resource, prepend=-1))
    claims = _claims(found, newest_entries(spool, rows, found, where, starts))
    accounts = [kind.account_id or "" for kind in spool.kinds.in_order()]
    named = zip(where.kind[starts].tolist(), where.entry[starts].tolist(), strict=True)
    keys = [(accounts[kind], found.types[entry], found.ids[entry]) for kind, entry in named]
    every = {
        key: owners.of(key[0], key[2], covered.get(key, SILENT), claim)
        for key, claim in zip(keys, claims, strict=True)
    }
    every |= {
        key: owners.of(key[0], key[2], claim) for key, claim in covered.items() if key not in every
    }
    column = pa.array([every[key] for key in keys], pa.string()).dictionary_encode()
    return ResourceOwners(every, where.resource[starts], column)


def _claims(found: Identities, entries: npt.NDArray[Any]) -> list[Claim]:
    return [
        Claim(found.tagged[entry], found.owners[entry], found.names[entry])
        for entry in entries.tolist()
    ]


def newest_entries(
    spool: Spool, rows: npt.NDArray[Any], found: Identities, where: Sorted, starts: Ints
) -> npt.NDArray[Any]:
    """Returns the entry that decides the owner of each resource.

    Applies :func:`sre_findings.model.resources.owners.newer` to whole columns.
    """
    if not len(starts):
        return np.empty(0, np.int64)
    many = np.diff(starts, append=len(where.resource))
    at = np.nan_to_num(
        spool.column(rows, "updated_at")[where.row],
        copy=False,
        nan=-np.inf,
        posinf=np.inf,
        neginf=-np.inf,
    )
    tagged = np.array(found.tagged, bool)[where.entry]
    left = tagged | ~np.repeat(np.logical_or.reduceat(tagged, starts), many)
    at[~left] = -np.inf
    left &= at == np.repeat(np.maximum.reduceat(at, starts), many)
    rank = np.where(left, found.claim[where.entry], len(found.claim))
    entries = np.empty(len(found.claim), np.int64)
    entries[found.claim] = np.arange(len(found.claim))  # any of several equal entries
    return entries[np.minimum.reduceat(rank, starts)]
