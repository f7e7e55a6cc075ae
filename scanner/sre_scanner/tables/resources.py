"""The table ``resources``: the counts of each resource, from the sorted rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sre_findings.model.findings.finding import is_open
from sre_findings.model.findings.severity import OTHER, rank
from sre_findings.model.resources.addresses import addresses_text
from sre_findings.model.resources.image_use import Use, newest
from sre_findings.store.schema.tables import COUNTS, RESOURCES
from sre_scanner.spool.identities import Identities
from sre_scanner.spool.order import Sorted
from sre_scanner.spool.owners import ResourceOwners
from sre_scanner.spool.spool import Spool

_SEVERITIES = OTHER + 1


def resources_table(
    spool: Spool, found: Identities, where: Sorted, place: tuple[str, str], owned: ResourceOwners
) -> pa.Table:
    """Returns one row per resource, in the order of the parts.

    ``place`` is the snapshot's id and the region.
    """
    starts = np.flatnonzero(np.diff(where.resource, prepend=-1))
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(where.resource)))
    kinds = where.kind
    every = _counts(spool, kinds, run, len(starts))
    first = where.position == 0
    shared = _counts(spool, kinds[first], run[first], len(starts))
    entries = where.entry[starts].tolist()
    accounts = [kind.account_id or "" for kind in spool.kinds.in_order()]
    traits = [found.traits[e] for e in entries]
    uses = _uses(found, where.entry, run, len(starts))
    columns = {
        "snapshot_id": [place[0]] * len(starts),
        "resource_id": [found.ids[e] for e in entries],
        "resource_type": [found.types[e] for e in entries],
        "account_id": [accounts[kind] for kind in kinds[starts].tolist()],
        "region": [place[1]] * len(starts),
        "name": [found.names[e] for e in entries],
        "owner": owned.owners.to_pylist(),
        "platform": [one.platform for one in traits],
        "image_id": [one.image_id for one in traits],
        "addresses": [addresses_text(one.addresses) for one in traits],
        "public": [one.public for one in traits],
        "exposure_group": [one.group for one in traits],
        "in_use_count": [one.count for one in uses],
        "last_in_use_at": [one.last_at for one in uses],
        **every,
        **{f"shared_{name}": counts for name, counts in shared.items()},
    }
    return pa.table({name: columns[name] for name in RESOURCES.names}, schema=RESOURCES)


def _uses(
    found: Identities, entry: npt.NDArray[Any], run: npt.NDArray[Any], runs: int
) -> list[Use]:
    """Returns the newest known use of each image.

    The findings of an image report it as of different times.
    """
    told = np.array([bool(one.use) for one in found.traits], bool)[entry]
    uses = [Use()] * runs
    for resource, number in sorted(set(zip(run[told].tolist(), entry[told].tolist(), strict=True))):
        uses[resource] = newest((uses[resource], found.traits[number].use))
    return uses


def _counts(
    spool: Spool, kinds: npt.NDArray[Any], run: npt.NDArray[Any], runs: int
) -> dict[str, npt.NDArray[np.int64]]:
    """Returns counts by resource.

    They are ACTIVE findings by severity, and suppressed, closed, fixable and exploitable findings.
    """
    known = spool.kinds.in_order()
    active = np.array([is_open(kind.status) for kind in known], bool)
    severity = np.array([rank(kind.severity) for kind in known], np.int64)
    lit = active[kinds]
    table = np.bincount(run[lit] * _SEVERITIES + severity[kinds][lit], minlength=runs * _SEVERITIES)
    counts = {name: table.reshape(runs, _SEVERITIES)[:, i] for i, name in enumerate(COUNTS)}
    flags = {
        "suppressed": [kind.status == "SUPPRESSED" for kind in known],
        "closed": [kind.status == "CLOSED" for kind in known],
        "fixable": [
            is_open(kind.status) and kind.fix_available in ("YES", "PARTIAL") for kind in known
        ],
        "exploitable": [is_open(kind.status) and kind.exploit_available == "YES" for kind in known],
    }
    chosen = {
        name: np.bincount(run[np.array(flag, bool)[kinds]], minlength=runs)
        for name, flag in flags.items()
    }
    return counts | chosen
