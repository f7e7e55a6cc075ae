"""Live queries call Inspector only for accounts in the access scope.

A resource outside the access scope gives the same answer as one that does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.sources import make_sources

from sre_findings.inspector.client import connect
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import live
from sre_findings.model.access import ALL, EVERYTHING, NOTHING, Access
from sre_findings.model.errors import AccessDenied, UsageError
from sre_findings.model.resources.aws_context import Context, Note
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CACHED, LIVE, Vulnerabilities
from sre_findings.sources.sources import LiveSources, Sources
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, Fleet, default_fleet
from sre_simulator.inspector.server import Simulator

STRANGER = "i-0123456789abcdef9"
ACCOUNT = "111122223333"  # the account of BUSY_INSTANCE, whose owner is payments


def only(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return default_fleet(nights=1, now=NOW)


@pytest.fixture
def inspector(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with Simulator(fleet) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        yield simulator


@pytest.fixture
def sources(nights: SnapshotWriter, tmp_path: Path) -> Sources:
    def opened(region: str) -> Inspector:
        return Inspector(connect(region), RateLimit(5000), Patience(deadline=20))

    now = nights.commits()[-1].ended_at
    asked = live(opened, lambda: ["eu-west-1"], lambda: now)
    return make_sources(nights, SqliteTable(tmp_path / "table"), tmp_path, now, live=asked)


def asked_about(inspector: Simulator, since: int = 0) -> list[set[str]]:
    """The accounts that each call was limited to; an empty set means all accounts."""
    found = []
    for one in inspector.requests[since:]:
        filters = one.body.get("filterCriteria", {})
        named = {
            each["value"]
            for name in ("awsAccountId", "accountId")
            for each in filters.get(name, [])
        }
        found.append(named | set(one.body.get("accountIds", [])))
    return found


def told(answer: Any, text: str) -> str:
    """An answer as JSON, with the requested text replaced."""
    return json.dumps(answer.to_json()).replace(text, "X")


def test_who_sees_it_is_answered_as_everybody_was(inspector: Simulator, sources: Sources) -> None:
    question = Vulnerabilities(BUSY_INSTANCE, source=LIVE, count=0)
    mine = ask(question, sources.seen_by(Access(only(ACCOUNT), only("payments"))))
    assert mine.rollup.counts.total > 1000
    assert mine.to_json() == {**ask(question, sources).to_json(), "account_name": None}
    assert {ACCOUNT} in asked_about(inspector)


@pytest.mark.parametrize(
    "access",
    [
        Access(only("444455556666"), only(ALL)),
        Access(only(ALL), only("data")),
        Access(only(ACCOUNT), only("data")),
        NOTHING,
    ],
)
def test_what_is_not_theirs_is_answered_as_what_is_not_there(
    inspector: Simulator, sources: Sources, access: Access
) -> None:
    seen = sources.seen_by(access)
    for source in (LIVE, "either"):
        before = len(inspector.requests)
        forbidden = ask(Vulnerabilities(BUSY_INSTANCE, source=source), seen)
        calls, before = asked_about(inspector, before), len(inspector.requests)
        assert told(forbidden, BUSY_INSTANCE) == told(
            ask(Vulnerabilities(STRANGER, source=source), seen), STRANGER
        )
        assert forbidden.verdict.reason == "no_such_resource"
        assert calls == asked_about(inspector, before), "the same is asked of Inspector"


def test_what_is_clean_and_not_theirs_is_not_there_either(
    inspector: Simulator, sources: Sources
) -> None:
    """The resource has no findings, so only its coverage shows its account and owner."""
    seen = sources.seen_by(Access(only(ALL), only("data")))
    forbidden = ask(Vulnerabilities(CLEAN_INSTANCE, source=LIVE), seen)
    assert told(forbidden, CLEAN_INSTANCE) == told(
        ask(Vulnerabilities(STRANGER, source=LIVE), seen), STRANGER
    )
    everybody = ask(Vulnerabilities(CLEAN_INSTANCE, source=LIVE), sources)
    assert (everybody.rollup.counts.total, bool(everybody.coverage)) == (0, True)


def test_no_call_is_about_an_account_that_is_not_allowed(
    inspector: Simulator, sources: Sources
) -> None:
    allowed = only(*(f"{number:012}" for number in range(23)), "444455556666")
    ask(Vulnerabilities(BUSY_INSTANCE, source=LIVE), sources.seen_by(Access(allowed, only(ALL))))
    *calls, status = asked_about(inspector)
    assert len(calls) == 6
    assert all(0 < len(accounts) <= 10 for accounts in calls)
    assert frozenset().union(*calls) == allowed == status, "and whether Inspector is on there"


def test_who_sees_no_account_asks_nothing(inspector: Simulator, sources: Sources) -> None:
    ask(Vulnerabilities(BUSY_INSTANCE, source=LIVE), sources.seen_by(NOTHING))
    assert inspector.requests == []


@pytest.mark.parametrize(
    ("said_by", "tagged", "owner"),
    [
        ("by_finding", True, "payments"),
        ("by_coverage", True, "data"),
        ("by_coverage", False, "payments"),
    ],
)
def test_a_resource_is_of_one_owner_who_sees_all_of_it_and_nobody_else_any(
    inspector: Simulator,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
    said_by: str,
    tagged: bool,
    owner: str,
) -> None:
    """Of findings and coverage, one has the owner ``data`` or none; the other ``payments``."""
    from sre_findings.live import resource_owners as module

    as_it_is = getattr(module, said_by)
    monkeypatch.setattr(
        module, said_by, lambda *a: as_it_is(*a)._replace(owner="data", tagged=tagged)
    )
    question = Vulnerabilities(BUSY_INSTANCE, source=LIVE, count=0)
    for name in ("payments", "data"):
        answer = ask(question, sources.seen_by(Access(only(ALL), only(name))))
        assert answer.verdict.reason == ("findings" if name == owner else "no_such_resource")
        assert (bool(answer.coverage), {one.owner for one in answer.findings}) == (
            name == owner,
            {owner} if name == owner else set(),
        )


def test_a_name_of_others_is_refused_as_one_that_nobody_has(sources: Sources) -> None:
    name = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED), sources).resource.name
    seen, said = sources.seen_by(Access(only("444455556666"), only(ALL))), []
    for text in (name, "nobody-has-this-name"):
        with pytest.raises(UsageError, match="Inspector cannot be queried by the name") as error:
            ask(Vulnerabilities(text, source=LIVE), seen)
        said.append(str(error.value).replace(text, "X"))
    assert said[0] == said[1]


def test_what_aws_says_of_itself_is_not_told_to_who_sees_a_part(sources: Sources) -> None:
    def denied(*_: Any) -> Any:
        raise AccessDenied("AWS denied it", why="arn:aws:sts::999988887777:assumed-role/x may not")

    too_old = sources.now() + timedelta(days=2)
    seen = replace(sources, live=LiveSources(denied), now=lambda: too_old)
    for access, tells in ((EVERYTHING, True), (Access(only(ACCOUNT), only(ALL)), False)):
        notes = ask(Vulnerabilities(BUSY_INSTANCE), seen.seen_by(access)).verdict.notes
        assert ("Inspector could not be queried (AWS denied it" in notes[0]) is tells
        assert (
            "Inspector could not be queried (AWS denies this server access to Inspector)"
            in notes[0]
        ) is not tells
        assert any("999988887777" in note for note in notes) is tells


def test_context_is_for_what_the_caller_sees_and_tells_no_other_account(sources: Sources) -> None:
    asked: list[str] = []

    def context(_: Vulnerabilities, resource: Any) -> Context:
        asked.append(resource.resource_id)
        return Context(account_id=ACCOUNT)

    seen = replace(sources, live=LiveSources(context=context)).seen_by(
        Access(only("444455556666"), only(ALL))
    )
    for text in (BUSY_INSTANCE, STRANGER):
        answer = ask(Vulnerabilities(text, source=CACHED, context=True), seen)
        assert answer.context == Context(
            remarks=(Note("context is available only for resources with findings or coverage"),)
        )
    assert asked == []
    theirs = ask(Vulnerabilities("444455556666-only", source=CACHED), seen)
    assert theirs.resource.account_id == ""
    mine = replace(sources, live=LiveSources(context=context)).seen_by(
        Access(only(ACCOUNT), only(ALL))
    )
    found = ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED, context=True), mine).context
    assert found == Context(account_id=ACCOUNT)
    elsewhere = replace(
        sources,
        live=LiveSources(
            context=lambda *_: Context(
                account_id="999988887777", remarks=(Note("x is not 999988887777"),)
            )
        ),
    )
    hidden = ask(
        Vulnerabilities(BUSY_INSTANCE, source=CACHED, context=True),
        elsewhere.seen_by(Access(only(ACCOUNT), only(ALL))),
    ).context
    assert hidden
    assert "999988887777" not in repr(hidden)
