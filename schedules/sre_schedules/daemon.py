"""The long-running process for use without AWS.

APScheduler wakes each schedule, and the runner does what is due.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from sre_findings.clock import Now
from sre_findings.files import output
from sre_schedules.runner import Runner
from sre_schedules.schedule import Schedule

HEALTHY = timedelta(seconds=30)
"""The maximum age of a live process's health file."""
_END = 45.0  # seconds for jobs to end; ECS and systemd kill the process later than this


def run(
    runner: Runner, health: Path | None = None, bug: Callable[[str], None] = lambda _: None
) -> None:
    """Wakes every schedule at its times, and once at the start, until ``runner.stop`` is set.

    Then waits for running jobs. ``bug`` is called with the message of an unexpected error.
    """
    # APScheduler warns of overlapping fires, which the runner catches up on.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    every = runner.schedules.values()
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(len(every))}, timezone=UTC
    )
    for schedule in every:
        scheduler.add_job(
            runner.catch_up,
            trigger_of(schedule, runner.now, runner.speed),
            [schedule.name],
            id=schedule.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=int(schedule.grace.total_seconds()),
            next_run_time=datetime.now(UTC),
        )
    scheduler.add_listener(lambda event: bug(_words(event)), EVENT_JOB_ERROR)
    scheduler.start()
    try:
        _live(runner, health)
    finally:
        runner.stop.set()
        scheduler.shutdown(wait=True)


def _live(runner: Runner, health: Path | None) -> None:
    """Writes the health file until the process has to stop."""
    while True:
        if health is not None:
            with output(health) as file:
                file.write(json.dumps(state(runner)).encode())
        if runner.stop.wait((HEALTHY / 3).total_seconds()):
            return


def state(runner: Runner) -> dict[str, Any]:
    """Returns the content of the health file.

    It has the time of writing, the running jobs, and the next fire time of each schedule.
    """
    now = runner.now()
    following = {name: one.next(now).isoformat() for name, one in runner.schedules.items()}
    return {"at": datetime.now(UTC).isoformat(), "running": dict(runner.running), "next": following}


def trigger_of(schedule: Schedule, now: Now, speed: int) -> BaseTrigger:
    """Returns APScheduler's trigger for a schedule.

    With a faster clock, it fires when that clock reaches the schedule's fire times.
    """
    if speed == 1:
        return CronTrigger(**schedule.cron.apscheduler(), timezone=schedule.zone)
    return _Faster(schedule, now, speed)


class _Faster(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires when a faster clock reaches the schedule's fire times.

    The clock runs ``speed`` times as fast as the real one.
    """

    def __init__(self, schedule: Schedule, now: Now, speed: int) -> None:
        self._schedule, self._now, self._speed = schedule, now, speed

    def get_next_fire_time(self, previous_fire_time: Any, now: datetime) -> Any:  # noqa: ARG002 - the signature of the base
        """See BaseTrigger."""
        here = self._now()
        return now + (self._schedule.next(here) - here) / self._speed


def _words(event: JobExecutionEvent) -> str:
    return f"{event.job_id}: {type(event.exception).__name__}: {event.exception}"


@contextmanager
def until_signalled(
    stop: threading.Event, signals: Sequence[int] = (signal.SIGTERM, signal.SIGINT)
) -> Iterator[None]:
    """Sets ``stop`` on SIGTERM and SIGINT within the block."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
