"""A schedule: a command of sre-cli, when it runs, and which schedule it follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo

from sre_schedules.cron import Cron

COMMANDS = ("scan", "report", "digest", "export", "snapshots")
"""The commands that a schedule may run. Running one twice for a slot does the work only once."""


MOST_DUE = 24


@dataclass(frozen=True, slots=True)
class Schedule:
    """One job and its times.

    ``command`` is the command line of sre-cli. ``after`` names the schedule whose slot must end
    before this one starts; after ``wait`` it starts anyway, and its command reports what is
    missing. A slot that could not start within ``grace`` is missed. A failed job is tried up to
    ``attempts`` times, ``pause`` apart.
    """

    name: str
    cron: Cron
    zone: ZoneInfo
    command: tuple[str, ...]
    after: str | None = None
    wait: timedelta = timedelta(hours=3)
    grace: timedelta = timedelta(hours=6)
    attempts: int = 3
    pause: timedelta = timedelta(minutes=5)

    def newest(self, at: datetime) -> datetime:
        """Returns the slot that is due at a given time: the newest fire time, in UTC."""
        return self.cron.newest(self.zone, at)

    def due(self, at: datetime) -> list[datetime]:
        """Returns the slots that can be due at a given time, oldest first.

        They are those within ``grace``, and the one before them, which may have been missed. For a
        schedule that fires often, at most the newest MOST_DUE are returned.
        """
        newest = self.newest(at)
        fires = chain([newest], self.cron.fires_before(self.zone, newest))
        within = list(takewhile(lambda fire: at - fire <= self.grace, islice(fires, MOST_DUE)))
        last = within[-1] if within else newest
        before = (
            [newest] if not within else list(islice(self.cron.fires_before(self.zone, last), 1))
        )
        return [*before, *reversed(within)]

    def next(self, after: datetime) -> datetime:
        """Returns the next fire time after a given time, in UTC."""
        return next(self.cron.fires(self.zone, after))
