from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_schedules.cron import parse_cron
from sre_schedules.daylight_saving import changes, check

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "why", "better"),
    [
        ("30 2 * * *", "Europe/Berlin", "02:30 is skipped on 2027-03-28", "0 3 * * *"),
        ("15 0 * * *", "Africa/Cairo", "00:15 is skipped on 2027-04-30", "0 1 * * *"),
        ("30 1 * * *", "America/New_York", "01:30 occurs twice on 2027-11-07", "45 0 * * *"),
        ("0 2 * * SUN", "Australia/Lord_Howe", "02:00 is skipped", "30 2 * * SUN"),
        ("0 * * * *", "Europe/Berlin", "02:00 is skipped", "Etc/UTC"),
    ],
)
def test_a_time_affected_by_daylight_saving_is_rejected_with_a_better_one(
    text: str, zone: str, why: str, better: str
) -> None:
    with pytest.raises(UsageError) as refused:
        check(parse_cron(text), ZoneInfo(zone), NOW)
    assert why in str(refused.value)
    assert better in refused.value.do


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("0 1 * * *", "Europe/Berlin"),
        ("30 2 * * *", "Etc/UTC"),
        ("30 2 * * MON", "Europe/Berlin"),
        ("0 * * * *", "Asia/Kolkata"),
    ],
)
def test_a_time_unaffected_by_daylight_saving_is_accepted(text: str, zone: str) -> None:
    check(parse_cron(text), ZoneInfo(zone), NOW)


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(available_timezones())),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 3_200),
)
def test_accepted_and_suggested_times_fire_once_every_day(
    name: str, hour: int, minute: int, days: int
) -> None:
    zone, text = ZoneInfo(name), f"{minute} {hour} * * *"
    try:
        check(parse_cron(text), zone, NOW)
    except UsageError as error:
        assume("'" in error.do)
        text = error.do.split("'")[1]
        check(parse_cron(text), zone, NOW)
    start = NOW + timedelta(days=days)
    walls = [
        fire.astimezone(zone).replace(tzinfo=None)
        for fire in islice(parse_cron(text).fires(zone, start), 400)
    ]
    assert len({wall.date() for wall in walls}) == len(walls)
    assert {f"{wall.minute} {wall.hour} * * *" for wall in walls} == {text}
    assert walls[-1] - walls[0] == timedelta(days=len(walls) - 1)


def test_zones_without_daylight_saving_have_no_changes() -> None:
    assert list(changes(ZoneInfo("Etc/UTC"), NOW)) == []
    assert len(list(changes(ZoneInfo("Europe/Berlin"), NOW))) == 20
