"""Slots of schedules in the table: each fire of a schedule is one slot, and of any number of
processes one has it.

An attempt is claimed by the conditional write. Who has one renews it while the job runs; one that
is not renewed belonged to a process that died, and the next attempt may be made. Rows go after
KEPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sre_findings.store.slots import (
    DONE,
    FAILED,
    GIVEN_BACK,
    GIVEN_UP,
    KEPT,
    RUNNING,
    partition_of,
    slot_of,
)
from sre_findings.store.table import Row, Table
from sre_schedules.schedule import Schedule

LEASE = timedelta(minutes=2)
"""How long an attempt is held without being renewed, by the real clock."""
_BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to do a slot's job, held until it is renewed no more. ``fire`` is the slot; numbers
    count from 1.

    ``failures`` are those before it: an attempt that was killed or given back is none.
    """

    schedule: str
    fire: datetime
    number: int
    failures: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A slot that needs nothing more: its job is done, or failed as often as it may."""

    done: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: another process has the slot, or the pause after a failure is not over, until
    ``until`` at the latest."""

    until: datetime
    running: bool


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of every schedule in one table. ``owner`` is this process, ``lease`` how long an
    attempt is held.

    Leases and pauses run by the real clock, whatever clock schedules fire by; ``speed`` shortens
    pauses by that clock.
    """

    table: Table
    owner: str
    lease: timedelta = LEASE
    speed: int = 1

    def take(self, schedule: Schedule, fire: datetime, now: datetime) -> Attempt | Ended | Later:
        """The next attempt at a slot, or why there is none to make."""
        found = self._newest(schedule.name, fire)
        if found is None:
            return self._claimed(Attempt(schedule.name, fire, 1, 0), now)
        number, values = found
        state, failures = values["state"], values["failures"]
        if state in (DONE, GIVEN_UP) or failures >= schedule.attempts:
            return Ended(state == DONE, values["detail"])
        until = _until(values, schedule.pause / self.speed)
        if now < until:
            return Later(until, state == RUNNING)
        return self._claimed(Attempt(schedule.name, fire, number + 1, failures), now)

    def state(self, schedule: Schedule, fire: datetime) -> Ended | None:
        """How a slot ended; None while it has not, or nobody began it."""
        _, values = self._newest(schedule.name, fire) or (
            0,
            {"state": "", "failures": 0, "detail": ""},
        )
        done = values["state"] == DONE
        over = done or values["state"] == GIVEN_UP or values["failures"] >= schedule.attempts
        return Ended(done, values["detail"]) if over else None

    def outcome(self, schedule: Schedule, fire: datetime) -> str:
        """How a slot stands, in words: nothing of it, running, done or failed, with what it
        said."""
        _, values = self._newest(schedule.name, fire) or (0, {})
        return ": ".join(
            str(values[name]) for name in ("state", "detail") if values.get(name)
        ).replace("_", " ")

    def begun(self, schedule: Schedule, now: datetime) -> datetime:
        """Since when this schedule is run over this table: slots of before that are nobody's. The
        first call sets it."""
        partition = partition_of(schedule.name)
        self.table.create(Row(partition, _BEGUN, {"at": now.isoformat()}))
        return datetime.fromisoformat(
            next(iter(self.table.query(partition, _BEGUN, _BEGUN))).values["at"]
        )

    def renew(self, attempt: Attempt, now: datetime) -> None:
        """Holds the attempt for another lease from now."""
        self._write(attempt, RUNNING, now)

    def give_back(self, attempt: Attempt, now: datetime) -> None:
        """Lets another process make the next attempt at once: this one is to stop."""
        self._write(attempt, GIVEN_BACK, now)

    def done(self, attempt: Attempt, now: datetime, detail: str) -> None:
        """Says that the slot's job is done."""
        self._write(attempt, DONE, now, detail)

    def failed(self, attempt: Attempt, now: datetime, detail: str, failures: int) -> None:
        """Says that it failed, and how often it has by now."""
        self._write(attempt, FAILED, now, detail, failures)

    def _claimed(self, attempt: Attempt, now: datetime) -> Attempt | Later:
        if self.table.create(self._row(attempt, RUNNING, now)):
            return attempt
        return Later(now + self.lease, running=True)

    def _newest(self, schedule: str, fire: datetime) -> tuple[int, Mapping[str, Any]] | None:
        slot = slot_of(fire)
        row = next(
            iter(self.table.query(partition_of(schedule), f"{slot}#", f"{slot}#~", newest=1)), None
        )
        return (int(row.sort.rpartition("#")[2]), row.values) if row else None

    def _write(
        self,
        attempt: Attempt,
        state: str,
        now: datetime,
        detail: str = "",
        failures: int | None = None,
    ) -> None:
        self.table.put([self._row(attempt, state, now, detail, failures)])

    def _row(
        self,
        attempt: Attempt,
        state: str,
        now: datetime,
        detail: str = "",
        failures: int | None = None,
    ) -> Row:
        values = {
            "state": state,
            "owner": self.owner,
            "at": now.isoformat(),
            "until": (now + self.lease).isoformat(),
            "detail": detail,
            "failures": attempt.failures if failures is None else failures,
        }
        sort = f"{slot_of(attempt.fire)}#{attempt.number:06}"
        return Row(partition_of(attempt.schedule), sort, values, int((now + KEPT).timestamp()))


def _until(values: Mapping[str, Any], pause: timedelta) -> datetime:
    """Until when an attempt keeps the next one from being made."""
    at = datetime.fromisoformat(values["at"])
    match values["state"]:
        case "running":
            return datetime.fromisoformat(values["until"])
        case "failed":
            return at + pause
        case _:
            return at
