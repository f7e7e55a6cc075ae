"""Runs one job: a command of sre-cli in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from sre_findings.store.records.slots import slot_of
from sre_schedules.schedule import Schedule

PARTIAL = 3
# Commands that record the slot with their output, and do nothing if it is already recorded.
_SLOTTED = ("scan",)
_SINCE = (
    "report",
    "digest",
)  # commands that need a snapshot since the slot, and report if there is none
_LOOK = 0.2  # seconds between checks whether a job has ended
_TAIL = 8192  # bytes at the end of a job's output that are read
_END = 30.0  # seconds for a job to end after SIGTERM


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: its exit code, and the last line of its stderr.

    Exit code 3 (partial) is not a failure: the snapshot lists what is missing, and trying again at
    once rarely helps.
    """

    code: int
    detail: str

    @property
    def done(self) -> bool:
        """Whether the slot needs no further attempt."""
        return self.code in (0, PARTIAL)


Run = Callable[[Schedule, datetime, "datetime | None"], Outcome]
"""Runs the job of a schedule for a slot.

The third argument is the slot of the schedule that it follows.
"""


@dataclass(frozen=True, slots=True)
class Child:
    """Runs jobs as child processes. Setting ``stop`` ends the running one, like SIGTERM."""

    stop: threading.Event = field(default_factory=threading.Event)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    program: Sequence[str] = (sys.executable, "-m", "sre_cli")

    def __call__(self, schedule: Schedule, fire: datetime, followed: datetime | None) -> Outcome:
        """Runs the job; see Run."""
        # With a pipe, the end of this process would interrupt the job.
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(  # noqa: S603 - our own program, with words that the schedule file's reader has checked
                [*self.program, *arguments(schedule, fire, followed)],
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            with child:
                self._wait(child)
            return Outcome(child.returncode, _last_line(errors))

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        """Waits for the child process. If ``stop`` is set, sends SIGTERM and later SIGKILL."""
        while child.poll() is None:
            if self.stop.wait(_LOOK):
                child.terminate()
                try:
                    child.wait(_END)
                except subprocess.TimeoutExpired:
                    child.kill()


def _last_line(file: BinaryIO) -> str:
    """Returns the last line of a file that is not blank."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def arguments(schedule: Schedule, fire: datetime, followed: datetime | None) -> list[str]:
    """Returns the command line of sre-cli for a slot."""
    words = list(schedule.command)
    if words[0] in _SLOTTED:
        words += ["--slot", f"{schedule.name}/{slot_of(fire)}"]
    if words[0] in _SINCE and followed is not None:
        words += ["--since", slot_of(followed)]
    return words
