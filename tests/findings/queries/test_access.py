"""A client with limited access gets the answers of a store without any other data.

Each query runs on the whole store with an access scope, and on a store that has only the allowed
rows. The test builds the second store table by table, without the engines' SQL.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.sources import make_sources, with_table

from sre_findings.engine.duckdb import DuckDB
from sre_findings.engine.tables import TABLES
from sre_findings.model.access import ALL, EVERYTHING, NOTHING, Access
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.errors import AccessDenied, SreError
from sre_findings.model.findings.suppression import Patterns, Reach, Suppression, Suppressions
from sre_findings.model.snapshots.certificate import Certificate
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.shard_facts import Part
from sre_findings.model.snapshots.states import COMPLETE, PARTIAL, Cell
from sre_findings.nightly.report import gather
from sre_findings.queries import QUERIES, ask
from sre_findings.queries.export import rows as rows_of
from sre_findings.queries.export_file import fetched
from sre_findings.queries.snapshots import near, owners
from sre_findings.queries.user_sql import Sql, sql
from sre_findings.questions.catalogue import (
    CACHED,
    KINDS_OF_CHANGE,
    Changes,
    CoverageGaps,
    DueDates,
    ExportFile,
    ExportFilters,
    ExportPage,
    Exposure,
    Filters,
    FindingList,
    FixEffects,
    Fixes,
    ImageFixes,
    OneFinding,
    Operations,
    Priorities,
    ResourceDifferences,
    SimilarNames,
    Sla,
    SnapshotList,
    Summary,
    SuppressionList,
    SurvivalCurves,
    TimeToFix,
    Trend,
    Vulnerabilities,
    VulnerabilityDetails,
    VulnerabilityLife,
)
from sre_findings.sources.download_links import DownloadLink, DownloadRequest
from sre_findings.sources.rollup_access import NOT_IN_TABLE
from sre_findings.sources.sources import Sources
from sre_findings.store.access_views import CLAIM
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.keys import part_key
from sre_findings.store.snapshots.reader import Commit, Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.commit import roll_up
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE

ACCOUNTS = ("111122223333", "123456789012", "444455556666", "777788889999")
OWNERS = ("payments", "platform", "search", "data", "security")
NAMES = {account: f"name of {account}" for account in ACCOUNTS}
GAPS = {
    Cell("444455556666", "us-east-1", "AWS_EC2_INSTANCE", "PACKAGE"): "denied",
    Cell("777788889999", "eu-west-1", "AWS_LAMBDA_FUNCTION", "CODE"): "disabled",
}


def some(names: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    """All values, some of them, or one that does not exist."""
    return st.one_of(
        st.just(frozenset({ALL})),
        st.frozensets(st.sampled_from([*names, "000000000000"]), max_size=3),
    )


ACCESSES = st.builds(Access, some(ACCOUNTS), some(OWNERS)).filter(
    lambda access: access != EVERYTHING
)


class Stores:
    """The whole store, and for each access scope a store with only its rows."""

    def __init__(self, nights: SnapshotWriter, place: Path) -> None:
        self._nights, self._place = nights, place
        self._made: dict[Access, Sources] = {}

    def of(self, access: Access) -> Sources:
        """The store with the rows of an access scope, with full access."""
        if access not in self._made:
            root = self._place / f"store-{len(self._made)}"
            snapshots, table = SnapshotWriter(FolderBlobs(root)), SqliteTable(root / "table.db")
            for commit in self._nights.commits():
                _copy(self._nights, commit, snapshots, access)
            roll_up(snapshots, table)
            now = snapshots.commits()[-1].ended_at
            self._made[access] = make_sources(snapshots, table, self._place / "copies", now)
        return self._made[access]


def _copy(source: SnapshotWriter, commit: Commit, target: SnapshotWriter, access: Access) -> None:
    """A copy of the snapshot with the rows and facts that an access scope allows."""
    manifest = source.manifest(commit)
    parts = [
        (part, pq.read_table(io.BytesIO(source.blobs.read(part_key(commit.snapshot_id, part.key)))))
        for part in manifest.parts
    ]
    kept = _allowed({part.key: table for part, table in parts}, access)
    new = {key: _write(target, commit.snapshot_id, key, table) for key, table in kept.items()}
    shards = tuple(
        replace(shard, parts=tuple(new[part.key] for part in shard.parts))
        for shard in manifest.shards
    )
    history = tuple(new[part.key] for part in manifest.history)
    names = {account: name for account, name in NAMES.items() if access.allows_account(account)}
    plan = replace(manifest.plan, account_names=names)
    certificate = _certificate(manifest.certificate, access, kept, commit.started_at)
    target.commit(Manifest(plan, shards, certificate, history), commit.ended_at)


def _write(target: SnapshotWriter, snapshot_id: str, key: str, table: pa.Table) -> Part:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    with target.blobs.write(part_key(snapshot_id, key)) as file:
        file.write(buffer.getvalue())
    return Part(
        key, len(table), len(buffer.getvalue()), hashlib.sha256(buffer.getvalue()).hexdigest()
    )


def _certificate(
    whole: Certificate, access: Access, kept: dict[str, pa.Table], as_of: datetime
) -> Certificate:
    """The certificate for the allowed part.

    All scans of this fleet are recent, so nothing is doubtful, and everything covered is proven.
    """
    gaps = {cell: state for cell, state in GAPS.items() if access.allows_account(cell.account_id)}
    rows = [
        row
        for key, table in kept.items()
        if key.startswith("coverage/")
        for row in table.to_pylist()
    ]
    covered = {(row["account_id"], row["region"], row["resource_id"]) for row in rows}
    uncovered = {
        (row["account_id"], row["region"], row["resource_id"])
        for row in rows
        if row["status"] != "ACTIVE"
    }
    reasons = tuple(
        Reason(
            "switched_off",
            f"Inspector is {state} in account {cell.account_id}",
            cell.region,
            cell.account_id,
        )
        for cell, state in gaps.items()
    )
    return Certificate(
        state=PARTIAL if gaps else COMPLETE,
        claim=whole.claim if access == EVERYTHING else CLAIM,
        causes=reasons,
        warnings=(),
        cells={
            cell: state
            for cell, state in whole.cells.items()
            if access.allows_account(cell.account_id)
        }
        | gaps,
        totals={
            **whole.totals,
            "uncovered": len(uncovered),
            "doubtful": 0,
            "proven": len(covered - uncovered),
        },
        unknown={},
    )


def _allowed(tables: dict[str, pa.Table], access: Access) -> dict[str, pa.Table]:
    """The rows of each part that an access scope allows."""
    owned = {
        key: table.filter(_mask(table, access))
        for key, table in tables.items()
        if key.split("/")[0] in OWNED
    }
    findings = [table for key, table in owned.items() if key.startswith("findings/")]
    named = {
        "packages": _values(findings, "region", "packages_id"),
        "details": _values(findings, "region", "details_id"),
        "vulnerabilities": _values(findings, "vulnerability_id"),
    }
    keys = {
        "packages": ("region", "packages_id"),
        "details": ("region", "details_id"),
        "vulnerabilities": ("vulnerability_id",),
    }
    kept = dict(owned)
    for key in tables.keys() - owned.keys():
        table, kind = tables[key], key.split("/")[0]
        if kind in named:
            rows = zip(*(table[name].to_pylist() for name in keys[kind]), strict=True)
            table = table.filter(pa.array([row in named[kind] for row in rows], pa.bool_()))
        elif kind == "cells":
            ours = [
                account == "*" or access.allows_account(account)
                for account in table["account_id"].to_pylist()
            ]
            table = table.filter(pa.array([one and access != NOTHING for one in ours], pa.bool_()))
        elif kind == "closed":
            known = [
                one
                for name, one in owned.items()
                if name.split("/")[0] in ("resources", "coverage")
            ]
            places = _values(known, *PLACE)
            rows = zip(*(table[name].to_pylist() for name in PLACE), strict=True)
            keep = [
                access.allows_account(row[0]) if access.all_owners else row in places
                for row in rows
            ]
            table = table.filter(pa.array(keep, pa.bool_()))
        kept[key] = table
    return kept


PLACE = ("account_id", "region", "resource_type", "resource_id")


OWNED = ("findings", "coverage", "resources", "names", "ages", "states", "events")


def _mask(table: pa.Table, access: Access) -> Any:
    pairs = zip(table["account_id"].to_pylist(), table["owner"].to_pylist(), strict=True)
    return pa.array(
        [
            (ALL in access.accounts or account in access.accounts)
            and (ALL in access.owners or owner in access.owners)
            for account, owner in pairs
        ],
        pa.bool_(),
    )


def _values(tables: list[pa.Table], *names: str) -> set[tuple[Any, ...]]:
    return {
        row
        for table in tables
        for row in zip(*(table[name].to_pylist() for name in names), strict=True)
    }


@pytest.fixture(scope="module")
def stores(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    return Stores(nights, tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def texts(stores: Stores) -> list[str]:
    """Texts that name a resource of each account and owner, by id or name, and unknown ones."""
    rows = stores.of(EVERYTHING)
    found: dict[tuple[str, str | None], str] = {}
    newest = rows.stores.snapshots.commits()[-1:]
    for row in rows.open(newest).rows("coverage_of_owners", owners=None, disabled=None):
        found.setdefault(
            (row["account_id"], row["reason"]),
            row["name"] if len(found) % 2 and row["name"] else row["resource_id"],
        )
    return [
        *found.values(),
        BUSY_INSTANCE,
        CLEAN_INSTANCE,
        "prod-wbe-3",
        "i-00000000000000000",
        "nothing like it",
    ]


def cached(text: str, **more: Any) -> Callable[[Sources], Any]:
    return lambda sources: ask(Vulnerabilities(text, source=CACHED, **more), sources)


def door(name: str, question: Any) -> Callable[[Sources], Any]:
    return lambda sources: ask(question, sources)


def summed(question: Summary) -> Callable[[Sources], Any]:
    return lambda sources: ask(question, sources)


def exported(**filters: Any) -> Callable[[Sources], Any]:
    def export(sources: Sources) -> Any:
        proof, batches = rows_of(ExportFilters(**filters), sources)
        return proof, [row for batch in batches for row in batch]

    return export


def handed(**filters: Any) -> Callable[[Sources], Any]:
    """A query for a file: its answer, and the content of the file."""

    def fetch(sources: Sources) -> Any:
        kept: list[DownloadRequest] = []

        def keep(handout: DownloadRequest) -> DownloadLink:
            kept.append(handout)
            return DownloadLink("a reference", handout.asked_at, "/a/path", None)

        promise = ask(
            ExportFile(ExportFilters(**filters), "csv"), replace(sources, issue_link=keep)
        )
        proof, batches = fetched(kept[0], sources)
        return promise.to_json(), proof, [row for batch in batches for row in batch]

    return fetch


def single(text: str, vulnerability: str) -> Callable[[Sources], Any]:
    return door("finding", OneFinding(resource=text, vulnerability_id=vulnerability))


def page(*without: str, rows: int = 2000, **view: str) -> Callable[[Sources], Any]:
    """A query for all fields of a report's data, with its findings read."""

    def tell(sources: Sources) -> dict[str, Any]:
        night = gather(sources, None, rows, **view)
        told = {
            one.name: getattr(night, one.name) for one in fields(night) if one.name not in without
        }
        return told | {"findings": list(night.findings)}

    return tell


