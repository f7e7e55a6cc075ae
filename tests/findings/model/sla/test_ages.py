"""Overdue findings counted by age bucket equal those counted finding by finding."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.findings.severity import ORDER
from sre_findings.model.sla.ages import Ages, Bucket, Lateness, bucketed, lateness
from sre_findings.model.sla.policy import DEFAULT, Policy, days_late, due, due_this_week, late

TODAY = date(2026, 11, 22)
# Close together, so that buckets are shared and both sides of a due date occur.
DAYS = st.dates(date(2026, 10, 1), date(2026, 12, 31))
FINDINGS = st.lists(st.tuples(st.integers(0, 6), DAYS, st.none() | DAYS), max_size=30)
POLICIES = st.builds(Policy, st.tuples(*[st.none() | st.integers(0, 60)] * 6), st.integers(0, 20))
Found = tuple[int, date, date | None]


def bucket(rank: int, opened: date, kev_due: date | None) -> Bucket:
    return Bucket(rank, opened.isoformat(), kev_due.isoformat() if kev_due else "")


def held(findings: list[Found]) -> Ages:
    return bucketed((bucket(*one), 1) for one in findings)


def asked_alone(findings: list[Found], policy: Policy, today: date) -> Lateness:
    """The same answer, computed finding by finding."""
    names = (*ORDER, "SOMETHING NEW")
    dues = [(place, due(policy, names[place], opened, kev)) for place, opened, kev in findings]
    lates = [place for place, one in dues if late(one, today)]
    week = sum(due_this_week(one, today) for _, one in dues)
    none = sum(one.on is None for _, one in dues)
    by_rank = tuple(lates.count(place) for place in range(7))
    oldest = max((days_late(one, today) for _, one in dues), default=0)
    return Lateness(
        len(lates), week, len(findings) - len(lates) - week - none, none, by_rank, oldest
    )


@given(FINDINGS, POLICIES, DAYS)
def test_asking_the_buckets_is_asking_each_finding(
    findings: list[Found], policy: Policy, today: date
) -> None:
    assert lateness(held(findings), policy, today) == asked_alone(findings, policy, today)


@given(FINDINGS)
def test_ages_come_back_from_json(findings: list[Found]) -> None:
    values = json.loads(json.dumps(held(findings).to_json()))
    assert Ages.from_json(values) == held(findings)
    assert sum(values.values()) == len(findings)


def test_the_json_is_compact_and_in_order() -> None:
    ages = held(
        [
            (1, date(2026, 11, 2), None),
            (0, date(2026, 11, 1), None),
            (0, date(2026, 11, 1), date(2026, 11, 8)),
        ]
        * 2
    )
    text = json.dumps(ages.to_json())
    assert text == '{"0|2026-11-01|": 2, "0|2026-11-01|2026-11-08": 2, "1|2026-11-02|": 2}'


def test_an_empty_bucket_is_no_bucket() -> None:
    assert (
        bucketed([(Bucket(0, "2026-11-01"), 0)]) == Ages() == Ages.from_json({"0|2026-11-01|": 0})
    )
    assert lateness(Ages(), DEFAULT, TODAY) == Lateness()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "0|2026-11-01",
        "7|2026-11-01|",
        "-1|2026-11-01|",
        "0||",
        "0|yesterday|",
        "0|2026-11-01|x",
    ],
)
def test_a_key_that_was_never_written_is_not_read(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Ages.from_json({key: 1})


def test_each_finding_is_late_or_due_this_week_or_later_or_without_a_deadline() -> None:
    def opened(days_ago: int) -> date:
        return TODAY - timedelta(days_ago)

    findings: list[Found] = [
        (0, opened(16), None),  # one day overdue
        (0, opened(18), None),  # three days overdue
        (6, opened(31), None),  # unknown severity, one day overdue
        (0, opened(15), None),  # due today
        (1, opened(23), None),  # due in seven days
        (1, opened(22), None),  # due in eight
        (4, opened(999), None),  # informational
        (4, opened(9), TODAY - timedelta(1)),  # in KEV, one day overdue
        (0, opened(99), TODAY + timedelta(9)),  # CISA's date applies, although it is later
        (0, opened(2), date(2021, 12, 24)),  # due date passed when first seen: grace period
    ]
    answer = lateness(held(findings), DEFAULT, TODAY)
    assert answer == Lateness(4, 3, 2, 1, (2, 0, 0, 0, 1, 0, 1), 3)
    assert answer.to_json() == {
        "late": 4,
        "due_this_week": 3,
        "later": 2,
        "no_deadline": 1,
        "late_by_severity": {
            "critical": 2,
            "high": 0,
            "medium": 0,
            "low": 0,
            "informational": 1,
            "untriaged": 0,
            "other": 1,
        },
        "oldest_days_late": 3,
    }


def test_severities_that_we_do_not_know_are_told_only_where_there_are_some() -> None:
    assert list(Lateness().to_json()["late_by_severity"]) == [name.lower() for name in ORDER]


@given(FINDINGS, POLICIES, DAYS)
def test_a_day_more_never_makes_fewer_late(
    findings: list[Found], policy: Policy, today: date
) -> None:
    before, after = (lateness(held(findings), policy, day) for day in (today, today + timedelta(1)))
    assert after.late >= before.late
    assert after.oldest_days_late >= before.oldest_days_late
    assert after.no_deadline == before.no_deadline
