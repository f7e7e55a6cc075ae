"""A finding has exactly one due date, and an invalid policy is rejected as a whole."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.sla.policy import (
    CRITERIA,
    DEFAULT,
    MOST_DAYS,
    Due,
    Policy,
    days_late,
    days_left,
    due,
    due_this_week,
    late,
    parse_policy,
    parse_sla,
    sla_due,
)

SEEN = date(2026, 11, 1)
DATES = st.dates(date(2020, 1, 1), date(2030, 1, 1))
POLICIES = st.builds(Policy, st.tuples(*[st.none() | st.integers(0, 400)] * 6), st.integers(0, 60))


@pytest.mark.parametrize(
    ("severity", "days"),
    [
        ("CRITICAL", 15),
        ("HIGH", 30),
        ("MEDIUM", 90),
        ("LOW", 180),
        ("INFORMATIONAL", None),
        ("UNTRIAGED", 30),
    ],
)
def test_a_severity_allows_its_days_from_the_day_it_was_first_seen(
    severity: str, days: int | None
) -> None:
    assert DEFAULT.days(severity) == days
    assert due(DEFAULT, severity, SEEN, None).on == (SEEN + timedelta(days) if days else None)


def test_a_severity_that_nobody_knows_yet_has_the_deadline_of_an_untriaged_one() -> None:
    policy = Policy(sla=(1, 2, 3, 4, 5, 66))
    assert policy.days("APOCALYPTIC") == policy.days("UNTRIAGED") == 66


@pytest.mark.parametrize(
    ("severity", "kev_due", "on", "reason"),
    [
        ("CRITICAL", None, date(2026, 11, 16), "15 days for critical, from 2026-11-01"),
        ("INFORMATIONAL", None, None, "no deadline for informational"),
        ("LOW", date(2026, 11, 8), date(2026, 11, 8), "CISA's KEV due date"),
        ("CRITICAL", date(2026, 12, 24), date(2026, 12, 24), "CISA's KEV due date"),
        ("INFORMATIONAL", date(2026, 11, 8), date(2026, 11, 8), "CISA's KEV due date"),
        ("HIGH", SEEN, SEEN, "CISA's KEV due date"),
        (
            "HIGH",
            date(2026, 10, 31),
            date(2026, 11, 8),
            (
                "CISA's KEV due date 2026-10-31 was past when first seen on 2026-11-01: 7 days of"
                " grace"
            ),
        ),
        (
            "CRITICAL",
            date(2021, 12, 24),
            date(2026, 11, 8),
            (
                "CISA's KEV due date 2021-12-24 was past when first seen on 2026-11-01: 7 days of"
                " grace"
            ),
        ),
    ],
)
def test_the_kev_date_replaces_the_sla_and_gets_a_grace_period_if_past(
    severity: str, kev_due: date | None, on: date | None, reason: str
) -> None:
    assert due(DEFAULT, severity, SEEN, kev_due) == Due(on, reason)


def test_the_grace_is_the_policys_and_one_day_is_said_as_one_day() -> None:
    policy = Policy(sla=(1, *DEFAULT.sla[1:]), grace_days=1)
    assert due(policy, "LOW", SEEN, date(2026, 1, 1)).on == date(2026, 11, 2)
    assert due(policy, "LOW", SEEN, date(2026, 1, 1)).reason.endswith(": 1 day of grace")
    assert due(policy, "CRITICAL", SEEN, None).reason == "1 day for critical, from 2026-11-01"


def test_the_slas_own_date_is_still_told_where_cisas_holds() -> None:
    assert sla_due(DEFAULT, "CRITICAL", SEEN).on == date(2026, 11, 16)


@given(POLICIES, st.sampled_from((*ORDER, "NEW")), DATES, st.none() | DATES)
def test_no_due_date_is_before_the_finding_was_seen(
    policy: Policy, severity: str, seen: date, kev: date | None
) -> None:
    found = due(policy, severity, seen, kev)
    assert found.on is None or found.on >= seen
    assert kev is None or found.on is not None, "what is on KEV always has a deadline"
    assert found.reason


def test_a_date_at_the_end_of_the_calendar_stops_no_answer() -> None:
    assert due(DEFAULT, "LOW", date(9999, 12, 1), None).on == date.max


@pytest.mark.parametrize(
    ("today", "left", "past", "is_late", "this_week"),
    [
        (date(2026, 11, 1), 15, 0, False, False),
        (date(2026, 11, 8), 8, 0, False, False),
        (date(2026, 11, 9), 7, 0, False, True),
        (date(2026, 11, 15), 1, 0, False, True),
        (date(2026, 11, 16), 0, 0, False, True),
        (date(2026, 11, 17), -1, 1, True, False),
        (date(2026, 12, 16), -30, 30, True, False),
    ],
)
def test_the_due_day_itself_is_in_time_and_the_day_after_is_late(
    today: date, left: int, past: int, is_late: bool, this_week: bool
) -> None:
    deadline = Due(date(2026, 11, 16), "")
    assert days_left(deadline, today) == left
    assert days_late(deadline, today) == past
    assert late(deadline, today) is is_late
    assert due_this_week(deadline, today) is this_week


def test_what_has_no_deadline_is_never_late() -> None:
    never = Due(None, "")
    assert days_left(never, date.max) is None
    assert days_late(never, date.max) == 0
    assert not late(never, date.max)
    assert not due_this_week(never, date.max)


POLICY = """
[sla]
critical = 7
informational = 365
low = "none"
[kev]
grace_days = 3
[ranking]
order = ["score", "kev"]
epss_high = 0.5
"""


def test_a_policy_says_days_grace_and_order() -> None:
    assert parse_policy(POLICY) == Policy((7, 30, 90, None, 365, 30), 3, ("score", "kev"), 0.5)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[sla]\n[kev]\n[ranking]\n"])
def test_what_a_policy_leaves_out_keeps_its_default(text: str) -> None:
    assert parse_policy(text) == DEFAULT == Policy((15, 30, 90, 180, None, 30), 7, CRITERIA, 0.1)


@pytest.mark.parametrize("value", ["0", "1", "0.0", "1.0"])
def test_an_epss_limit_may_be_written_as_a_whole_number(value: str) -> None:
    found = parse_policy(f"[ranking]\nepss_high = {value}").epss_high
    assert (type(found), found) == (float, float(value))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sla", "Expected ']' at the end of a table"),
        ("[sla]\n= 2", "line 2"),
        ("[slas]\ncritical = 7", "'slas' is not one of sla, kev, ranking"),
        ("sla = 7", r"sla must be a table, under \[sla\]"),
        ("[[kev]]\ngrace_days = 1", r"kev must be a table, under \[kev\]"),
        (
            "[sla]\nsevere = 7",
            "sla: 'severe' is not one of critical, high, medium, low, informational, untriaged",
        ),
        ("[kev]\ngrace = 7", "kev: 'grace' is not one of grace_days"),
        ("[ranking]\nepss = 1", "ranking: 'epss' is not one of order, epss_high"),
        ('[sla]\nhigh = "30"', 'sla.high must be 0 to 3650 days, or "none"'),
        ("[sla]\nhigh = -1", "sla.high must be 0 to 3650"),
        ("[sla]\nhigh = 3651", "sla.high must be 0 to 3650"),
        ("[sla]\nhigh = 1.5", "sla.high must be 0 to 3650"),
        ("[sla]\nhigh = true", "sla.high must be 0 to 3650"),
        ('[kev]\ngrace_days = "none"', "kev.grace_days must be 0 to 3650 days"),
        ("[kev]\ngrace_days = false", "kev.grace_days must be 0 to 3650 days"),
        (
            '[ranking]\norder = "kev"',
            (
                "ranking.order must be a list of some of kev, exploit, epss, score, exposure,"
                " reachability, running, late"
            ),
        ),
        ("[ranking]\norder = []", "ranking.order must be a list of some of"),
        ('[ranking]\norder = ["kev", "age"]', "ranking.order: 'age' is not one of kev, exploit"),
        ("[ranking]\norder = [{}]", "ranking.order: {} is not one of kev, exploit"),
        ('[ranking]\norder = ["kev", "late", "kev"]', "ranking.order: 'kev' is there twice"),
        ("[ranking]\nepss_high = 1.1", "ranking.epss_high must be a number from 0 to 1"),
        ("[ranking]\nepss_high = nan", "ranking.epss_high must be a number from 0 to 1"),
        ('[ranking]\nepss_high = "0.1"', "ranking.epss_high must be a number from 0 to 1"),
        ("[ranking]\nepss_high = true", "ranking.epss_high must be a number from 0 to 1"),
    ],
)
def test_a_wrong_policy_is_a_usage_error_of_one_line_that_names_the_key(
    text: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        parse_policy(text)
    assert "\n" not in str(raised.value)
    assert raised.value.do


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_a_usage_error(text: str) -> None:
    for parse in (parse_policy, parse_sla):
        told = "one line"
        try:
            parse(text)
        except UsageError as error:
            told = str(error)
        assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "sla"),
    [
        ("critical=7,high=30", (7, 30, 90, 180, None, 30)),
        (" Critical = 7 , LOW = None ", (7, 30, 90, None, None, 30)),
        ("informational=0,untriaged=3650", (15, 30, 90, 180, 0, 3650)),
    ],
)
def test_an_sla_is_read_from_one_line_of_text(text: str, sla: tuple[int | None, ...]) -> None:
    assert parse_sla(text).sla == sla


def test_an_sla_in_a_line_changes_its_severities_and_nothing_else_of_a_policy() -> None:
    assert parse_sla("high=2", parse_policy(POLICY)) == Policy(
        (7, 2, 90, None, 365, 30), 3, ("score", "kev"), 0.5
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is not a severity: critical, high, medium, low, informational, untriaged"),
        ("critical=7,", "'' is not a severity"),
        ("crit=7", "'crit' is not a severity"),
        ("critical:7", "'critical:7' is not a severity"),
        ("high", "high is '', not 0 to 3650 days or none"),
        ("high=", "high is '', not"),
        ("high=-1", "high is '-1', not"),
        ("high=7d", "high is '7d', not"),
        ("high=3651", "high is '3651', not"),
        ("high=٣", "high is '٣', not"),
        ("high=" + "9" * 5000, "not 0 to 3650 days"),
        ("high=7,high=7", "high is there twice"),
    ],
)
def test_a_wrong_sla_is_a_usage_error_that_names_the_part(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_sla(text)


@given(
    st.dictionaries(
        st.sampled_from([s.lower() for s in ORDER]),
        st.none() | st.integers(0, MOST_DAYS),
        min_size=1,
    )
)
def test_the_file_and_the_line_mean_the_same(days: dict[str, int | None]) -> None:
    line = ",".join(f"{name}={'none' if count is None else count}" for name, count in days.items())
    table = "\n".join(
        f"{name} = " + ('"none"' if count is None else str(count)) for name, count in days.items()
    )
    assert parse_sla(line) == parse_policy(f"[sla]\n{table}")
