"""What the scheduled task and the command line both do: settings and flags to a scan."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from sre_findings.inspector.client import first_line
from sre_findings.inspector.regions import configured_region, enabled_regions
from sre_findings.model.scope import DEFAULT_STATUSES, Expectation, parse_expectation
from sre_findings.settings import Settings
from sre_findings.store.blobs import open_blobs
from sre_findings.store.snapshots import Commit, Snapshots
from sre_findings.store.table import open_table
from sre_scanner.progress import Progress
from sre_scanner.scan import Request, scan


@dataclass(frozen=True, slots=True)
class Flags:
    """What a caller may ask of a scan. No regions: the scope file's, else all that the account has enabled."""

    regions: Sequence[str] = ()
    statuses: Sequence[str] = ()
    scope_file: Path | None = None
    rate: float = 10.0
    deadline: float = 300.0
    profile: str | None = None


def run(settings: Settings, progress: Progress, flags: Flags) -> Commit:
    """Scans as asked. SIGTERM, which ECS sends before it kills, ends it like Ctrl-C: nothing half done stays."""
    expectation = parse_expectation(flags.scope_file.read_text(encoding="utf-8")) if flags.scope_file else Expectation()
    named = tuple(flags.regions) or expectation.regions
    where, notes = (named, ()) if named else _all_regions(flags.profile)
    request = Request(
        regions=where,
        required=named,
        statuses=tuple(flags.statuses) or DEFAULT_STATUSES,
        expectation=expectation,
        owner_tag=settings.owner_tag,
        rate=flags.rate,
        deadline=flags.deadline,
        profile=flags.profile,
        notes=notes,
    )
    snapshots, table = Snapshots(open_blobs(settings.store)), open_table(settings.table)
    stop = threading.Event()
    with _stopping(stop):
        return scan(request, snapshots, table, progress=progress, stop=stop)


def _all_regions(profile: str | None) -> tuple[Sequence[str], tuple[str, ...]]:
    """The regions that EC2 calls enabled; without that permission the configured one, and a note that says so."""
    import botocore.exceptions  # noqa: PLC0415

    home = configured_region(profile, os.environ)
    try:
        return enabled_regions(profile, home), ()
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        return [home], (f"only {home} was scanned, for EC2 did not tell the enabled regions: {first_line(error)}",)


class _stopping:  # noqa: N801 - reads as a word where it is used
    """Within the block SIGTERM sets the event; outside the main thread signals are somebody else's."""

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
