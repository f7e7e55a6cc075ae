"""A restricted five-field cron expression that all engines and people read alike.

The engines are EventBridge Scheduler and APScheduler. Cron dialects disagree: ``1-5`` as weekdays
is Monday to Friday in cron, Tuesday to Saturday in APScheduler, and Sunday to Thursday in AWS. With
both day fields set, cron fires on either day, APScheduler on days that match both, and AWS rejects
it. Therefore weekdays are names, no range contains Sunday, and only one of the two day fields may
be set. Every rendering lists its values explicitly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from cronsim import CronSim

from sre_findings.model.errors import UsageError

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_HELP = "Five fields: minute hour day month weekday, such as '30 1 * * *' or '0 8 * * MON-FRI'."
_ITEM = re.compile(r"(\*|[0-9]{1,2}(?:-[0-9]{1,2})?)(?:/([0-9]{1,2}))?")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a cron expression: its name, minimum and maximum."""

    name: str
    low: int
    high: int

    @property
    def every(self) -> tuple[int, ...]:
        """All values of the field, the meaning of ``*``."""
        return tuple(range(self.low, self.high + 1))

    def parse(self, text: str) -> tuple[int, ...]:
        """Returns the values in a field's text, in order.

        Raises ValueError with the reason if the text is not valid.
        """
        values: set[int] = set()
        for item in text.split(","):
            values.update(self._item(item))
        return tuple(sorted(values))

    def _item(self, item: str) -> range:
        match = _ITEM.fullmatch(item)
        if match is None or (match[2] and "-" not in match[1] and match[1] != "*"):
            raise ValueError(f"{item!r} is not a value, a range, * or a step such as */15")
        first, _, last = match[1].partition("-")
        low, high = (self.low, self.high) if first == "*" else (int(first), int(last or first))
        step = int(match[2] or 1)
        # Engines disagree about a range of one value with a step, such as 5-5/2.
        if not self.low <= low <= high <= self.high or (last and low == high):
            raise ValueError(
                f"{item!r} is not within {self.low} to {self.high}, in ascending order"
            )
        if not 1 <= step <= self.high:
            raise ValueError(f"{item!r} has a step that is not within 1 to {self.high}")
        return range(low, high + 1, step)


