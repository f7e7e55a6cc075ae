"""Stores of older versions: every query works, and missing data are unknown, not empty.

Each folder beside this file is a store as its version wrote it (make_store.py). All have the same
fleet.
"""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.sources import folder_sources

from sre_cli.main import main
from sre_findings.engine.duckdb import DuckDB
from sre_findings.model.answers.verdict import INCOMPLETE, UNKNOWN
from sre_findings.queries import ask
from sre_findings.queries.export import rows
from sre_findings.questions.catalogue import (
    CoverageGaps,
    ExportFilters,
    FindingList,
    Priorities,
    Summary,
    Vulnerabilities,
)
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.integrity import verify
from sre_findings.store.snapshots.keys import BY_SNAPSHOT, BY_TABLE, parse
from sre_findings.store.snapshots.layout_migration import convert, old_commits, tidy
from sre_findings.store.snapshots.pruning import GRACE
from sre_findings.store.snapshots.reader import SCHEMA
from sre_findings.store.snapshots.reconciliation import unbalanced
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_simulator.inspector.server import Simulator

HERE = Path(__file__).parent
VERSIONS = sorted(int(path.name.removeprefix("schema-")) for path in HERE.glob("schema-*"))
_CONFORMANCE = HERE.parent / "findings" / "engine" / "test_conformance.py"
PARAMETERS: dict[str, list[dict[str, Any]]] = runpy.run_path(str(_CONFORMANCE))["PARAMETERS"]
MAKER = SimpleNamespace(**runpy.run_path(str(HERE / "make_store.py")))
NOW = MAKER.NEWEST + timedelta(hours=2)

# not recorded by version 1, or different since packages have reachability
CHANGED = {
    "claimed_findings",
    "exposure",
    "exposure_total",
    "findings",
    "findings_details",
    "findings_packages",
    "findings_reachability",
    "fix_effects",
    "fix_findings",
    "fix_packages",
    "list_findings",
    "similar_names",
    "new_risks",
    "open_findings",
    "report_findings",
    "priorities",
    "resource_findings",
    "resource_reachability",
    "resource_total",
    "resource_use",
    "resources_by_name",
    "fix_images",
    "full_findings",
    "findings_total",
}

OpenStore = Callable[[int], Sources]


@pytest.fixture
def open_store(tmp_path: Path) -> OpenStore:
    """``open_store(1)``: a copy of version 1's store, at the time of its newest snapshot."""

    def copy(version: int) -> Sources:
        folder = tmp_path / f"schema-{version}"
        shutil.copytree(HERE / folder.name, folder)
        return folder_sources(folder, tmp_path / "copies", NOW)

    return copy


def engine_of(sources: Sources) -> DuckDB:
    return DuckDB(
        sources.stores.snapshots, sources.stores.snapshots.commits(), Copies(sources.stores.copies)
    )


def everything(sources: Sources) -> dict[str, list[list[dict[str, Any]]]]:
    """The rows of every query of the catalog."""
    engine = engine_of(sources)
    return {
        query: [engine.rows(query, **one) for one in cases] for query, cases in PARAMETERS.items()
    }


def layout(version: int) -> int:
    """The layout of the version's store."""
    return BY_SNAPSHOT if version < 3 else BY_TABLE


