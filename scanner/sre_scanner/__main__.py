"""``python -m sre_scanner``: the scheduled task. Settings come from the environment; logs are JSON lines on stdout."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sre_findings.model.errors import Interrupted, SreError
from sre_findings.model.status import parse_status
from sre_findings.settings import load
from sre_scanner.start import Flags, run

PARTIAL, NOTHING, INTERRUPTED = 3, 4, 130


class Log:
    """Progress as structured lines, for CloudWatch."""

    def say(self, event: str, **fields: Any) -> None:
        """One line."""
        sys.stdout.write(json.dumps({"at": datetime.now(UTC).isoformat(), "event": event, **fields}) + "\n")
        sys.stdout.flush()

    def expect(self, region: str, findings: int) -> None:
        """About so many will come."""
        self.say("expect", region=region, findings=findings)

    def advance(self, region: str, findings: int) -> None:
        """Pages are not logged: there are ten thousand of them."""

    def trouble(self, region: str, message: str) -> None:
        """What will stand in the certificate."""
        self.say("trouble", region=region, message=message)


def main(arguments: list[str] | None = None) -> int:
    """Scans once; exit codes as those of ``sre-cli scan``."""
    asked = _parser().parse_args(arguments)
    log = Log()
    try:
        settings = load(os.environ, Path.cwd())
        statuses = [parse_status(s) for s in asked.status]
        commit = run(settings, log, Flags(asked.region, statuses, asked.scope_file, asked.rate, slot=asked.slot))
    except (Interrupted, KeyboardInterrupt):
        log.say("interrupted")
        return INTERRUPTED
    except SreError as error:
        log.say("failed", message=str(error))
        return NOTHING
    log.say("committed", **commit.to_json())
    return 0 if commit.state == "complete" else PARTIAL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m sre_scanner", description="Collect every Amazon Inspector finding into a snapshot."
    )
    parser.add_argument("--region", action="append", default=[], help="scan this region (again for more)")
    parser.add_argument("--status", action="append", default=[], help="finding statuses (default: all but closed)")
    parser.add_argument("--scope-file", type=Path, help="what must be there (TOML)")
    parser.add_argument("--rate", type=float, default=10.0, help="requests a second and region")
    parser.add_argument("--slot", default="", help="the schedule and its fire: does nothing where it has a snapshot")
    return parser


if __name__ == "__main__":
    sys.exit(main())
