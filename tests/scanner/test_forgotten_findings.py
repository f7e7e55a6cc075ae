"""A finding that a listing forgets is found, or doubted: never missing in a complete snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from tests.support.clock import NOW
from tests.support.forgetful_inspector import REGION, ForgetfulInspector, arn_of, host_of
from tests.support.sources import make_sources

import sre_scanner.scan
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Vulnerabilities
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_scanner.shard import earlier_listings

DAY = timedelta(days=1)
COUNTS, BY_ARN = "ListFindingAggregations", "by_arn"


class Store:
    """A store in a folder, for scans of a stand-in for Inspector."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshots = SnapshotWriter(FolderBlobs(folder / "store"))
        self.table = SqliteTable(folder / "store" / "table.db")

    def scan(self, inspector: ForgetfulInspector, **request: Any) -> Commit:
        wanted = Request(**{"regions": (REGION,), "rate": 1e9, "deadline": 0.0} | request)
        with mock.patch.object(sre_scanner.scan, "connect", inspector.connect):
            return scan(wanted, self.snapshots, self.table, now=inspector.now)

    def facts(self, commit: Commit) -> Any:
        return self.snapshots.manifest(commit).shards[0]

    def warnings(self, commit: Commit) -> Sequence[str]:
        return self.snapshots.manifest(commit).certificate.warnings

    def arns(self, commit: Commit) -> set[str]:
        import pyarrow.parquet as pq

        parts = [part for part in self.facts(commit).parts if part.key.startswith("findings/")]
        paths = [self.snapshots.part(commit, part, self.folder) for part in parts]
        return {arn for path in paths for arn in pq.read_table(path)["finding_arn"].to_pylist()}

    def verdict(self, commit: Commit, host: str) -> str:
        sources = make_sources(self.snapshots, self.table, self.folder, commit.ended_at)
        return str(ask(Vulnerabilities(host), sources).verdict.verdict)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def first(count: int = 9, **changes: Any) -> ForgetfulInspector:
    severities = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
    return ForgetfulInspector(NOW, {n: severities[n % 4] for n in range(count)}, **changes)


def test_a_forgotten_finding_of_the_previous_snapshot_is_requested_by_arn(store: Store) -> None:
    before = first()
    store.scan(before)
    again = before.next_scan(NOW + DAY, forgets={4})
    commit = store.scan(again)
    assert (commit.state, store.arns(commit)) == ("complete", {arn_of(n) for n in range(9)})
    recheck = store.facts(commit).recheck
    assert (recheck.absent, recheck.unasked, recheck.listing.items) == (1, 0, 1)
    assert store.warnings(commit) == (
        f"{REGION}: the listing lacked 1 active finding, requested by ARN",
    )
    assert store.verdict(commit, host_of(4)) == "vulnerable"


@pytest.mark.parametrize("why", ["closed", "gone", "terminated", "stopped"])
def test_a_finding_that_ended_is_not_missing(store: Store, why: str) -> None:
    before = first()
    store.scan(before)
    after = before.next_scan(NOW + DAY)
    if why == "closed":
        after.clock -= DAY / 2
        after.alter(4, status="CLOSED")
        after.clock += DAY / 2
    elif why == "stopped":
        del after.findings[arn_of(4)]
        after.unscanned.add(host_of(4))
    else:
        for number in (3, 4, 5) if why == "terminated" else (4,):
            del after.findings[arn_of(number)]
    commit = store.scan(after)
    asked = [one for one in after.asked if "findingArn" in one.get("filterCriteria", {})]
    assert (commit.state, len(asked)) == ("complete", 1 if why == "gone" else 0)
    assert arn_of(4) not in store.arns(commit)


@pytest.mark.parametrize("denied", [set(), {COUNTS}])
def test_without_an_answer_about_a_missing_finding_the_region_is_in_doubt(
    store: Store, denied: set[str]
) -> None:
    before = first()
    store.scan(before)
    again = before.next_scan(NOW + DAY, forgets={4}, denied={BY_ARN, *denied})
    again.changes[1] = [lambda one: one.alter(0)]  # the drift used to excuse finding 4
    commit = store.scan(again)
    assert commit.state == "partial"
    assert "absent_unchecked" in {one.kind for one in commit.causes}
    assert {gap[4] for gap in commit.gaps} == {"incomplete"}
    assert store.verdict(commit, host_of(4)) != "clean"


@pytest.mark.parametrize(("denied", "state"), [(set(), "complete"), ({COUNTS}, "partial")])
def test_too_many_missing_findings_are_a_doubt_unless_the_counts_agree(
    store: Store, monkeypatch: pytest.MonkeyPatch, denied: set[str], state: str
) -> None:
    monkeypatch.setattr(earlier_listings, "MOST_ASKED", 2)
    before = first()
    store.scan(before)
    after = before.next_scan(NOW + DAY, denied=denied)
    for number in (0, 3, 6):  # gone without CLOSED; their hosts are still scanned
        del after.findings[arn_of(number)]
    commit = store.scan(after)
    assert (commit.state, store.facts(commit).recheck.unasked) == (state, 1)


def test_a_listing_in_doubt_is_not_what_the_next_one_is_compared_with(store: Store) -> None:
    before = first()
    store.scan(before)
    doubtful = before.next_scan(NOW + DAY, forgets={4}, denied={BY_ARN})
    assert store.scan(doubtful).state == "partial"
    commit = store.scan(before.next_scan(NOW + 2 * DAY, forgets={4}, denied={COUNTS}))
    assert (commit.state, arn_of(4) in store.arns(commit)) == ("complete", True)


def test_without_counts_the_certificate_names_what_it_was_compared_with(store: Store) -> None:
    before = first(denied={COUNTS})
    commit = store.scan(before)
    assert (commit.state, commit.claim) == ("complete", "for all visible accounts, not reconciled")
    assert any("nor with an earlier snapshot" in one for one in store.warnings(commit))
    later = store.scan(before.next_scan(NOW + DAY, denied={COUNTS}))
    assert (later.state, later.claim) == ("complete", "for all visible accounts")
    only = f"only with the findings of {commit.snapshot_id}"
    assert any(only in one for one in store.warnings(later))
