"""The parts of one shard: findings sorted by resource, and the tables derived from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sre_findings.model.resources.owners import Claim, Owners
from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_facts import Part
from sre_findings.store.schema.tables import (
    CLOSED,
    COVERAGE,
    DETAILS,
    FINDINGS,
    NAMES,
    PACKAGES,
    RESOURCES,
)
from sre_scanner.shard.context import ScanContext
from sre_scanner.spool.identities import Identities, identify
from sre_scanner.spool.order import Sorted, put_in_order
from sre_scanner.spool.owners import Key, ResourceOwners, owners_of
from sre_scanner.spool.spool import Spool
from sre_scanner.tables.coverage import CoverageRows
from sre_scanner.tables.details import Dimensions
from sre_scanner.tables.findings import Columns
from sre_scanner.tables.names import names_tables
from sre_scanner.tables.parts import writing
from sre_scanner.tables.resources import resources_table

ROW_GROUP = 32_768
PART_GROUPS = 32  # at most a million rows per part


class SortedFindings(NamedTuple):
    """The findings of a spool in the order of their parts, with the resources in them."""

    spool: Spool
    rows: npt.NDArray[Any]
    found: Identities
    where: Sorted

    def owned(self, claims: Mapping[Key, Claim], owners: Owners) -> ResourceOwners:
        """Returns the owners of all resources. ``claims`` are those of coverage."""
        return owners_of(*self, claims, owners)

    def columns(self, shared: Dimensions, place: tuple[str, str], owned: ResourceOwners) -> Columns:
        """Returns the rows as columns. ``place`` is the snapshot's id and the region."""
        return Columns(self.spool, self.rows, self.found, shared, place, owned)


def sort_findings(spool: Spool, owners: Owners) -> SortedFindings:
    """Reads the identities of all resources in the spool, and sorts its rows by them."""
    rows = spool.rows()
    found = identify(spool.texts["resources"], owners)
    return SortedFindings(spool, rows, found, put_in_order(spool, rows, found))


class ShardParts:
    """Writes the parts of one shard.

    ``unlisted`` is the number of resources with findings that coverage does not list.
    """

    def __init__(self, context: ScanContext, shard: Shard) -> None:
        self._context, self._shard = context, shard
        self._place = (context.plan.snapshot_id, shard.region)
        self.unlisted = 0

    def of_findings(self, findings: SortedFindings, coverage: CoverageRows) -> tuple[Part, ...]:
        """Writes findings and coverage with their owners, and the tables derived from them."""
        spool, _, found, where = findings
        shared = Dimensions(spool)
        owned = findings.owned(coverage.claims, self._context.owners)
        self.unlisted = len(owned.every) - coverage.resources
        columns = findings.columns(shared, self._place, owned)
        resources = resources_table(spool, found, where, self._place, owned)
        names = names_tables(spool, found, where, self._place, owned, coverage.called)
        return (
            self._part("coverage", COVERAGE, [coverage.table(owned.every)]),
            self._part("names", NAMES, names),
            self._part("details", DETAILS, _released(shared.details_tables(*self._place), spool)),
            self._part(
                "packages", PACKAGES, _released(shared.packages_tables(*self._place), spool)
            ),
            *self._findings(findings, columns),
            self._part("resources", RESOURCES, [resources]),
        )

    def of_closed(self, spool: Spool) -> tuple[Part, ...]:
        """Writes recently closed findings, as evidence of why findings are gone.

        Returns no part if there are none.
        """
        closed = sort_findings(spool, self._context.owners)
        if not len(closed.rows):
            return ()
        owned = closed.owned({}, self._context.owners)
        columns = closed.columns(Dimensions(spool), self._place, owned)
        tables = (
            columns.table(closed.where, *group).select(CLOSED.names)
            for group in row_groups(closed.where.resource)
        )
        return (self._part("closed", CLOSED, tables),)

    def _findings(self, findings: SortedFindings, columns: Columns) -> Iterator[Part]:
        spool, where = findings.spool, findings.where
        cuts = row_groups(where.resource) or [(0, 0)]  # a part without rows still has the columns
        for number, start in enumerate(range(0, len(cuts), PART_GROUPS)):
            tables = (columns.table(where, *cut) for cut in cuts[start : start + PART_GROUPS])
            yield self._part("findings", FINDINGS, _released(tables, spool), f"-{number:05d}")

    def _part(
        self, folder: str, schema: pa.Schema, tables: Iterable[pa.Table], number: str = ""
    ) -> Part:
        key = f"{folder}/part-{self._shard.name}{number}.parquet"
        blobs, snapshot_id = self._context.snapshots.blobs, self._context.plan.snapshot_id
        with writing(blobs, snapshot_id, key, schema) as writer:
            for table in self._context.checked(tables):
                writer.write(table)
        return writer.part


def _released(tables: Iterable[pa.Table], spool: Spool) -> Iterator[pa.Table]:
    """Yields the tables.

    The memory used for one is released before the next, so that only one row group of a million
    findings is in memory.
    """
    for table in tables:
        spool.release()
        pa.default_memory_pool().release_unused()
        yield table


def row_groups(resource: npt.NDArray[np.int64], size: int = ROW_GROUP) -> list[tuple[int, int]]:
    """Returns ranges of at most ``size`` rows that end between two resources.

    A range ends within a resource if it would otherwise be less than half full.
    """
    ends = np.append(np.flatnonzero(np.diff(resource)) + 1, len(resource))
    cuts, start = [], 0
    while start < len(resource):
        limit = start + size
        inside = (
            int(ends[np.searchsorted(ends, limit, side="right") - 1]) if ends[0] <= limit else 0
        )
        stop = min(inside if inside >= start + size // 2 else limit, len(resource))
        cuts.append((start, stop))
        start = stop
    return cuts
