"""From settings and flags to a scan, for the scheduled task and for the command line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from sre_findings.clock import clock
from sre_findings.engine.factory import publish
from sre_findings.files import user_text
from sre_findings.inspector.credentials import reader_of
from sre_findings.model.snapshots.scan_plan import Expectation, parse_expectation
from sre_findings.settings import Settings, open_owners
from sre_findings.store.records.slots import normal
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_blobs, open_key, open_table
from sre_scanner.discovery import discover
from sre_scanner.progress import Progress
from sre_scanner.scan import Request, scan

# Commits registered with the engine: the newest, and earlier ones that may not be registered.
PUBLISHED = 3


@dataclass(frozen=True, slots=True)
class Flags:
    """The options of a scan.

    Without regions, those of the settings or the scope file are scanned, or else all enabled
    regions.
    """

    regions: Sequence[str] = ()
    statuses: Sequence[str] = ()
    scope_file: Path | None = None
    rate: float = 10.0
    deadline: float = 300.0
    profile: str | None = None
    slot: str = ""


def run(settings: Settings, progress: Progress, flags: Flags) -> Commit:
    """Runs a scan with these options.

    SIGTERM, which ECS sends before SIGKILL, ends it like Ctrl-C, and nothing of it stays visible.
    """
    scope_file = flags.scope_file or settings.scope_file
    expectation = (
        parse_expectation(user_text(scope_file, "Check the scope file."))
        if scope_file
        else Expectation()
    )
    named = tuple(flags.regions) or settings.regions or expectation.regions
    who = flags.profile or reader_of(settings)
    found = discover(who, os.environ, regions=not named)
    request = Request(
        regions=named or found.regions,
        required=named,
        statuses=tuple(flags.statuses),
        expectation=expectation,
        owners=open_owners(settings),
        rate=flags.rate,
        deadline=flags.deadline,
        profile=who,
        notes=found.notes,
        caller=found.caller,
        account_names=found.account_names,
        slot=normal(flags.slot),
    )
    snapshots, table = (
        SnapshotWriter(
            open_blobs(settings.store, settings.kms_key), key=open_key(settings.signing_key)
        ),
        open_table(settings.table),
    )
    stop = threading.Event()
    with _stop_on_sigterm(stop):
        commit = scan(
            request, snapshots, table, progress=progress, stop=stop, now=clock(os.environ)[0]
        )
    publish(settings.engine, snapshots, snapshots.commits()[-PUBLISHED:])
    return commit


class _stop_on_sigterm:  # noqa: N801 - reads as a word where it is used
    """Sets the event on SIGTERM within the block.

    Does nothing outside of the main thread, where Python does not allow signal handlers.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop, self._main = stop, threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._main:
            self._before = signal.signal(signal.SIGTERM, self._set)

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGTERM, self._before)

    def _set(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()