MINUTE, HOUR, DAY, MONTH = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12),
)
_WEEKDAY = Field("weekday", 0, 6)  # Monday is 0, as in Python


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression as the values of each field.

    ``weekdays`` count from Monday (0), as in Python.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def __str__(self) -> str:
        """Returns the five fields as text."""
        return " ".join((*self._numbers(), _listed(self.weekdays, _WEEKDAY, WEEKDAYS)))

    def fires(self, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
        """Yields the fire times after ``after``, in UTC."""
        yield from (moment.astimezone(UTC) for moment in CronSim(str(self), after.astimezone(zone)))

    def fires_before(self, zone: ZoneInfo, before: datetime) -> Iterator[datetime]:
        """Yields the fire times before ``before``, newest first, in UTC."""
        yield from (
            moment.astimezone(UTC)
            for moment in CronSim(str(self), before.astimezone(zone), reverse=True)
        )

    def newest(self, zone: ZoneInfo, at: datetime) -> datetime:
        """Returns the last fire time at or before ``at``, in UTC."""
        return next(
            self.fires_before(zone, at.replace(second=0, microsecond=0) + timedelta(minutes=1))
        )

    def times_on(self, day: date) -> Iterator[tuple[int, int]]:
        """Yields hour and minute of each fire on a day, in local time."""
        if day.month in self.months and day.day in self.days and day.weekday() in self.weekdays:
            yield from ((hour, minute) for hour in self.hours for minute in self.minutes)

    def eventbridge(self) -> str:
        """Returns the expression for EventBridge Scheduler.

        It has six fields, and one of the two day fields is ``?``. Source: EventBridge Scheduler
        user guide, "Cron-based schedules".
        """
        minutes, hours, days, months = self._numbers()
        weekdays = _listed(self.weekdays, _WEEKDAY, WEEKDAYS)
        days, weekdays = ("?", weekdays) if days == "*" and weekdays != "*" else (days, "?")
        return f"cron({minutes} {hours} {days} {months} {weekdays} *)"

    def apscheduler(self) -> Mapping[str, str]:
        """Returns the fields of APScheduler's CronTrigger.

        Its ``from_crontab`` numbers weekdays differently.
        """
        minutes, hours, days, months = self._numbers()
        weekdays = _listed(self.weekdays, _WEEKDAY, WEEKDAYS).lower()
        return {
            "minute": minutes,
            "hour": hours,
            "day": days,
            "month": months,
            "day_of_week": weekdays,
            "second": "0",
        }

    def _numbers(self) -> tuple[str, str, str, str]:
        return (
            _listed(self.minutes, MINUTE),
            _listed(self.hours, HOUR),
            _listed(self.days, DAY),
            _listed(self.months, MONTH),
        )


def parse_cron(text: str) -> Cron:
    """Parses five fields of ``*``, n, a-b, lists, ``*/n`` and ``a-b/n``.

    Weekdays are given by name, such as ``MON-FRI``. Raises UsageError that names the field, also
    for expressions that engines read differently and for dates that never occur.
    """
    fields = text.split()
    if len(fields) != 5:
        raise UsageError(
            f"{text!r} has {len(fields)} fields", why="a cron expression has five", do=_HELP
        )
    minutes, hours, days, months = (
        _parsed(text, field, part)
        for field, part in zip((MINUTE, HOUR, DAY, MONTH), fields[:4], strict=True)
    )
    cron = Cron(minutes, hours, days, months, _weekdays(text, fields[4]))
    if cron.days != DAY.every and cron.weekdays != _WEEKDAY.every:
        why = "cron, APScheduler and AWS interpret two day fields differently"
        raise UsageError(
            f"{text!r} sets both the day and the weekday",
            why=why,
            do="Set one of them, and use * for the other.",
        )
    if not any(day <= _LONGEST_MONTHS[month - 1] for day in cron.days for month in cron.months):
        raise UsageError(
            f"{text!r} never fires",
            why="none of its months has that day",
            do="Check the day and the month.",
        )
    return cron


def parse_zone(name: str) -> ZoneInfo:
    """Returns an IANA time zone.

    Raises UsageError with zones of similar spelling if there is no zone of this name.
    """
    import zoneinfo

    from sre_findings.model.spelling import near

    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        close = near(name, sorted(zoneinfo.available_timezones()))
        do = (
            f"Did you mean {' or '.join(close)}?"
            if close
            else "Use an IANA name such as Europe/Berlin or Etc/UTC."
        )
        raise UsageError(f"{name!r} is not a time zone", do=do) from None


def _parsed(text: str, field: Field, part: str) -> tuple[int, ...]:
    try:
        return field.parse(part)
    except ValueError as error:
        raise UsageError(f"{text!r}: {field.name} {error}", do=_HELP) from None


def _weekdays(text: str, part: str) -> tuple[int, ...]:
    values: set[int] = set()
    for item in part.upper().split(","):
        first, dash, last = item.partition("-")
        if item == "*":
            values.update(_WEEKDAY.every)
        elif first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            why = (
                f"weekday {item!r} is not a name: numbers count from different days in cron,"
                " APScheduler and AWS"
            )
            raise UsageError(
                f"{text!r}", why=why, do=f"Use {', '.join(WEEKDAYS)}, ranges such as MON-FRI, or *."
            )
        elif dash and ("SUN" in (first, last) or WEEKDAYS.index(first) > WEEKDAYS.index(last)):
            why = (
                f"weekday {item!r} spans the end of the week, which starts on Sunday in AWS and"
                " on Monday elsewhere"
            )
            raise UsageError(f"{text!r}", why=why, do="List the days, such as SAT,SUN.")
        else:
            values.update(range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1))
    return tuple(sorted(values))


def _listed(values: Sequence[int], field: Field, names: Sequence[str] = ()) -> str:
    """Returns the values in the form that all engines read alike.

    The forms are ``*``, single values, and runs as ranges, none of which contains Sunday.
    """
    if tuple(values) == field.every:
        return "*"
    single = [value for value in values if names and value == field.high]
    rest = [value for value in values if value not in single]
    runs = [
        [value for _, value in run]
        for _, run in groupby(enumerate(rest), lambda pair: pair[1] - pair[0])
    ]
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs] + [
        str(one) for one in single
    ]
    if not names:
        return ",".join(texts)
    return re.sub(r"\d+", lambda found: names[int(found[0])], ",".join(texts))