def test_every_version_has_a_store_and_the_newest_is_current() -> None:
    assert [*range(1, SCHEMA + 1)] == VERSIONS, (
        "run tests/upgrades/make_store.py before the tables change"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_store_is_intact_and_its_commits_name_the_version(
    open_store: OpenStore, version: int
) -> None:
    snapshots = open_store(version).stores.snapshots
    assert {(one.schema, one.layout) for one in snapshots.commits()} == {(version, layout(version))}
    for commit in snapshots.commits():
        assert [why for _, why in verify(snapshots, commit) if why] == []


def test_every_query_gives_the_same_answer_over_every_version(
    open_store: OpenStore,
) -> None:
    found = {version: everything(open_store(version)) for version in VERSIONS}
    newest = found[max(VERSIONS)]
    for version in VERSIONS:
        different = {query for query in PARAMETERS if found[version][query] != newest[query]}
        assert different <= (CHANGED if version == 1 else set()), version
        assert all(
            any(found[version][query])
            for query in ("findings", "priorities", "changes", "rollups", "similar_names")
        )


def writer_of(sources: Sources) -> SnapshotWriter:
    """A writer for the folder that the sources read."""
    return SnapshotWriter(
        FolderBlobs(Path(sources.stores.snapshots.blobs.url.removeprefix("file://")))
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_converted_store_gives_the_same_rows(open_store: OpenStore, version: int) -> None:
    sources = open_store(version)
    before = everything(sources)
    writer = writer_of(sources)
    for commit in old_commits(writer):
        convert(writer, commit, NOW)
    old = 2 if layout(version) == BY_SNAPSHOT else 0
    assert len([*tidy(writer, NOW + GRACE)]) == old
    assert {
        key.layout for name in sources.stores.snapshots.blobs.keys("") if (key := parse(name))
    } == {BY_TABLE}
    assert everything(sources) == before


def test_reachability_that_was_not_recorded_is_unknown(
    open_store: OpenStore,
) -> None:
    old, new = open_store(1), open_store(2)
    told = (
        "whether findings are reachable, which the version that made this snapshot did not record"
    )
    for question in (FindingList(reachable=True), Priorities(reachable=True)):
        answer = ask(question, old)
        assert (answer.total, answer.known, answer.proof.unread, answer.proof.sure) == (
            0,
            False,
            (told,),
            False,
        )
        answer = ask(question, new)
        assert (answer.total > 0, answer.known, answer.proof.unread) == (True, True, ())
    assert rows(ExportFilters(reachable=True), old)[0].unread == (told,)
    one = ask(Vulnerabilities("i-ed9f960284e86454d", reachable=True), old)
    assert (one.total_findings, one.proof.unread, one.proof.sure) == (0, (told,), False)
    assert ask(Vulnerabilities("i-ed9f960284e86454d"), old).proof.sure


def test_a_name_that_was_not_recorded_is_unknown_not_missing(
    open_store: OpenStore,
) -> None:
    old, new = open_store(1), open_store(2)
    names = engine_of(new).connect(["names"])
    digest, image = names.execute(
        "select name, resource_id from names where kind = 'digest' order by all"
    ).fetchone()
    known = ask(Vulnerabilities(digest), new)
    assert known.verdict.verdict != UNKNOWN
    answer = ask(Vulnerabilities(digest), old)
    assert (answer.verdict.verdict, answer.verdict.reason) == (UNKNOWN, INCOMPLETE)
    assert answer.verdict.explanation.endswith("no tags, digests or addresses; ask by the id")
    by_id = ask(Vulnerabilities(image), old)
    assert (by_id.verdict, by_id.rollup) == (known.verdict, known.rollup)
    assert by_id.use is None or not by_id.use


def test_the_overall_verdict_and_coverage_match_the_newest_version(
    open_store: OpenStore,
) -> None:
    answers = [
        [ask(Summary(by="owner"), one).to_json(), ask(CoverageGaps(), one).to_json()]
        for one in map(open_store, VERSIONS)
    ]
    for summary, gaps in answers:  # version 3 words the claim differently
        assert summary["certificate"].pop("claim")
        assert gaps["certificate"].pop("claim")
    assert answers == [answers[-1]] * len(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_scan_continues_an_older_versions_history(
    open_store: OpenStore, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, fleet = open_store(version), MAKER.small_fleet()
    with Simulator(fleet) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        simulator.clock = NOW
        request = Request(regions=fleet.regions, required=fleet.regions, rate=5000.0)
        writer = writer_of(sources)
        commit = scan(request, writer, sources.stores.table, now=lambda: NOW)
    assert (commit.sequence, commit.schema, commit.layout) == (3, SCHEMA, BY_TABLE)
    assert [*unbalanced(sources.stores.snapshots, commit)] == []
    events = DuckDB(sources.stores.snapshots, [commit], Copies(sources.stores.copies)).rows(
        "digest_event_counts"
    )
    assert (
        sum(int(row["events"]) for row in events if row["kind"] in ("opened", "resolved")) < 10
    ), "not a night of onboarding"
    trend = engine_of(sources).rows("changes_counts", **PARAMETERS["changes_counts"][0])
    assert trend, "the events of both versions are read together"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_list_of_snapshots_shows_only_recorded_numbers(
    open_store: OpenStore,
    version: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path(open_store(version).stores.snapshots.blobs.url.removeprefix("file://"))
    monkeypatch.setenv("SRE_STORE", str(folder))
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit) as ended:
        main(["snapshots", "list"])
    assert ended.value.code == 0
    line = next(
        one for one in capsys.readouterr().out.splitlines() if one.startswith("20261123T010000Z")
    )
    assert line.split("complete")[1].split()[:2] == ["144", "–" if version == 1 else "5"]


def test_the_command_previews_converts_and_can_be_repeated(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = open_store(2)
    monkeypatch.setenv("SRE_STORE", sources.stores.snapshots.blobs.url)

    def run(*arguments: str) -> tuple[int | str | None, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["snapshots", "convert", *arguments])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    ids = [one.snapshot_id for one in sources.stores.snapshots.commits()]
    assert run() == (
        0,
        "".join(f"{one}: would be converted\n" for one in ids),
        "2 snapshots would be converted; use --yes to do it.\n",
    )
    assert {one.layout for one in sources.stores.snapshots.commits()} == {BY_SNAPSHOT}
    code, out, err = run("--yes")
    assert (code, [line.split(":")[0] for line in out.splitlines()]) == (0, ids)
    assert (
        err
        == "2 snapshots converted; removed the old files of 0.\nThe old files of 2 are kept for a"
        " day; then run it again.\n"
    )
    assert {one.layout for one in sources.stores.snapshots.commits()} == {BY_TABLE}
    assert run()[1] == "".join(
        f"{one}: converted; its old files would be removed a day after that\n" for one in ids
    )
    assert run("--yes")[2].startswith("0 snapshots converted; removed the old files of 0.")
    (manifest,) = [
        json.loads(sources.stores.snapshots.blobs.read(f"snapshots/{ids[0]}/manifest.json"))
    ]
    assert manifest["snapshot_id"] == ids[0]
