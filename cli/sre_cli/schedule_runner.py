"""Opens what runs schedules, from settings."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta

from sre_findings.ask.open import open_sources
from sre_findings.clock import clock
from sre_findings.settings import Settings
from sre_findings.store.open import open_table
from sre_schedules.jobs import Child
from sre_schedules.runner import Log, Runner
from sre_schedules.schedule import Schedule
from sre_schedules.slots import LEASE, Slots
from sre_schedules.trouble import reporter

_SHORTEST_LEASE = timedelta(seconds=2)  # a process that is merely slow must not lose its slot


def open_runner(settings: Settings, schedules: Iterable[Schedule], environ: Mapping[str, str], log: Log) -> Runner:
    """A runner of these schedules, whose jobs are child processes with the same store and table."""
    now, speed = clock(environ)
    stop = threading.Event()
    slots = Slots(open_table(settings.table), f"{socket.gethostname()}:{os.getpid()}", max(LEASE / speed, _SHORTEST_LEASE), speed)
    child = Child(stop, {**environ, "SRE_STORE": settings.store, "SRE_TABLE": settings.table})
    report = reporter(settings, open_sources(settings), lambda text: log("note", {"detail": text}))
    return Runner({one.name: one for one in schedules}, slots, child, log, report, stop, now, speed)
