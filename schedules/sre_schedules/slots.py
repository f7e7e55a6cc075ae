"""Slots of schedules in the table.

Each fire time of a schedule is one slot, which only one process runs. A process claims an attempt
with a conditional write, and renews the claim while the job runs. A claim that is not renewed
belonged to a process that died, and the next attempt may be made. Rows are deleted after KEPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sre_findings.store.records.slots import (
    DONE,
    FAILED,
    GIVEN_BACK,
    GIVEN_UP,
    KEPT,
    RUNNING,
    partition_of,
    slot_of,
)
from sre_findings.store.records.table import Row, Table
from sre_schedules.schedule import Schedule

LEASE = timedelta(minutes=2)
"""How long a claim is valid without being renewed, by the real clock."""
_BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claim to run a slot's job, valid while it is renewed.

    ``fire`` is the slot. Attempts are numbered from 1. ``failures`` is the number of failed
    attempts before it; an attempt that was killed or given back does not count.
    """

    schedule: str
    fire: datetime
    number: int
    failures: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A slot that needs no further attempt: its job is done, or has failed for the last time."""

    done: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Later:
    """A slot that cannot be claimed now.

    Another process has it, or it is in the pause after a failure. ``until`` is the latest end of
    that.
    """

    until: datetime
    running: bool


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of all schedules in one table.

    ``owner`` is this process, and ``lease`` is how long a claim is valid. Leases and pauses use the
    real clock, whatever clock the schedules use; ``speed`` shortens pauses accordingly.
    """

    table: Table
    owner: str
    lease: timedelta = LEASE
    speed: int = 1

    def take(self, schedule: Schedule, fire: datetime, now: datetime) -> Attempt | Ended | Later:
        """Claims the next attempt at a slot, or returns why there is none."""
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
        """Returns how a slot ended. None if it has not ended or not started."""
        _, values = self._newest(schedule.name, fire) or (
            0,
            {"state": "", "failures": 0, "detail": ""},
        )
        done = values["state"] == DONE
        over = done or values["state"] == GIVEN_UP or values["failures"] >= schedule.attempts
        return Ended(done, values["detail"]) if over else None

    def outcome(self, schedule: Schedule, fire: datetime) -> str:
        """Returns the state of a slot: an empty text, running, done or failed, with its detail."""
        _, values = self._newest(schedule.name, fire) or (0, {})
        return ": ".join(
            str(values[name]) for name in ("state", "detail") if values.get(name)
        ).replace("_", " ")

    def begun(self, schedule: Schedule, now: datetime) -> datetime:
        """Returns since when this schedule has run over this table; earlier slots are ignored.

        The first call sets it.
        """
        partition = partition_of(schedule.name)
        self.table.create(Row(partition, _BEGUN, {"at": now.isoformat()}))
        return datetime.fromisoformat(
            next(iter(self.table.query(partition, _BEGUN, _BEGUN))).values["at"]
        )

    def renew(self, attempt: Attempt, now: datetime) -> None:
        """Renews the claim for another lease from now."""
        self._write(attempt, RUNNING, now)

    def give_back(self, attempt: Attempt, now: datetime) -> None:
        """Gives the claim back, so that another process can make the next attempt at once."""
        self._write(attempt, GIVEN_BACK, now)

    def done(self, attempt: Attempt, now: datetime, detail: str) -> None:
        """Records that the slot's job is done."""
        self._write(attempt, DONE, now, detail)

    def failed(self, attempt: Attempt, now: datetime, detail: str, failures: int) -> None:
        """Records that the attempt failed, with the number of failures so far."""
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
    """Returns until when an attempt blocks the next one."""
    at = datetime.fromisoformat(values["at"])
    match values["state"]:
        case "running":
            return datetime.fromisoformat(values["until"])
        case "failed":
            return at + pause
        case _:
            return at
