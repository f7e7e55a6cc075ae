"""Schedules as records: the list of schedules, and their next runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sre_cli.render.table import Column
from sre_findings.settings import Settings
from sre_findings.store.records.slots import slot_of
from sre_findings.store.urls import open_table
from sre_schedules.schedule import Schedule
from sre_schedules.slots import Slots

LISTED = (
    Column("Name"),
    Column("Cron"),
    Column("Timezone", drop=1),
    Column("Command", floor=16),
    Column("After", drop=3),
    Column("Next"),
    Column("Last", drop=2),
    Column("Outcome", floor=10, drop=4),
)
COMING = (Column("At"), Column("Local", drop=1), Column("Name"), Column("Command", floor=16))


def listed(
    schedules: Iterable[Schedule], settings: Settings, now: datetime
) -> list[dict[str, Any]]:
    """Returns one record for each schedule.

    It has the next run, and the outcome of the last slot if the table has it.
    """
    slots = Slots(open_table(settings.table), owner="")
    return [_row(one, slots, now) for one in schedules]


def coming(schedules: Iterable[Schedule], now: datetime, count: int) -> list[dict[str, Any]]:
    """Returns the next ``count`` runs of all schedules, earliest first."""
    fires = islice(merge(*(_fires(one, now) for one in schedules), key=lambda pair: pair[0]), count)
    return [
        {
            "at": slot_of(fire),
            "local": f"{fire.astimezone(one.zone):%a %Y-%m-%d %H:%M} {one.zone.key}",
            "name": one.name,
            "command": _command(one),
        }
        for fire, one in fires
    ]


def _fires(one: Schedule, now: datetime) -> Iterator[tuple[datetime, Schedule]]:
    return ((fire, one) for fire in one.cron.fires(one.zone, now))


def _row(one: Schedule, slots: Slots, now: datetime) -> dict[str, Any]:
    last = one.newest(now)
    return {
        "name": one.name,
        "cron": str(one.cron),
        "timezone": one.zone.key,
        "command": _command(one),
        "after": one.after,
        "next": slot_of(one.next(now)),
        "last": slot_of(last),
        "outcome": slots.outcome(one, last),
        "eventbridge": one.cron.eventbridge(),
    }


def _command(one: Schedule) -> str:
    return " ".join(("sre-cli", *one.command))
