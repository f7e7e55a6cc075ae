"""Runs checks at once, and waits no longer than it was told: a check that hangs is one that nobody
knows the outcome of."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_cli.doctor.check import FAILED, UNKNOWN, Check
from sre_findings.model.errors import SreError

AT_ONCE = 16  # threads


@dataclass(frozen=True, slots=True)
class Task:
    """``what`` names its check where it does not end in time, or fails as a whole."""

    what: str
    run: Callable[[], Sequence[Check] | Check]


Outcome = Sequence[Check] | Exception


def together(
    tasks: Sequence[Task], ends: float, clock: Callable[[], float] = time.monotonic
) -> list[Check]:
    """The checks of every task, in the tasks' order. After ``ends``, a moment of ``clock``, what
    has not ended is unknown.

    A bug of ours is raised; whatever a task says about the world (SreError) is its check. Threads
    that hang end with the process.
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

    for _ in range(min(AT_ONCE, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    return _gathered(tasks, done, ends, clock)


def _gathered(
    tasks: Sequence[Task],
    done: queue.SimpleQueue[tuple[int, Outcome]],
    ends: float,
    clock: Callable[[], float],
) -> list[Check]:
    found: dict[int, Sequence[Check]] = {}
    while len(found) < len(tasks):
        try:
            number, outcome = done.get(timeout=max(0.0, ends - clock()))
        except queue.Empty:
            break
        if isinstance(outcome, Exception):
            raise outcome
        found[number] = outcome
    late = "it did not answer in time"
    return [
        check
        for number, task in enumerate(tasks)
        for check in found.get(
            number,
            [
                Check(
                    task.what,
                    UNKNOWN,
                    late,
                    "Check the network, or allow more time with --timeout.",
                )
            ],
        )
    ]


def _outcome(task: Task) -> Outcome:
    try:
        found = task.run()
        return [found] if isinstance(found, Check) else found
    except SreError as error:
        return [Check(task.what, FAILED, error.reason, error.do)]
    except Exception as error:  # noqa: BLE001 - raised again where the checks are gathered
        return error
