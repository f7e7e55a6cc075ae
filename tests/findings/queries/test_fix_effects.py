"""What if the first upgrades are applied: each open finding is resolved or remains, just once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.queries import ask
from sre_findings.questions.catalogue import DueDates, FindingList, FixEffects, Fixes, Sla
from sre_findings.questions.filters import Filters
from sre_findings.sources.sources import Sources
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

COUNTS = ("findings", "resolved", "remaining", "kev", "overdue", "overdue_in_7_days", "no_due_date")


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = Path(nights.blobs.url.removeprefix("file://"))
    began = nights.commits()[-1].started_at
    return make_sources(
        nights, SqliteTable(folder / "table.db"), tmp_path_factory.mktemp("copies"), began
    )


@pytest.fixture(scope="module")
def plan(sources: Sources) -> list[Any]:
    return list(ask(Fixes(count=0), sources).items)


@settings(max_examples=5)
@given(applied=st.integers(1, 500))
@example(applied=1)
@example(applied=10**6)
def test_applied_and_remaining_findings_add_up_to_all(
    sources: Sources, plan: list[Any], applied: int
) -> None:
    answer = ask(FixEffects(applied), sources)
    facts: Any = answer.facts
    every = ask(FindingList(count=0), sources)
    done = plan[:applied]
    assert (facts["applied"], facts["upgrades"]) == (len(done), len(plan))
    assert facts["resolved"] == sum(line["findings"] for line in done)
    assert facts["findings"] == facts["resolved"] + facts["remaining"] == every.total
    assert facts["kev"] + sum(line["kev"] for line in done) == sum(
        one["kev_due"] is not None for one in every.items
    )
    for name in COUNTS:
        assert facts[name] == sum(cast("Any", one)[name] for one in answer.items), name


def test_what_is_overdue_is_counted_as_by_sla(sources: Sources) -> None:
    owners = Filters(owners=("nobody",))
    with pytest.raises(Exception, match="nobody"):
        ask(FixEffects(1, filters=owners), sources)
    late = ask(Sla(), sources).facts
    facts, done = (ask(FixEffects(n), sources).facts for n in (1, 10**6))
    assert done["overdue"] < facts["overdue"] < late["late"]
    due = ask(DueDates(), sources)
    today = date.fromisoformat(due.facts["today"])
    whole = dict.fromkeys((0, 7, 30), 0)
    for row in due.items:
        for day in whole:
            on = row["due_on"]
            late_then = on is not None and date.fromisoformat(on) < today + timedelta(day)
            whole[day] += row["findings"] if late_then else 0
    assert whole[0] == late["late"]
    assert facts["overdue_in_7_days"] <= whole[7] - whole[0]
    assert facts["overdue_in_30_days"] <= whole[30] - whole[0]


def test_the_headline_names_what_would_remain(sources: Sources) -> None:
    answer = ask(FixEffects(3), sources)
    facts = answer.facts
    assert answer.headline.startswith(f"3 upgrades of {facts['upgrades']:,} in the plan would")
    assert f"{facts['remaining']:,} would remain" in answer.headline
    assert f"{facts['overdue']:,} overdue." in answer.headline