NARROW = Filters(
    owners=("payments",), accounts=("111122223333", "777788889999"), regions=("eu-west-1",)
)
QUESTIONS: dict[str, Callable[[Sources], Any]] = {
    **{
        f"summary by {by}": summed(Summary(by))
        for by in (
            None,
            "account",
            "region",
            "owner",
            "type",
            "resource",
            "package",
            "vulnerability",
        )
    },
    **{
        f"summary of {owner}": summed(Summary("account", owners=(owner,)))
        for owner in (*OWNERS, "000000000000")
    },
    "summary, before": lambda sources: ask(
        Summary("type", as_of=sources.stores.snapshots.commits()[0].snapshot_id), sources
    ),
    "summary, first": lambda sources: ask(Summary("resource", count=1), sources),
    "coverage": lambda sources: ask(CoverageGaps(), sources),
    "coverage of data": lambda sources: ask(CoverageGaps(owners=("data",)), sources),
    "report": page("trend", "evidence"),
    "export": exported(statuses=()),
    "export of some": exported(
        severities=("CRITICAL", "HIGH"), accounts=("111122223333", "444455556666")
    ),
    "export of one": exported(text=BUSY_INSTANCE),
    "export of none": exported(text="i-00000000000000000"),
    "changes": door("changes", Changes(count=0)),
    "changes of some": door("changes", Changes(kinds=KINDS_OF_CHANGE[:2], filters=NARROW)),
    **{f"sla by {by}": door("sla", Sla(by)) for by in ("owner", "account", "region", "type")},
    "due dates": door("due-dates", DueDates("account")),
    "survival": door("survival", SurvivalCurves("owner")),
    "sla of search": door("sla", Sla("type", ("search",))),
    **{
        f"time to fix by {by}": door("time-to-fix", TimeToFix(by))
        for by in ("severity", "owner", "account")
    },
    "priorities": door("priorities", Priorities(count=0)),
    "priorities of some": door(
        "priorities",
        Priorities(filters=Filters(accounts=("123456789012",)), types=("AWS_EC2_INSTANCE",)),
    ),
    **{
        f"where is {text}": door("where", Exposure(text, count=0))
        for text in ("openssl", "CVE-2024-3094", "nothing")
    },
    **{
        f"show {text}": door("show", VulnerabilityDetails(text, count=0))
        for text in ("xz backdoor", "CVE-2099-0001")
    },
    "show in a part": door("show", VulnerabilityDetails("CVE-2024-3094", filters=NARROW)),
    "diff": door("diff", ResourceDifferences(BUSY_INSTANCE, CLEAN_INSTANCE)),
    "why": door("why", VulnerabilityLife("CVE-2024-3094", BUSY_INSTANCE)),
    "sla of one": door("sla", Sla(resource=BUSY_INSTANCE)),
    "fixes of one": door("fixes", Fixes(count=0, resource=BUSY_INSTANCE)),
    "fixes": door("fixes", Fixes(count=0)),
    "fix effects": door("fix-effects", FixEffects(3)),
    "images": door("images", ImageFixes(count=0)),
    "findings": door("findings", FindingList(count=50, skip=20, statuses=())),
    "findings of some": door(
        "findings", FindingList(count=0, severities=("CRITICAL",), filters=NARROW, fixable=True)
    ),
    "whole findings": door("export", ExportPage(ExportFilters(statuses=()), count=40, skip=7)),
    "whole findings of one": door("export", ExportPage(ExportFilters(text=BUSY_INSTANCE), count=5)),
    "whole findings of none": door(
        "export", ExportPage(ExportFilters(text="i-00000000000000000"), count=5)
    ),
    "file": handed(severities=("CRITICAL",), statuses=()),
    "file of one": handed(text=BUSY_INSTANCE, as_of="-0d"),
    "file of none": handed(text="i-00000000000000000"),
    "near": lambda sources: near(SimilarNames("prod-wbe"), sources),
    "owners": owners,
    "one finding": single(BUSY_INSTANCE, "cve-2022-25235"),
    "one finding of nobody": single("i-00000000000000000", "cve-2022-25235"),
    "one finding of nothing": single(BUSY_INSTANCE, "none"),
}
TRENDS = {
    kind: door("trend", Trend(kind=kind, value=value))
    for kind, value in (
        ("organization", ""),
        ("account", "111122223333"),
        ("owner", "payments"),
        ("region", "eu-west-1"),
        ("type", "AWS_EC2_INSTANCE"),
        ("resource", f"111122223333|eu-west-1|AWS_EC2_INSTANCE|{BUSY_INSTANCE}"),
        ("account", "000000000000"),
        ("owner", "nobody"),
    )
}


