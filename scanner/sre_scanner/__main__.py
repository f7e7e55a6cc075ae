"""``python -m sre_scanner``: one scan, for a scheduled task.

Settings come from the environment, and logs are JSON lines on stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import Interrupted, SreError, UsageError
from sre_findings.model.findings.finding import parse_status
from sre_findings.settings import Settings, load
from sre_findings.store.records.slots import normal, record_end
from sre_findings.store.urls import open_table

if TYPE_CHECKING:
    from sre_scanner.task import Flags

PARTIAL, NOTHING, INTERRUPTED = 3, 4, 130


class Log:
    """Logs progress as JSON lines."""

    def write(self, event: str, **fields: Any) -> None:
        """Writes one line."""
        sys.stdout.write(
            json.dumps({"at": datetime.now(UTC).isoformat(), "event": event, **fields}) + "\n"
        )
        sys.stdout.flush()

    def expect(self, region: str, findings: int) -> None:
        """Logs how many findings are expected from a region."""
        self.write("expect", region=region, findings=findings)

    def advance(self, region: str, findings: int) -> None:
        """Logs nothing: a scan reads thousands of pages."""

    def trouble(self, region: str, message: str) -> None:
        """Logs a problem that makes the snapshot partial."""
        self.write("trouble", region=region, message=message)


def main(arguments: list[str] | None = None) -> int:
    """Runs one scan. Returns the exit codes of ``sre-cli scan``."""
    asked = _parser().parse_args(arguments)
    # Arrow's default allocator reserves a gigabyte of address space when it is imported.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from sre_scanner.task import Flags

    log = Log()
    try:
        settings = load(os.environ, Path.cwd())
        statuses = [parse_status(s) for s in asked.status]
        flags = Flags(asked.region, statuses, asked.scope_file, asked.rate, slot=normal(asked.slot))
        return _slot(settings, log, flags, asked.attempts, asked.pause)
    except (Interrupted, KeyboardInterrupt):
        log.write("interrupted")
        return INTERRUPTED
    except SreError as error:
        log.write("failed", message=str(error))
        return NOTHING


def _slot(settings: Settings, log: Log, flags: Flags, attempts: int, pause: float) -> int:
    """Runs the scan, and records the outcome for the schedules that wait for this slot.

    If the scan fails, it is retried after a pause.
    """
    from sre_scanner.task import run

    for left in reversed(range(attempts)):
        try:
            commit = run(settings, log, flags)
        except UsageError:
            raise
        except SreError as error:
            if not left:
                _record(settings, log, flags.slot, done=False, detail=str(error))
                raise
            log.write("attempt_failed", message=str(error), attempts_left=left)
            time.sleep(pause)
        else:
            log.write("committed", **commit.to_json())
            _record(settings, log, flags.slot, done=True, detail=commit.snapshot_id)
            return 0 if commit.state == "complete" else PARTIAL
    raise AssertionError("the last attempt returns or raises")


def _record(settings: Settings, log: Log, slot: str, *, done: bool, detail: str) -> None:
    """Records how the slot ended.

    If that fails, schedules that follow this slot wait until their limit. The snapshot is not
    affected.
    """
    if not slot:
        return
    try:
        record_end(open_table(settings.table), slot, datetime.now(UTC), done=done, detail=detail)
    except SreError as error:
        log.write("slot_not_recorded", message=str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m sre_scanner",
        description="Scan Amazon Inspector and write a snapshot.",
    )
    parser.add_argument(
        "--region", action="append", default=[], help="scan this region (repeatable)"
    )
    parser.add_argument(
        "--status",
        action="append",
        default=[],
        help="finding status to read (repeatable; default: all except CLOSED)",
    )
    parser.add_argument(
        "--scope-file", type=Path, help="accounts and regions that the scan must cover (TOML)"
    )
    parser.add_argument(
        "--rate", type=float, default=10.0, help="requests per second in each region"
    )
    slot = "slot of a schedule, such as scan/2026-11-30T01:00Z; scanned only once"
    parser.add_argument("--slot", default="", help=slot)
    parser.add_argument(
        "--attempts",
        type=int,
        default=1,
        choices=range(1, 11),
        metavar="N",
        help="how often to try a scan that fails",
    )
    parser.add_argument("--pause", type=float, default=300.0, help="seconds between attempts")
    return parser


if __name__ == "__main__":
    sys.exit(main())
