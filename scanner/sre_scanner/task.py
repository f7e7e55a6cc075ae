"""What the scheduled task and the command line both do: settings and flags to a scan."""

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
from sre_findings.inspector.credentials import reader_of
from sre_findings.model.snapshots.scan_plan import Expectation, parse_expectation
from sre_findings.settings import Settings, open_owners
from sre_findings.store.slots import normal
from sre_findings.store.snapshots import Commit, Snapshots
from sre_findings.store.urls import open_blobs, open_table
from sre_scanner.discovery import look_around
from sre_scanner.progress import Progress
from sre_scanner.scan import Request, scan

# commits told to the engine: the newest, and those before it that may have died on the way
PUBLISHED = 3


@dataclass(frozen=True, slots=True)
class Flags:
    """What a caller may ask of a scan. No regions: the settings', the scope file's, else all that
    are enabled."""

    regions: Sequence[str] = ()
    statuses: Sequence[str] = ()
    scope_file: Path | None = None
    rate: float = 10.0
    deadline: float = 300.0
    profile: str | None = None
    slot: str = ""


def run(settings: Settings, progress: Progress, flags: Flags) -> Commit:
    """Scans as asked. SIGTERM, which ECS sends before it kills, ends it like Ctrl-C: nothing half
    done stays."""
    scope_file = flags.scope_file or settings.scope_file
    expectation = (
        parse_expectation(scope_file.read_text(encoding="utf-8")) if scope_file else Expectation()
    )
    named = tuple(flags.regions) or settings.regions or expectation.regions
    who = flags.profile or reader_of(settings)
    around = look_around(who, os.environ, regions=not named)
    request = Request(
        regions=named or around.regions,
        required=named,
        statuses=tuple(flags.statuses),
        expectation=expectation,
        owners=open_owners(settings),
        rate=flags.rate,
        deadline=flags.deadline,
        profile=who,
        notes=around.notes,
        caller=around.caller,
        account_names=around.account_names,
        slot=normal(flags.slot),
    )
    snapshots, table = (
        Snapshots(open_blobs(settings.store, settings.kms_key)),
        open_table(settings.table),
    )
    stop = threading.Event()
    with _stopping(stop):
        commit = scan(
            request, snapshots, table, progress=progress, stop=stop, now=clock(os.environ)[0]
        )
    publish(settings.engine, snapshots, snapshots.commits()[-PUBLISHED:])
    return commit


class _stopping:  # noqa: N801 - reads as a word where it is used
    """Within the block SIGTERM sets the event; outside the main thread signals are somebody
    else's."""

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
