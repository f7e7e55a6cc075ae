from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from aws_croniter import AwsCroniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_schedules.cron import WEEKDAYS, Cron, parse_cron, parse_zone

UTC_ZONE = ZoneInfo("UTC")
FIRES = 40


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = (
        st.lists(number, min_size=2, max_size=2, unique=True)
        .map(sorted)
        .map(lambda two: f"{two[0]}-{two[1]}")
    )
    step = st.integers(1, high)
    item = st.one_of(number.map(str), span, st.builds("{}/{}".format, span, step))
    listed = st.lists(item, min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), st.builds("*/{}".format, step), listed)


weekday_span = (
    st.tuples(st.integers(0, 5), st.integers(0, 5))
    .map(sorted)
    .map(lambda two: f"{WEEKDAYS[two[0]]}-{WEEKDAYS[two[1]]}")
)
weekdays = st.lists(st.one_of(st.sampled_from(WEEKDAYS), weekday_span), min_size=1, max_size=3).map(
    ",".join
)
days = st.one_of(
    st.tuples(field(1, 28), st.just("*")), st.tuples(st.just("*"), weekdays), st.just(("*", "*"))
)
texts = st.builds(
    lambda m, h, two, month: f"{m} {h} {two[0]} {month} {two[1]}",
    field(0, 59),
    field(0, 23),
    days,
    field(1, 12),
)
moments = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def of_apscheduler(cron: Cron, after: datetime) -> list[datetime]:
    trigger: Any = CronTrigger(**cron.apscheduler(), timezone=UTC_ZONE)
    found, before = list[datetime](), None
    moment = after + timedelta(seconds=1)
    while len(found) < FIRES and (fire := trigger.get_next_fire_time(before, moment)) is not None:
        found.append(fire)
        before, moment = fire, fire + timedelta(seconds=1)
    return found


def of_aws(cron: Cron, after: datetime) -> list[datetime]:
    expression = cron.eventbridge().removeprefix("cron(").removesuffix(")")
    engine: Any = AwsCroniter(expression)
    return list(engine.get_next(after, FIRES))


@settings(max_examples=500)
@given(texts, moments)
def test_a_schedule_fires_at_the_same_moments_on_every_engine(text: str, after: datetime) -> None:
    cron = parse_cron(text)
    ours = list(islice(cron.fires(UTC_ZONE, after), FIRES))
    assert ours == list(islice(CronSim(text, after), FIRES))
    assert ours == of_apscheduler(cron, after)
    assert ours == of_aws(cron, after)


@given(texts)
def test_a_rendered_cron_parses_to_the_same_cron(text: str) -> None:
    assert parse_cron(str(parse_cron(text))) == parse_cron(text)


@given(texts, moments)
def test_an_expression_is_within_eventbridges_length_limit(text: str, after: datetime) -> None:
    assert len(parse_cron(text).eventbridge()) <= 256


@given(texts, moments)
def test_the_newest_fire_is_the_one_before_the_next(text: str, at: datetime) -> None:
    cron = parse_cron(text)
    newest = cron.newest(UTC_ZONE, at)
    assert newest <= at
    assert next(cron.fires(UTC_ZONE, newest - timedelta(seconds=1))) == newest
    assert next(cron.fires(UTC_ZONE, newest)) > at


def test_the_newest_fire_at_a_fire_time_is_that_time() -> None:
    moment = datetime(2026, 11, 30, 1, tzinfo=UTC)
    assert parse_cron("0 1 * * *").newest(UTC_ZONE, moment) == moment


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 8 * * 1-5", "is not a name"),
        ("0 8 * * FRI-SUN", "spans the end of the week"),
        ("0 8 * * SUN-TUE", "spans the end of the week"),
        ("0 8 * * SAT-MON", "spans the end of the week"),
        ("0 8 13 * FRI", "the day and the weekday"),
        ("0 2 30 2 *", "never fires"),
        ("0 2 31 4,6,9,11 *", "never fires"),
        ("0 24 * * *", "not within 0 to 23"),
        ("60 1 * * *", "not within 0 to 59"),
        ("0 1 0 * *", "not within 1 to 31"),
        ("5-1 1 * * *", "in ascending order"),
        ("5-5 1 * * *", "in ascending order"),
        ("*/0 1 * * *", "has a step"),
        ("5/10 1 * * *", "is not a value"),
        ("@daily", "has 1 fields"),
        ("0 1 * * * *", "has 6 fields"),
        ("", "has 0 fields"),
        ("0 1 L * *", "is not a value"),
        ("-1 1 * * *", "is not a value"),
        ("١ 1 * * *", "is not a value"),
        ("0 1 ? * *", "is not a value"),
        ("0 1 * * MON,", "is not a name"),
        ("0, 1 * * *", "is not a value"),
    ],
)
def test_ambiguous_expressions_and_those_that_never_fire_are_rejected(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_cron(text)


def test_the_29th_of_february_fires_in_leap_years() -> None:
    fires = islice(parse_cron("0 12 29 2 *").fires(UTC_ZONE, datetime(2026, 1, 1, tzinfo=UTC)), 2)
    assert [fire.year for fire in fires] == [2028, 2032]


def test_an_unknown_zone_is_rejected_with_suggestions() -> None:
    with pytest.raises(UsageError, match="Europe/Berlin"):
        parse_zone("Europe/Berln")


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../UTC", "Nope/Nope", "Europe/Berlin\0"])
def test_an_invalid_zone_name_is_rejected(name: str) -> None:
    with pytest.raises(UsageError, match="is not a time zone"):
        parse_zone(name)
