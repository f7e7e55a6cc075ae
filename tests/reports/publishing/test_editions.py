"""The reports of one pinned snapshot: their views, which later commits do not change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support.sources import folder_sources

from sre_findings.model.errors import UsageError
from sre_findings.sources.sources import Sources
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.publishing.editions import Editions, open_editions
from sre_reports.publishing.report_files import WHOLE, View


def sources_of(home: Path, copies: Path) -> Sources:
    return folder_sources(home, copies)


@pytest.fixture
def sources(two_snapshots: SnapshotWriter, tmp_path: Path) -> Sources:
    return sources_of(Path(two_snapshots.blobs.url.removeprefix("file://")), tmp_path)


def total(editions: Editions, view: View) -> int:
    return editions.material(view, 0).summary.rollup.counts.total


def test_the_date_of_a_report_is_that_of_its_snapshot_in_utc(sources: Sources) -> None:
    before, newest = sources.stores.snapshots.commits()
    assert open_editions(sources, None).day == newest.started_at.date().isoformat()
    assert open_editions(sources, before.snapshot_id).day == before.started_at.date().isoformat()
    assert open_editions(sources, before.snapshot_id).snapshot_id == before.snapshot_id


def test_views_are_all_resources_then_owners_then_accounts(
    sources: Sources,
) -> None:
    editions = open_editions(sources, None)
    views = editions.views()
    assert views[0] == WHOLE
    assert [one.kind for one in views[1:]] == sorted((one.kind for one in views[1:]), reverse=True)
    assert {"payments", "platform", "security"} <= {
        one.value for one in views if one.kind == "owner"
    }
    assert not {"", "*"} & {one.value for one in views[1:]}
    for view in views:
        editions.check(view)


def test_the_report_and_the_rows_of_a_view_have_the_same_findings(sources: Sources) -> None:
    editions = open_editions(sources, None)
    for view in (
        WHOLE,
        View("owner", "payments"),
        View("owner", "security"),
        View("account", "111122223333"),
    ):
        proof, batches = editions.rows(view)
        rows = [row for batch in batches for row in batch]
        assert len(rows) == total(editions, view)
        assert proof.snapshot_id == editions.snapshot_id
        column = {"owner": "owner", "account": "account_id"}.get(view.kind)
        assert not column or {row[column] for row in rows} <= {view.value}
    accounts = sum(total(editions, view) for view in editions.views() if view.kind == "account")
    assert accounts == total(editions, WHOLE)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (View("owner", "paymnets"), "there is no owner"),
        (View("owner", "*"), "is not an owner"),
        (View("owner", ""), "is not an owner"),
        (View("account", "*"), "is not an account"),
        (View("account", ""), "is not an account"),
        (View("account", "999900001111"), "is not in the snapshot"),
    ],
)
def test_views_of_unknown_owners_and_accounts_are_rejected(
    sources: Sources, view: View, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        open_editions(sources, None).check(view)


def test_a_snapshot_committed_meanwhile_changes_no_report(
    two_snapshots: SnapshotWriter, tmp_path: Path
) -> None:
    home = tmp_path / "store"
    shutil.copytree(two_snapshots.blobs.url.removeprefix("file://"), home)
    sources = sources_of(home, tmp_path / "copies")
    newest = max((home / "commits").iterdir())
    later = newest.read_bytes()
    newest.unlink()
    editions = open_editions(sources, None)
    first = editions.snapshot_id
    counted = total(editions, WHOLE)
    newest.write_bytes(later)
    assert sources.stores.snapshots.latest() != editions.found.commit
    assert editions.material(View("owner", "payments"), 0).proof.snapshot_id == first
    proof, batches = editions.rows(WHOLE)
    assert (proof.snapshot_id, sum(map(len, batches))) == (first, counted)


def test_without_a_snapshot_there_are_no_reports(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no snapshot yet"):
        open_editions(sources_of(tmp_path, tmp_path), None)
