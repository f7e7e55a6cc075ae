"""Where a vulnerability or a package is: KEV first, and counts of all findings, not of those shown."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.support.sources import make_sources

from sre_findings.queries import ask
from sre_findings.questions.catalogue import Exposure
from sre_findings.sources.sources import Sources
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

ORDER = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
TEXTS = ("openssl", "sudo", "kernel", "log4shell", "CVE-2021-4034")


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = Path(nights.blobs.url.removeprefix("file://"))
    began = nights.commits()[-1].started_at
    return make_sources(
        nights, SqliteTable(folder / "table.db"), tmp_path_factory.mktemp("copies"), began
    )


@pytest.mark.parametrize("text", TEXTS)
def test_kev_findings_are_first_within_a_severity(sources: Sources, text: str) -> None:
    items = ask(Exposure(text, 0), sources).items
    keys = [(ORDER.index(one["severity"] or ""), not one["kev"]) for one in items]
    assert all(before <= after for before, after in pairwise(keys))
    assert items


def test_a_package_has_findings_in_kev_and_others(sources: Sources) -> None:
    assert {one["kev"] for one in ask(Exposure("sudo", 0), sources).items} == {True, False}


@pytest.mark.parametrize("reachable", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_counts_are_those_of_all_findings(sources: Sources, text: str, reachable: bool) -> None:
    whole = ask(Exposure(text, 0, reachable=reachable), sources)
    still_open = [one for one in whole.items if one["status"] != "SUPPRESSED"]
    places = {(one["account_id"], one["region"], one["resource_id"]) for one in still_open}
    assert whole.total == len(whole.items)
    assert whole.facts["open"] == len(still_open)
    assert whole.facts["suppressed"] == whole.total - len(still_open)
    assert whole.facts["resources"] == len(places)


@pytest.mark.parametrize("text", TEXTS)
def test_a_limited_list_is_the_start_of_the_whole(sources: Sources, text: str) -> None:
    whole, part = (ask(Exposure(text, count), sources) for count in (0, 2))
    assert list(part.items) == list(whole.items[:2])
    assert (part.total, part.facts, part.headline) == (whole.total, whole.facts, whole.headline)


def test_findings_left_out_are_counted(sources: Sources) -> None:
    every, some = (ask(Exposure("openssl", 0, reachable=one), sources) for one in (False, True))
    words = [one["reachability"] for one in every.items]
    assert 0 < some.total < every.total
    assert some.total == words.count("REACHABLE")
    unknown = every.total - words.count("REACHABLE") - words.count("NOT_REACHABLE")
    assert any(f"{unknown:,} finding" in note for note in some.notes)
