"""Claims: who has taken which finding until when, and what others may see and change of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.dynamodb import create_table
from tests.support.sources import make_sources, with_table

from sre_findings.model.access import ALL, Access
from sre_findings.model.errors import Forbidden, StoreUnreadable, Throttled, UsageError
from sre_findings.model.findings.claim import KEPT, LONGEST, parse_until
from sre_findings.model.findings.finding import Finding
from sre_findings.queries import ask
from sre_findings.queries.claims.audit import audited
from sre_findings.questions.catalogue import (
    CACHED,
    LIVE,
    Claims,
    FindingList,
    OneFinding,
    Operations,
    Take,
    Vulnerabilities,
)
from sre_findings.sources.claims import CLAIMS_UNKNOWN, FRESH, with_claims
from sre_findings.sources.sources import Caller, LiveSources, Sources
from sre_findings.store.records import claims as kept
from sre_findings.store.records.table import Row, SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_table
from sre_simulator.fleet import BUSY_INSTANCE

TODAY = date(2026, 12, 1)
QUICKLY = settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


@pytest.fixture
def sources(nights: SnapshotWriter, copies: Path, tmp_path: Path) -> Sources:
    """The snapshots with an empty table, an hour after the newest one."""
    at = nights.commits()[-1].started_at + timedelta(hours=1)
    return make_sources(nights, SqliteTable(tmp_path / "table.db"), copies, at)


@pytest.fixture
def cve(sources: Sources) -> str:
    """A vulnerability that the busy instance has."""
    found = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED), sources).findings
    return next(one.vulnerability_id for one in found if one.vulnerability_id)


def of(sources: Sources, who: str, days: float = 0, access: Access | None = None) -> Sources:
    """The sources of a person, some days later."""
    now = sources.now() + timedelta(days=days)
    seen = sources.seen_by(access) if access else sources
    caller = seen.caller._replace(by=f"token:{who}", name=who)
    return replace(seen, caller=caller, now=lambda: now, max_age=timedelta(days=99))


def listed(sources: Sources) -> list[tuple[str, str]]:
    return [(one["name"], one["state"]) for one in ask(Claims(), sources).items]


def test_a_claim_names_the_person_and_the_last_day(sources: Sources, cve: str) -> None:
    answer = ask(Take(BUSY_INSTANCE, cve.lower(), "7d"), of(sources, "ada"))
    until = sources.now().date() + timedelta(days=7)
    assert answer.facts == {"done": True}
    assert answer.headline == f"Taken: {cve} on prod-web-36 is yours until {until}."
    (one,) = ask(Claims(), sources).items
    assert one == answer.items[0]
    assert (one["by"], one["name"], one["until"]) == ("token:ada", "ada", until.isoformat())
    assert (one["vulnerability_id"], one["resource_id"]) == (cve, BUSY_INSTANCE)


def test_the_second_person_is_told_of_the_first_and_changes_nothing(
    sources: Sources, cve: str
) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    before = ask(Claims(), sources).items
    for question in (Take(BUSY_INSTANCE, cve, "9d"), Take(BUSY_INSTANCE, cve, release=True)):
        answer = ask(question, of(sources, "bob"))
        assert answer.facts == {"done": False}
        assert "is taken by ada until" in answer.headline
        assert [dict(one) for one in answer.items] == [dict(one) for one in before]
    assert ask(Claims(), sources).items == before


def test_the_same_person_moves_the_day_and_gives_the_finding_back(
    sources: Sources, cve: str
) -> None:
    first = ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada")).items[0]
    moved = ask(Take(BUSY_INSTANCE, cve, "2d"), of(sources, "ada", 1)).items[0]
    assert moved["taken_at"] == first["taken_at"]
    assert moved["until"] == (sources.now().date() + timedelta(days=3)).isoformat()
    assert ask(Take(BUSY_INSTANCE, cve, release=True), of(sources, "ada", 1)).facts["done"]
    assert listed(sources) == []
    again = ask(Take(BUSY_INSTANCE, cve, release=True), of(sources, "ada", 1))
    assert (again.facts["done"], again.total) == (False, 0)
    assert ask(Take(BUSY_INSTANCE, cve, "1d"), of(sources, "bob", 1)).facts["done"]


def test_a_claim_lapses_after_its_last_day_and_anyone_can_take_the_finding(
    sources: Sources, cve: str
) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    assert listed(of(sources, "x", 7)) == [("ada", "live")]
    assert listed(of(sources, "x", 8)) == [("ada", "lapsed")]
    assert ask(Claims(), of(sources, "x", 8)).facts == {"lapsed": 1}
    assert listed(of(sources, "x", 8 + KEPT.days)) == []
    assert ask(Take(BUSY_INSTANCE, cve, "1d"), of(sources, "bob", 8)).facts["done"]
    assert listed(of(sources, "x", 8)) == [("bob", "live")]


def test_a_claim_of_a_resolved_finding_is_done_and_in_a_partial_snapshot_unknown(
    sources: Sources, cve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    monkeypatch.setattr("sre_findings.queries.claims.claim_list.open_findings", lambda *_: {})
    assert listed(sources) == []
    stale = replace(sources, max_age=timedelta(0))
    assert listed(stale) == [("ada", "unknown")]
    assert "the snapshot does not show" in ask(Claims(), stale).headline


def test_without_claims_the_table_alone_proves_that_there_are_none(sources: Sources) -> None:
    answer = ask(Claims(), replace(sources, max_age=timedelta(0)))
    assert (answer.known, answer.total, answer.proof.source) == (True, 0, "table")


ELSEWHERE = (
    Access(frozenset({"444455556666"}), frozenset({ALL})),
    Access(frozenset({ALL}), frozenset({"nobody"})),
    Access(),
)


@pytest.mark.parametrize("access", ELSEWHERE, ids=["account", "owner", "nothing"])
def test_what_a_person_may_not_see_is_answered_as_what_does_not_exist(
    sources: Sources, cve: str, access: Access
) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    told = []
    for resource, vulnerability in (
        (BUSY_INSTANCE, cve),
        ("i-0123456789abcdef9", cve),
        (BUSY_INSTANCE, "CVE-1-1"),
    ):
        for until in ("7d", ""):
            question = Take(resource, vulnerability, until, release=not until)
            with pytest.raises(UsageError) as refused:
                ask(question, of(sources, "eve", access=access))
            told.append(str(refused.value))
    assert len({*told}) == 1
    assert listed(of(sources, "eve", access=access)) == []
    assert listed(sources) == [("ada", "live")]


def test_a_person_takes_what_the_access_allows(sources: Sources, cve: str) -> None:
    one = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED), sources).findings[0]
    for access in (
        Access(frozenset({one.account_id}), frozenset({ALL})),
        Access(frozenset({ALL}), frozenset({one.owner or ""})),
    ):
        mine = of(sources, "ada", access=access)
        assert ask(Take(BUSY_INSTANCE, cve, "7d"), mine).facts["done"]
        assert listed(mine) == [("ada", "live")]


def test_a_restricted_table_writes_claims_in_its_accounts_only(sources: Sources, cve: str) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    (row,) = sources.stores.table.query(kept.PARTITION)
    table = sources.seen_by(ELSEWHERE[0]).stores.table
    assert list(table.query(kept.PARTITION)) == []
    allowed = Row(row.partition, row.sort, {**row.values, "account_id": "444455556666"})
    writes: tuple[Callable[[], bool], ...] = (
        lambda: table.create(row),
        lambda: table.replace(row, allowed),
        lambda: table.replace(allowed, row),
        lambda: table.create(Row("operation#2026-12-01", "x", allowed.values)),
    )
    for write in writes:
        with pytest.raises(Forbidden):
            write()
    assert list(sources.stores.table.query(kept.PARTITION)) == [row]


@pytest.mark.parametrize("kind", ["sqlite", "dynamodb"])
def test_of_people_who_take_a_finding_at_once_one_has_it_and_all_are_told_who(
    sources: Sources, cve: str, kind: str, race: Any, request: pytest.FixtureRequest
) -> None:
    if kind == "dynamodb":
        request.getfixturevalue("aws")
        create_table("claims")
        sources = with_table(sources, open_table("dynamodb://claims"))
    said: dict[int, Any] = {}

    def takes(number: int) -> bool:
        said[number] = ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, f"p{number}"))
        return bool(said[number].facts["done"])

    won = race(8, takes)
    assert won.count(True) == 1
    winner = f"p{won.index(True)}"
    assert {answer.items[0]["name"] for answer in said.values()} == {winner}
    assert listed(sources) == [(winner, "live")]


def test_a_claim_that_others_change_all_the_time_is_given_up(
    sources: Sources, cve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "write", lambda *_: False)
    with pytest.raises(Throttled, match="others are changing this claim"):
        ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]),
        st.sampled_from([None, 0, 1, 5, 30]),  # days; None: release
        st.integers(0, 3),  # days that pass before
    ),
    max_size=8,
)


@QUICKLY
@given(STEPS)
def test_any_history_of_a_claim_is_that_of_a_plain_model(
    sources: Sources, cve: str, steps: list[tuple[str, int | None, int]]
) -> None:
    for row in list(sources.stores.table.query(kept.PARTITION)):
        sources.stores.table.remove(row.partition, row.sort)
    held: tuple[str, int] | None = None
    day = 0
    for who, days, passed in steps:
        day += passed
        live = held if held and held[1] >= day else None
        question = (
            Take(BUSY_INSTANCE, cve, release=True)
            if days is None
            else Take(BUSY_INSTANCE, cve, f"{days}d")
        )
        done = ask(question, of(sources, who, day)).facts["done"]
        allowed = (
            (live is not None and live[0] == who)
            if days is None
            else (live is None or live[0] == who)
        )
        assert done is allowed
        if done:
            held = None if days is None else (who, day + days)
        state = "live" if held and held[1] >= day else "lapsed"
        assert listed(of(sources, "x", day)) == ([(held[0], state)] if held else [])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("today", 0), ("tomorrow", 1), ("7d", 7), (" 30D ", 30), ("2026-12-08", 7)],
)
def test_a_last_day_is_a_date_or_a_number_of_days(text: str, wanted: int) -> None:
    assert parse_until(text, TODAY) == TODAY + timedelta(days=wanted)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not a day. Use a date such as 2026-12-08, 7d or tomorrow"),
        ("soon", "'soon' is not a day"),
        ("31d", "a claim ends between today and 2026-12-31: 2027-01-01 is outside"),
        ("2026-11-30", "2026-11-30 is outside"),
        ("9999d", "is not a day"),
    ],
)
def test_any_other_last_day_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_until(text, TODAY)
    assert timedelta(days=30) == LONGEST


def test_a_claim_without_a_server_is_in_the_audit_log_also_if_it_is_refused(
    sources: Sources, cve: str
) -> None:
    audited(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    with pytest.raises(UsageError):
        audited(Take(BUSY_INSTANCE, "CVE-1-1", release=True), of(sources, "bob", 0.1))
    log = ask(Operations(), of(sources, "x", 0.2)).items
    assert [(one["who"], one["what"], one["outcome"]) for one in log] == [
        ("token:bob", "take", "usage"),
        ("token:ada", "take", "answered"),
    ]
    assert log[1]["arguments"] == {
        "resource_id": BUSY_INSTANCE,
        "vulnerability_id": cve,
        "until": "7d",
    }


def test_the_user_of_this_process_is_the_default_person(
    sources: Sources, cve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    assert sources.caller == Caller()
    assert ask(Take(BUSY_INSTANCE, cve, "7d"), sources).items[0]["by"] == "user:ada"

    def nameless() -> str:
        raise OSError("no such user")

    monkeypatch.setattr("getpass.getuser", nameless)
    refused = ask(Take(BUSY_INSTANCE, cve, "7d"), sources)
    assert refused.facts == {"done": False}, "another person"


def test_a_table_that_cannot_be_read_is_an_error_and_no_empty_list(
    sources: Sources, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnreadable):
        ask(Claims(), broken(sources, tmp_path))
    assert ask(Claims(), sources).total == 0


def broken(sources: Sources, folder: Path) -> Sources:
    """The sources with a table that cannot be read."""
    (folder / "broken.db").write_text("this is no database" * 99)
    return with_table(sources, SqliteTable(folder / "broken.db"))


def test_each_answer_with_the_finding_has_its_claim_and_the_same_numbers(
    sources: Sources, cve: str
) -> None:
    asked = Vulnerabilities(BUSY_INSTANCE, source=CACHED, count=0)
    before = ask(asked, sources)
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    after = ask(asked, sources)
    (taken,) = [one for one in after.findings if one.claim]
    assert taken.vulnerability_id == cve
    assert taken.claim
    assert (taken.claim["name"], taken.claim["state"]) == ("ada", "live")
    assert [replace(one, claim=None) for one in after.findings] == [*before.findings]
    assert replace(after, findings=()) == replace(before, findings=())
    one = ask(OneFinding(taken.finding_arn), sources)
    assert one.finding
    assert one.finding.claim == taken.claim
    listed_ones = ask(FindingList(0), sources).items
    assert [one["finding_arn"] for one in listed_ones if one["claim"]] == [taken.finding_arn]
    later = of(sources, "x", 8)
    lapsed = [one.claim for one in ask(asked, later).findings if one.claim]
    assert [one["state"] for one in lapsed] == ["lapsed"]


def test_a_claim_on_another_resource_with_the_vulnerability_is_not_shown(
    sources: Sources, cve: str
) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    others = [
        one
        for one in ask(FindingList(0), sources).items
        if one["vulnerability_id"] == cve and one["resource_id"] != BUSY_INSTANCE
    ]
    assert others
    assert all(one["claim"] is None for one in others)


def test_claims_that_cannot_be_read_are_unknown_and_not_none(
    sources: Sources, tmp_path: Path
) -> None:
    lost = broken(sources, tmp_path)
    several = ask(FindingList(3), lost)
    assert CLAIMS_UNKNOWN in several.notes
    one = ask(OneFinding(several.items[0]["finding_arn"]), lost)
    assert (one.claims_known, one.to_json()["claims_known"]) == (False, False)


def test_a_live_answer_has_claims_or_says_that_they_are_unknown(
    sources: Sources, cve: str, tmp_path: Path
) -> None:
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(sources, "ada"))
    known = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED, count=0), sources)
    live = LiveSources(lambda *_: replace(known, findings=[plain(one) for one in known.findings]))
    asked = Vulnerabilities(BUSY_INSTANCE, source=LIVE)
    answer = ask(asked, replace(sources, live=live))
    assert [one.vulnerability_id for one in answer.findings if one.claim] == [cve]
    lost = with_claims([plain(one) for one in known.findings], broken(sources, tmp_path))
    assert lost[1] is False


def plain(finding: Finding) -> Finding:
    return replace(finding, claim=None)


def test_a_claim_that_another_process_wrote_is_shown_after_a_second_and_ones_own_at_once(
    sources: Sources, cve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("sre_findings.sources.claims.time.monotonic", lambda: clock[0])
    asked = Vulnerabilities(BUSY_INSTANCE, source=CACHED, count=0)

    def names() -> list[str]:
        return [one.claim["name"] for one in ask(asked, sources).findings if one.claim]

    assert names() == []
    other = with_table(sources, sources.stores.table)  # with its own caches, as another process
    ask(Take(BUSY_INSTANCE, cve, "7d"), of(other, "ada"))
    assert names() == []
    clock[0] += FRESH
    assert names() == ["ada"]
    ask(Take(BUSY_INSTANCE, cve, release=True), of(sources, "ada"))
    assert names() == []
