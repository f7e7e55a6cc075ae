"""Creates the runner of schedules from the settings."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sre_findings.clock import clock
from sre_findings.model.errors import SreError
from sre_findings.service.factory import open_sources
from sre_findings.settings import Settings
from sre_findings.store.snapshots.reader import Snapshots
from sre_findings.store.urls import open_table
from sre_schedules.failure_alert import reporter
from sre_schedules.jobs import Child
from sre_schedules.runner import Log, Runner
from sre_schedules.schedule import Schedule
from sre_schedules.slots import LEASE, Slots

_SHORTEST_LEASE = timedelta(seconds=2)  # a slow process must not lose its slot


def open_runner(
    settings: Settings, schedules: Iterable[Schedule], environ: Mapping[str, str], log: Log
) -> Runner:
    """Returns a runner of these schedules.

    Its jobs are child processes with the same store and table.
    """
    now, speed = clock(environ)
    stop = threading.Event()
    slots = Slots(
        open_table(settings.table),
        f"{socket.gethostname()}:{os.getpid()}",
        max(LEASE / speed, _SHORTEST_LEASE),
        speed,
    )
    child = Child(stop, {**environ, "SRE_STORE": settings.store, "SRE_TABLE": settings.table})
    sources = open_sources(settings)
    report = reporter(settings, sources, lambda text: log("note", {"detail": text}))
    names = {one.name: one for one in schedules}
    return Runner(
        names,
        slots,
        child,
        log,
        report,
        stop,
        now,
        speed,
        is_there=lambda fire: _has_snapshot(sources.stores.snapshots, fire),
    )


def _has_snapshot(snapshots: Snapshots, fire: datetime) -> bool:
    """Returns whether a snapshot was started since ``fire``.

    False for a store that cannot be read: the job that runs next reports the error.
    """
    try:
        latest = snapshots.latest()
    except SreError:
        return False
    return latest is not None and latest.started_at >= fire
