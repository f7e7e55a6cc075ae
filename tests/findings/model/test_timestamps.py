"""Times and dates as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sre_findings.model.timestamps import iso, iso_date, utc_minute

AT = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (AT, "2026-11-22T01:02:03Z"),
        (AT.replace(microsecond=4_567), "2026-11-22T01:02:03.004Z"),
        (AT.astimezone(timezone(timedelta(hours=9))), "2026-11-22T01:02:03Z"),
        (None, None),
    ],
)
def test_a_time_is_in_utc_with_milliseconds_only_if_not_zero(
    moment: datetime | None, text: str | None
) -> None:
    assert iso(moment) == text


def test_a_date_has_no_time() -> None:
    assert (
        iso_date(date(2026, 1, 2)) == iso_date(datetime(2026, 1, 2, 23, tzinfo=UTC)) == "2026-01-02"
    )
    assert iso_date(None) is None


def test_messages_show_minutes() -> None:
    assert utc_minute(AT) == "2026-11-22 01:02 UTC"