def said(question: Callable[[Sources], Any], sources: Sources) -> str:
    """The whole answer, or the message of the error, as text."""
    try:
        answer = question(sources)
    except SreError as error:
        return f"{type(error).__name__}: {error}"
    # the answer about one resource shows no changes, and only the table has them
    if isinstance(answer, ResourceAnswer):
        answer = replace(answer, rollup=answer.rollup.stock)
    # the manifest differs between the stores
    if isinstance(answer, ListAnswer) and answer.name == "snapshots":
        answer = replace(answer, items=[{**one, "manifest_sha256": ""} for one in answer.items])
    text = repr(answer) + (repr(answer.to_json()) if hasattr(answer, "to_json") else "")
    return without_note(text)


def without_note(text: str) -> str:
    """The text without the note of a store that is counted from files, in any list."""
    note = repr(NOT_IN_TABLE)
    return (
        text.replace(f", {note}", "").replace(f"{note},", "").replace(note, "").replace("',)", "')")
    )


def difference(one: str, other: str) -> str:
    """The first difference between two answers, or an empty text if they are equal.

    The answers have megabytes, and pytest would compare them line by line.
    """
    if one == other:
        return ""
    place = next(
        (n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    return (
        f"{one[max(0, place - 200) : place + 100]!r} and not"
        f" {other[max(0, place - 200) : place + 100]!r}"
    )


def whole_store(stores: Stores) -> Sources:
    return stores.of(EVERYTHING)


def counting(sources: Sources) -> Sources:
    """The same sources, which count from Parquet if a snapshot has gaps.

    The table keeps the counts from before the gap.
    """
    if not any(commit.gaps for commit in sources.stores.snapshots.commits()):
        return sources
    return with_table(sources, SqliteTable(Path("nowhere")))


QUICKLY = settings(
    max_examples=max(1, settings().max_examples // 25),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICKLY
@given(access=ACCESSES)
def test_every_question_is_answered_as_if_there_were_nothing_else(
    stores: Stores, texts: list[str], access: Access
) -> None:
    seen, alone = whole_store(stores).seen_by(access), counting(stores.of(access))
    for name, question in QUESTIONS.items():
        assert not difference(said(question, seen), said(question, alone)), (name, access)
    for text in texts:
        for question in (
            cached(text),
            cached(text, count=3, severities=("CRITICAL",), suppressed=True),
        ):
            assert not difference(said(question, seen), said(question, alone)), (text, access)


@QUICKLY
@given(access=ACCESSES)
def test_every_table_of_the_engine_has_the_allowed_rows_and_no_other(
    stores: Stores, access: Access
) -> None:
    """Includes tables that no query reads alone, so that a new query cannot leak data."""
    seen, alone = (
        _tables(sources) for sources in (whole_store(stores).seen_by(access), stores.of(access))
    )
    assert seen.keys() == {*TABLES}
    for name in seen:
        assert not difference(str(seen[name]), str(alone[name])), (name, access)


def _tables(sources: Sources) -> dict[str, list[str]]:
    engine = sources.open(sources.stores.snapshots.commits())
    assert isinstance(engine, DuckDB)
    return {name: sorted(map(repr, _texts(engine.connect([name]), name))) for name in TABLES}


def _texts(connection: Any, table: str) -> list[tuple[str, ...]]:
    """The rows of a table as texts, with columns sorted by name."""
    names = sorted(row[0] for row in connection.execute(f"describe {table}").fetchall())
    rows: list[tuple[str, ...]] = connection.execute(
        f"select {', '.join(f'{n}::varchar' for n in names)} from {table}"
    ).fetchall()
    return rows


def rule(index: int, *, resources: tuple[str, ...], owner: str, **more: Any) -> Suppression:
    where = Reach(resources=Patterns(resources), accounts=Patterns(more.pop("accounts", ())))
    packages = Patterns(more.pop("packages", ("*",)))
    return Suppression(
        index, 10 * index + 1, Patterns(), packages, where, f"reason {index}", owner, **more
    )


def rules(sources: Sources) -> Suppressions:
    """Rules that expire soon, later, or already have, and one without findings."""
    today = sources.now().date()
    soon, later, before = (
        today + timedelta(days=1),
        today + timedelta(days=300),
        today - timedelta(days=300),
    )
    return Suppressions(
        [
            rule(0, resources=(BUSY_INSTANCE, "i-of-somebody-else"), owner="ann", expires=soon),
            rule(
                1,
                resources=("*",),
                owner="bob",
                expires=later,
                accounts=("444455556666", "123456789012"),
            ),
            rule(
                2,
                resources=("*",),
                owner="eve",
                expires=before,
                accounts=ACCOUNTS[:2],
                packages=("open*", "of-nobody"),
            ),
            rule(3, resources=("i-nowhere",), owner="dan", expires=later),
        ],
        "secret.yaml",
    )


PAGES = {
    "report": page(),
    "report of search": page(owner="search"),
    "report of an account": page(account="444455556666", rows=7),
}
TOLD = {
    **TRENDS,
    **PAGES,
    "suppressions": door("suppressions", SuppressionList()),
    "snapshots": door("snapshots", SnapshotList()),
}


@QUICKLY
@given(access=ACCESSES)
def test_data_of_others_does_not_change_snapshots_reports_and_suppressions(
    stores: Stores, access: Access
) -> None:
    """The answers may have less than those of such a store, but never depend on other rows."""
    both = (whole_store(stores), stores.of(access))
    seen, alone = (replace(one, suppressions=rules(one)).seen_by(access) for one in both)
    for name, question in TOLD.items():
        assert not difference(said(question, seen), said(question, alone)), (name, access)


def test_of_suppressions_is_told_what_covers_a_finding_that_is_seen(stores: Stores) -> None:
    access = Access(frozenset({"111122223333"}), frozenset({"payments"}))
    whole = whole_store(stores)
    ruled, today = rules(whole), whole.now().date()
    answer = ask(SuppressionList(), replace(whole, suppressions=ruled).seen_by(access))
    told = [
        (one["about"], one["scope"], one["state"], one["owner"], one["line"])
        for one in answer.items
    ]
    assert told == [
        ("*", f"resources {BUSY_INSTANCE}", "live", "ann", None),
        ("open*", "accounts 111122223333; resources *", "lapsed", "eve", None),
    ]
    assert answer.items[0]["findings"] == answer.facts["covered"] > 0
    assert list(answer.notes) == [
        (
            f"the rule on open* lapsed on {today - timedelta(days=300)} and no longer applies; eve"
            " owns it"
        ),
        f"the rule on * expires on {today + timedelta(days=1)}; ann owns it",
    ]


def _pages(text: str, sources: Sources) -> Iterator[Any]:
    cursor = None
    while True:
        page = ask(Vulnerabilities(text, source=CACHED, count=400, cursor=cursor), sources)
        yield page.findings, page.total_findings, page.next_cursor
        if not (cursor := page.next_cursor):
            return


def test_the_pages_of_a_cursor_are_those_of_the_caller(stores: Stores) -> None:
    access = Access(frozenset({"111122223333"}), frozenset({"payments"}))
    pages = list(_pages(BUSY_INSTANCE, whole_store(stores).seen_by(access)))
    assert len(pages) > 2
    assert pages == list(_pages(BUSY_INSTANCE, stores.of(access)))


def test_a_cursor_of_who_sees_more_shows_nothing_to_who_sees_less(stores: Stores) -> None:
    whole = whole_store(stores)
    cursor = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED, count=5), whole).next_cursor
    less = whole.seen_by(Access(frozenset({"444455556666"}), frozenset({ALL})))
    forbidden = said(cached(BUSY_INSTANCE, cursor=cursor), less)
    assert forbidden.replace(BUSY_INSTANCE, "X") == said(
        cached("i-0123456789abcdef9", cursor=cursor), less
    ).replace("i-0123456789abcdef9", "X")


@pytest.mark.parametrize("source", ["by id", "by name"])
def test_forbidden_and_not_there_are_answered_alike(stores: Stores, source: str) -> None:
    whole = whole_store(stores)
    one = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED), whole).resource
    text = one.resource_id if source == "by id" else one.name
    stranger = "i-0123456789abcdef9" if source == "by id" else "x" * len(text)
    for access in (
        NOTHING,
        Access(frozenset({"444455556666"}), frozenset({ALL})),
        Access(frozenset({ALL}), frozenset({"data"})),
    ):
        seen, alone = whole.seen_by(access), stores.of(access)
        assert said(cached(text), seen) == said(cached(text), alone)
        if source == "by id":
            assert said(cached(text), seen).count(text) == said(cached(stranger), seen).count(
                stranger
            )


