"""Runs checks concurrently until a deadline. A check that does not end in time is unknown."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_cli.doctor.check import FAILED, UNKNOWN, Check
from sre_findings.model.errors import SreError

THREADS = 16  # maximum number
_LATE = "no answer in time"
_MORE_TIME = "Check the network, or allow more time with --timeout."


@dataclass(frozen=True, slots=True)
class Task:
    """Checks to run. ``what`` names the check that replaces them if they fail or are late."""

    what: str
    run: Callable[[], Sequence[Check] | Check]


Outcome = Sequence[Check] | Exception


def run_tasks(
    tasks: Sequence[Task], ends: float, clock: Callable[[], float] = time.monotonic
) -> list[Check]:
    """Returns the checks of every task, in the order of the tasks.

    ``ends`` is a time of ``clock``, in seconds. A task that raises an SreError is a failed check;
    any other exception is raised. Threads that hang end with the process.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
    for number in range(len(tasks)):
        waiting.put(number)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((number, _outcome(tasks[number])))

    for _ in range(min(THREADS, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    found = _gathered(len(tasks), done, ends, clock)
    return [
        check
        for number, task in enumerate(tasks)
        for check in found.get(number, [Check(task.what, UNKNOWN, _LATE, _MORE_TIME)])
    ]


def _gathered(
    count: int,
    done: queue.SimpleQueue[tuple[int, Outcome]],
    ends: float,
    clock: Callable[[], float],
) -> dict[int, Sequence[Check]]:
    """Returns the checks of the tasks that ended in time, by the task's number."""
    found: dict[int, Sequence[Check]] = {}
    while len(found) < count:
        try:
            number, outcome = done.get(timeout=max(0.0, ends - clock()))
        except queue.Empty:
            break
        if isinstance(outcome, Exception):
            raise outcome
        found[number] = outcome
    return found


def _outcome(task: Task) -> Outcome:
    try:
        found = task.run()
        return [found] if isinstance(found, Check) else found
    except SreError as error:
        return [Check(task.what, FAILED, error.reason, error.do)]
    except Exception as error:  # noqa: BLE001 - raised again where the checks are gathered
        return error
