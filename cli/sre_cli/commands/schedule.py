"""sre-cli schedule."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_cli import exit_codes, options
from sre_cli.command_names import ShortNames
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre_cli.render.table import Column
    from sre_schedules.runner import Runner
    from sre_schedules.schedule import Schedule

_FILE = "Schedule file, or a folder of *.yaml. Default: the nightly schedules of the product."
file_option = click.option(
    "--file", "path", type=click.Path(exists=True, path_type=Path), help=_FILE
)


@click.group("schedule", cls=ShortNames)
def command() -> None:
    """List or run the schedules of scans, reports and digests.

    In AWS, EventBridge Scheduler runs them; elsewhere, `sre-cli schedule run`.
    """


@command.command("list")
@file_option
@options.output_option
@options.store_options
def list_(settings: Settings, path: Path | None, output: str) -> int:
    """List all schedules, with next and last run.

    --output json also has the expression for EventBridge Scheduler.
    """
    from sre_cli.render import schedules

    rows = schedules.listed(_load(path), settings, _now())
    return _show(rows, schedules.LISTED, output)


@command.command("next")
@file_option
@click.option(
    "-n",
    "--count",
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Number of runs.",
)
@options.output_option
def next_(path: Path | None, count: int, output: str) -> int:
    """List the next runs of all schedules.

    Times are in UTC and in the time zone of the schedule.
    """
    from sre_cli.render import schedules

    return _show(schedules.coming(_load(path), _now(), count), schedules.COMING, output)


@command.command("run")
@file_option
@click.option(
    "--health",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Health file, written every ten seconds.",
)
@click.option(
    "--speed",
    type=click.IntRange(1, 86_400),
    default=1,
    show_default=True,
    help="Run the clock this many times faster, for tests: 3600 runs a day in 24 seconds.",
)
@options.store_options
def run(settings: Settings, path: Path | None, health: Path | None, speed: int) -> int:
    """Run the schedules on this machine.

    Runs until SIGTERM or Ctrl-C, and prints a line of JSON for each job. Each slot is claimed in
    the table: several processes can run at once, and one that was killed can be restarted. No slot
    runs twice, and none is skipped. A failed job is retried, then reported in the channels of the
    digest.

    \b
    sre-cli schedule run
    sre-cli schedule run --file schedules.yaml --health /tmp/schedules.json
    sre-cli schedule run --speed 3600
    """
    from sre_schedules import daemon

    if speed > 1:
        _hurry(speed)
    runner = _runner(settings, path)
    with daemon.until_signalled(runner.stop):
        daemon.run(runner, health, bug=lambda text: _log("bug", {"detail": text}))
    return exit_codes.ANSWERED


@command.command("job")
@file_option
@click.argument("name")
@click.option(
    "--slot",
    metavar="WHEN",
    type=options.MOMENT,
    help="Time of the slot, or any time until the next one. Default: the slot due now.",
)
@options.store_options
def job(settings: Settings, path: Path | None, name: str, slot: datetime | None) -> int:
    """Run one slot of one schedule. EventBridge Scheduler calls this.

    It is safe to call again: a slot runs only once.

    \b
    sre-cli schedule job scan --slot 2026-11-30T01:00Z
    """
    from sre_schedules import daemon

    runner = _runner(settings, path)
    schedule = _named(name, runner)
    fire = schedule.newest(slot or runner.now())
    with daemon.until_signalled(runner.stop):
        ended = runner.do(schedule, fire)
    if runner.stop.is_set():
        return exit_codes.INTERRUPTED
    return exit_codes.ANSWERED if ended and ended.done else exit_codes.UNREADABLE


def _load(path: Path | None) -> list[Schedule]:
    from sre_schedules.schedule_file import load

    return load(path, _now())


def _runner(settings: Settings, path: Path | None) -> Runner:
    """Returns the runner of the schedules in ``path``, with the store, table and channels set."""
    from sre_cli.schedule_runner import open_runner

    return open_runner(settings, _load(path), os.environ, _log)


def _named(name: str, runner: Runner) -> Schedule:
    try:
        return runner.schedules[name]
    except KeyError:
        raise UsageError(
            f"there is no schedule {name!r}", do=f"Schedules: {', '.join(runner.schedules)}."
        ) from None


def _now() -> datetime:
    from sre_findings.clock import clock

    return clock(os.environ)[0]()


def _hurry(speed: int) -> None:
    """Sets a faster clock for this process and its jobs, unless one is already set."""
    from sre_findings.clock import VARIABLE, real

    os.environ.setdefault(VARIABLE, f"{speed}@{real().isoformat()}")


def _log(event: str, fields: Any) -> None:
    from sre_findings.clock import real

    click.echo(
        json.dumps({"at": real().isoformat(timespec="milliseconds"), "event": event, **fields})
    )


def _show(rows: list[dict[str, Any]], columns: Sequence[Column], output: str) -> int:
    from sre_cli.render.records import render_records

    click.echo(render_records(rows, columns, output))
    return exit_codes.ANSWERED