def test_owners_of_others_are_not_listed(stores: Stores) -> None:
    seen = whole_store(stores).seen_by(Access(frozenset({ALL}), frozenset({"data", "search"})))
    said_of = {
        owner: said(summed(Summary(owners=(owner,))), seen) for owner in ("payments", "nobody")
    }
    assert said_of["payments"].replace("payments", "X") == said_of["nobody"].replace("nobody", "X")
    assert "owners are data, search" in said_of["nobody"]


def test_who_sees_everything_is_answered_from_the_very_same_sources(stores: Stores) -> None:
    whole = whole_store(stores)
    assert whole.seen_by(EVERYTHING) is whole


def test_nobody_sees_more_by_asking_again(stores: Stores) -> None:
    one, other = (
        Access(frozenset({"111122223333"}), frozenset({ALL})),
        Access(frozenset({ALL}), frozenset({"payments"})),
    )
    twice = whole_store(stores).seen_by(one).seen_by(other)
    assert twice.caller.access == one.narrowed(other)
    assert twice.seen_by(EVERYTHING) is twice
    for question in (*QUESTIONS.values(), *TRENDS.values()):
        assert said(question, twice) == said(
            question, whole_store(stores).seen_by(one.narrowed(other))
        )


def test_the_history_of_some_accounts_is_their_sum(stores: Stores) -> None:
    access = Access(frozenset({"111122223333", "123456789012"}), frozenset({ALL}))
    seen = ask(Trend(), whole_store(stores).seen_by(access))
    assert seen.items == ask(Trend(), stores.of(access)).items
    assert len(seen.items) == 2
    assert seen.items[0]["total"] > 0


