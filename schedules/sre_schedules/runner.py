"""Runs the slots of schedules.

Claims each slot in the table, runs its job, retries after failures, and reports a final failure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sre_findings.clock import Now, real
from sre_findings.model.errors import SreError
from sre_findings.store.records.slots import slot_of
from sre_schedules.jobs import Outcome, Run
from sre_schedules.schedule import Schedule
from sre_schedules.slots import Attempt, Ended, Later, Slots

_LOOK = timedelta(seconds=10)  # interval between checks on another process
_AGAIN = timedelta(minutes=1)  # interval between attempts to use a table that does not respond
_STOPPED = 130

Log = Callable[[str, Mapping[str, Any]], None]
"""Writes one log line from an event and its fields."""
Committed = Callable[[datetime], bool]
"""Returns whether the newest snapshot was started at this time or later."""
Report = Callable[[Schedule, datetime, Outcome], None]
"""Reports that a slot has failed for good."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the slots of the schedules.

    ``now`` is the clock of the schedules, ``speed`` times as fast as ``wall``, the clock of leases.
    Several processes may run over one table, and each can be killed at any time: a slot is claimed
    before its job runs, a claim that is not renewed is taken over, and a job detects by itself if
    its work is already done (see ``jobs``).
    """

    schedules: Mapping[str, Schedule]
    slots: Slots
    run: Run
    log: Log
    report: Report
    stop: threading.Event
    now: Now = real
    speed: int = 1
    wall: Now = real
    running: dict[str, str] = field(default_factory=dict)
    is_there: Committed = lambda _: False

    def catch_up(self, name: str) -> None:
        """Runs the due slots of a schedule, oldest first, and those that become due meanwhile."""
        schedule, handled = self.schedules[name], set[datetime]()
        while not self.stop.is_set():
            fire = next((one for one in schedule.due(self.now()) if one not in handled), None)
            if fire is None:
                return
            if self._due(schedule, fire):
                self.do(schedule, fire)
            handled.add(fire)

    def do(self, schedule: Schedule, fire: datetime) -> Ended | None:
        """Runs one slot to its end, in this process or another.

        Returns None if this process stops before, or if the slot is missed.
        """
        while not self.stop.is_set():
            try:
                if self.now() - fire > schedule.grace:
                    self._missed(schedule, fire)
                    return None
                found = self.slots.take(schedule, fire, self.wall())
                if isinstance(found, Ended):
                    return found
                if isinstance(found, Attempt):
                    self._attempt(schedule, found)
                else:
                    self._wait(found)
            except SreError as error:
                self._log("table_unreadable", schedule, fire, detail=str(error))
                if self.now() - fire > schedule.grace:
                    return None
                self._pause(_AGAIN)
        return None

    def _due(self, schedule: Schedule, fire: datetime) -> bool:
        """Returns whether the schedule existed here when it fired.

        Waits while the table does not respond.
        """
        while not self.stop.is_set():
            try:
                return self.slots.begun(schedule, self.now()) <= fire
            except SreError as error:
                self._log("table_unreadable", schedule, fire, detail=str(error))
                self._pause(_AGAIN)
        return False

    def _attempt(self, schedule: Schedule, attempt: Attempt) -> None:
        """Runs the job once and records how it ended.

        A process that has to stop gives the attempt back.
        """
        began = self.wall()
        with self._held(attempt):
            followed = self._followed(schedule, attempt)
            self._log("started", schedule, attempt.fire, attempt=attempt.number)
            outcome = (
                Outcome(_STOPPED, "stopped")
                if self.stop.is_set()
                else self.run(schedule, attempt.fire, followed)
            )
        given_back = self.stop.is_set() and not outcome.done
        event = "done" if outcome.done else "given_back" if given_back else "failed"
        seconds = round((self.wall() - began).total_seconds(), 1)
        self._log(
            event,
            schedule,
            attempt.fire,
            attempt=attempt.number,
            exit_code=outcome.code,
            seconds=seconds,
            detail=outcome.detail,
        )
        if given_back:
            self.slots.give_back(attempt, self.wall())
        elif outcome.done:
            self.slots.done(attempt, self.wall(), outcome.detail)
        else:
            self._failed(schedule, attempt, outcome)

    def _failed(self, schedule: Schedule, attempt: Attempt, outcome: Outcome) -> None:
        """Records a failure.

        The last one is reported before it is recorded, so that a process that dies in between
        reports it again.
        """
        failures = attempt.failures + 1
        if failures >= schedule.attempts:
            self._reported(schedule, attempt.fire, outcome)
        self.slots.failed(attempt, self.wall(), outcome.detail, failures)

    def _missed(self, schedule: Schedule, fire: datetime) -> None:
        """Records and reports a slot as missed, unless another process runs it or it has ended."""
        if not isinstance(attempt := self.slots.take(schedule, fire, self.wall()), Attempt):
            return
        outcome = Outcome(_STOPPED, f"missed: not done within {schedule.grace}")
        self._log("missed", schedule, fire)
        self._failed(schedule, replace(attempt, failures=schedule.attempts - 1), outcome)

    def _followed(self, schedule: Schedule, attempt: Attempt) -> datetime | None:
        """Returns the slot of the schedule that this one follows, once it has ended.

        Also returns it when ``wait`` is over. None if it follows no schedule.
        """
        if schedule.after is None:
            return None
        first = self.schedules[schedule.after]
        fire = first.newest(attempt.fire)
        until = attempt.fire + schedule.wait
        while (
            (open_still := not self._ended(first, fire))
            and self.now() < until
            and not self.stop.is_set()
        ):
            self._pause(_LOOK)
        if open_still:
            self._log(
                "not_waited_for",
                schedule,
                attempt.fire,
                detail=f"{first.name} of {slot_of(fire)} has not ended",
            )
        return fire

    def _ended(self, first: Schedule, fire: datetime) -> bool:
        """Returns whether the slot that this one follows has ended.

        If no process claimed it, it can be a separate task, such as a scan in AWS. Then its
        snapshot decides.
        """
        if self.slots.state(first, fire) is not None:
            return True
        return not self.slots.outcome(first, fire) and self.is_there(fire)

    def _reported(self, schedule: Schedule, fire: datetime, outcome: Outcome) -> None:
        try:
            self.report(schedule, fire, outcome)
        except SreError as error:
            self._log("not_reported", schedule, fire, detail=str(error))

    @contextmanager
    def _held(self, attempt: Attempt) -> Iterator[None]:
        """Renews the attempt while the block runs."""
        over = threading.Event()
        keeping = threading.Thread(target=self._renew, args=(attempt, over), daemon=True)
        self.running[attempt.schedule] = slot_of(attempt.fire)
        keeping.start()
        try:
            yield
        finally:
            over.set()
            keeping.join()
            self.running.pop(attempt.schedule, None)

    def _renew(self, attempt: Attempt, over: threading.Event) -> None:
        while not over.wait(self.slots.lease.total_seconds() / 4):
            try:
                self.slots.renew(attempt, self.wall())
            except (
                SreError
            ) as error:  # the job goes on: a process that takes the slot over finds the work done
                self._log(
                    "not_renewed", self.schedules[attempt.schedule], attempt.fire, detail=str(error)
                )

    def _wait(self, later: Later) -> None:
        """Waits until another process may have ended, or the pause after a failure is over."""
        left = later.until - self.wall()
        self.stop.wait(
            max(0.01, min(left, _LOOK / self.speed if later.running else left).total_seconds())
        )

    def _pause(self, length: timedelta) -> None:
        """Waits for a time measured by the schedules' clock."""
        self.stop.wait(max(0.05, (length / self.speed).total_seconds()))

    def _log(self, event: str, schedule: Schedule, fire: datetime, **fields: Any) -> None:
        self.log(event, {"schedule": schedule.name, "slot": slot_of(fire), **fields})
