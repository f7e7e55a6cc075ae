"""The table ``coverage``, from pages to a part."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from sre_findings.inspector.owner_tags import by_coverage
from sre_findings.inspector.resource_metadata import Described, covered_use, described
from sre_findings.inspector.unknown_fields import COVERAGE as COVERED
from sre_findings.inspector.unknown_fields import look_at, mark, odd_words
from sre_findings.inspector.wire.coverage import CoveragePage, WireCoverage
from sre_findings.model.coverage.counts import Silence
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.resources.names import Name, of_coverage, settled
from sre_findings.model.resources.owners import SILENT, Claim, Owners, newer
from sre_findings.model.timestamps import moment_of
from sre_findings.store.schema.tables import COVERAGE
from sre_scanner.spool.attributes import covered_group
from sre_scanner.spool.owners import Key


class ResourceNames(NamedTuple):
    """The names of a resource in coverage.

    They are the name to show, all names, and the kinds of names that are complete.
    """

    shown: str | None = None
    names: frozenset[Name] = frozenset()
    settled: frozenset[str] = frozenset()


@lru_cache(maxsize=1024)
def _looked_at(metadata: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Returns the metadata to store for a row, and the names of unknown content in it.

    The result is cached, because the rows of one resource follow each other and have the same
    metadata.
    """
    return look_at("coverage.resourceMetadata", metadata) if metadata else (metadata, ())


def _words(one: WireCoverage) -> Iterator[tuple[str, str | None]]:
    """Yields the enumerated values of a row.

    Empty values count as absent, and have been counted already.
    """
    told = {"resourceType": one.resourceType, "scanType": one.scanType, "scanMode": one.scanMode}
    status = {
        "scanStatus.statusCode": one.scanStatus.statusCode,
        "scanStatus.reason": one.scanStatus.reason,
    }
    return ((name, word or None) for name, word in (told | status).items())


class CoverageRows:
    """Collects pages, and returns them as one table sorted by resource.

    ``as_of`` is the start of the scan. ``silence`` is the evidence for the verdict on all
    resources.
    """

    def __init__(
        self,
        snapshot_id: str,
        region: str,
        owners: Owners,
        as_of: datetime,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._place, self._owners, self._now = (snapshot_id, region), owners, now or (lambda: as_of)
        self.silence = Silence(as_of)
        self._batches: list[pa.Table] = []
        self._numbers: dict[Key, int] = {}  # numbers of resources, in order of arrival
        self._claims: list[Claim] = []
        self.called: dict[Key, ResourceNames] = {}
        self._of_rows = array("i")
        self.accounts: set[str] = set()
        self.unknown: Counter[str] = Counter()

    @property
    def claims(self) -> dict[Key, Claim]:
        """The owner claim of the newest row of each resource."""
        return dict(zip(self._numbers, self._claims, strict=True))

    @property
    def types(self) -> set[str]:
        """The types of the resources."""
        return {kind for _, kind, _ in self._numbers}

    @property
    def resources(self) -> int:
        """The number of resources, each counted once whatever its number of scan types."""
        return len(self._numbers)

    def scanned(self) -> Callable[[Key], bool]:
        """Returns a function that returns whether Inspector scans a resource: any row is ACTIVE."""
        statuses = [status for batch in self._batches for status in batch["status"].to_pylist()]
        active = {
            number
            for number, status in zip(self._of_rows, statuses, strict=True)
            if status == "ACTIVE"
        }
        return lambda key: self._numbers.get(key) in active

    def add(self, page: CoveragePage) -> None:
        """Adds a page."""
        self.unknown.update(page.unknown)
        items = zip(page.coveredResources, page.extras, page.odd, strict=True)
        rows = [self._row(one, extra, odd) for one, extra, odd in items]
        if rows:
            self._batches.append(pa.Table.from_pylist(rows, COVERAGE))

    def table(self, owners: Mapping[Key, str | None]) -> pa.Table:
        """Returns all rows, sorted by resource and scan type, with the owners of the resources."""
        rows = pa.concat_tables(self._batches) if self._batches else COVERAGE.empty_table()
        column = pa.array([owners[key] for key in self._numbers], pa.string()).take(
            pa.array(self._of_rows, pa.int32())
        )
        rows = rows.set_column(COVERAGE.get_field_index("owner"), COVERAGE.field("owner"), column)
        return rows.sort_by(
            [("resource_id", "ascending"), ("account_id", "ascending"), ("scan_type", "ascending")]
        )

    def _row(self, one: WireCoverage, extra: bytes, odd: tuple[str, ...]) -> dict[str, Any]:
        metadata, strange = _looked_at(bytes(one.resourceMetadata))
        strange += odd_words(COVERED, _words(one))
        self.unknown.update(f"coverage.{name}" for name in strange)
        known = described(one.resourceId, bytes(one.resourceMetadata))
        key = (one.accountId, one.resourceType, one.resourceId)
        self._add_claim(key, by_coverage(self._owners, one, known))
        self._call(key, known)
        use = covered_use(known.kinds)
        last_scanned_at = moment_of(one.lastScannedAt)
        status, place = (
            one.scanStatus,
            (one.resourceId, one.resourceType, one.accountId, self._place[1]),
        )
        row = Coverage(
            *place, one.scanType, status.statusCode, status.reason, one.scanMode, last_scanned_at
        )
        self.silence.add(row, self._now())
        self.accounts.add(one.accountId)
        return {
            "snapshot_id": self._place[0],
            "resource_id": one.resourceId,
            "resource_type": one.resourceType,
            "account_id": one.accountId,
            "region": self._place[1],
            "scan_type": one.scanType,
            "status": one.scanStatus.statusCode,
            "reason": one.scanStatus.reason,
            "scan_mode": one.scanMode,
            "last_scanned_at": last_scanned_at,
            "name": known.name,
            "in_use_count": use.count,
            "last_in_use_at": use.last_at,
            "exposure_group": covered_group(one.resourceId, known.tags, known.kinds),
            "metadata": metadata.decode() or None,
            "extra": extra.decode() or None,
            "not_understood": mark((*odd, *strange)),
        }

    def _add_claim(self, key: Key, claim: Claim) -> None:
        """Keeps the newest claim for a resource, and the resource's number for the row."""
        number = self._numbers.setdefault(key, len(self._claims))
        if number == len(self._claims):
            self._claims.append(SILENT)
        self._claims[number] = newer(self._claims[number], claim)
        self._of_rows.append(number)

    def _call(self, key: Key, known: Described) -> None:
        """Adds the names in a row to those of its resource."""
        shown, names, full = self.called.get(key, ResourceNames())
        names |= of_coverage(key[2], known.tags, known.kinds)
        self.called[key] = ResourceNames(
            shown or known.name, names, full | settled(known.tags, known.kinds)
        )