def test_the_history_of_some_owners_in_every_account_is_their_sum(stores: Stores) -> None:
    access = Access(frozenset({ALL}), frozenset({"payments", "search"}))
    assert ask(Trend(), whole_store(stores).seen_by(access)).items[1]["total"] == sum(
        ask(Trend(kind="owner", value=owner), whole_store(stores)).items[1]["total"]
        for owner in ("payments", "search")
    )


def test_what_the_history_cannot_tell_is_said_and_not_counted(stores: Stores) -> None:
    access = Access(frozenset({"111122223333"}), frozenset({"payments"}))
    for question in TRENDS.values():
        answer = question(whole_store(stores).seen_by(access))
        assert (answer.items, answer.known) == ([], False)
        assert answer.headline == "The trend of this scope is not available with restricted access."


def test_sql_is_for_who_sees_everything(stores: Stores) -> None:
    with pytest.raises(AccessDenied, match="SQL requires access to everything"):
        sql(
            Sql("select * from findings"),
            whole_store(stores).seen_by(Access(frozenset({ALL}), frozenset(OWNERS))),
        )


def test_the_doors_are_all_asked_here() -> None:
    asked = {
        "changes",
        "trend",
        "sla",
        "due-dates",
        "time-to-fix",
        "survival",
        "priorities",
        "where",
        "show",
        "why",
        "diff",
        "fixes",
        "images",
        "fix-effects",
        "suppressions",
        "finding",
        "findings",
        "export",
        "snapshots",
        "file",
        "claims",  # in test_claims.py, with take
        "take",
    }
    refused = {"operations"}  # recorded calls of other clients name their resources
    assert asked | refused == set(QUERIES) - {"vulnerabilities", "summary", "coverage"}, (
        "a new question must be held to the access too: add it to QUESTIONS"
    )


def test_what_others_asked_is_told_to_nobody_who_sees_a_part(stores: Stores) -> None:
    whole = whole_store(stores)
    assert ask(Operations(), whole).total == 0
    with pytest.raises(AccessDenied, match="covers all accounts") as raised:
        ask(
            Operations(),
            whole.seen_by(Access(frozenset({"111122223333"}), frozenset({ALL}))),
        )
    assert "#" not in str(raised.value), "no name of the table's partitions"
    assert "table" not in str(raised.value)
