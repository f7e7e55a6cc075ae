"""sre-cli schedule."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_cli import exits, options
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre_cli.table import Column
    from sre_schedules.runner import Runner
    from sre_schedules.schedule import Schedule

_FILE = "A schedule file, or a folder of *.yaml. Default: the product's own nightly schedules."
file_option = click.option(
    "--file", "path", type=click.Path(exists=True, path_type=Path), help=_FILE
)


@click.group("schedule")
def command() -> None:
    """When scans, reports and digests run: list them, see the next, or run them here.

    In AWS, EventBridge Scheduler runs them. Without AWS, `sre-cli schedule run` does.
    """


@command.command("list")
@file_option
@options.output_option
@options.store_options
def list_(settings: Settings, path: Path | None, output: str) -> int:
    """Every schedule: its times, its command, its next fire, and how its last slot went.

    --output json also has the expression for EventBridge Scheduler.
    """
    from sre_cli import schedule_rows

    rows = schedule_rows.listed(_load(path), settings, _now())
    return _show(rows, schedule_rows.LISTED, output)


@command.command("next")
@file_option
@click.option(
    "-n",
    "--count",
    default=10,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many fires.",
)
@options.output_option
def next_(path: Path | None, count: int, output: str) -> int:
    """The next fires of all schedules, in UTC and in each schedule's own time zone."""
    from sre_cli import schedule_rows

    return _show(schedule_rows.coming(_load(path), _now(), count), schedule_rows.COMING, output)


@command.command("run")
@file_option
@click.option(
    "--health",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write this file every ten seconds.",
)
@click.option(
    "--speed",
    type=click.IntRange(1, 86_400),
    default=1,
    show_default=True,
    help="Run the clock this many times as fast: 3600 tries a night in 24 seconds.",
)
@options.store_options
def run(settings: Settings, path: Path | None, health: Path | None, speed: int) -> int:
    """Run the schedules here until SIGTERM or Ctrl-C: a line of JSON on stdout for each job.

    Each slot is claimed in the table, so several of these may run at once, and one that was killed
    may be started again: no slot is done twice, and none is skipped. A job that fails is tried
    again, then reported in the digest's channels.

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
        daemon.run(runner, health, bug=lambda text: _say("bug", {"detail": text}))
    return exits.ANSWERED


@command.command("job")
@file_option
@click.argument("name")
@click.option(
    "--slot",
    metavar="WHEN",
    type=options.MOMENT,
    help="The slot: any moment from its fire on. Default: the one that is due now.",
)
@options.store_options
def job(settings: Settings, path: Path | None, name: str, slot: datetime | None) -> int:
    """Do one slot of one schedule, once, whoever asks and however often. EventBridge Scheduler
    calls this.

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
        return exits.INTERRUPTED
    return exits.ANSWERED if ended and ended.done else exits.UNREADABLE


def _load(path: Path | None) -> list[Schedule]:
    from sre_schedules.schedule_file import load

    return load(path, _now())


def _runner(settings: Settings, path: Path | None) -> Runner:
    """What does the slots of a file's schedules, with the store, table and channels of the
    settings."""
    from sre_cli.schedule_runner import open_runner

    return open_runner(settings, _load(path), os.environ, _say)


def _named(name: str, runner: Runner) -> Schedule:
    try:
        return runner.schedules[name]
    except KeyError:
        raise UsageError(
            f"there is no schedule {name!r}", do=f"Schedules are {', '.join(runner.schedules)}."
        ) from None


def _now() -> datetime:
    from sre_findings.clock import clock

    return clock(os.environ)[0]()


def _hurry(speed: int) -> None:
    """A faster clock for this process and the jobs that it starts, unless one is set already."""
    from sre_findings.clock import VARIABLE, real

    os.environ.setdefault(VARIABLE, f"{speed}@{real().isoformat()}")


def _say(event: str, fields: Any) -> None:
    from sre_findings.clock import real

    click.echo(
        json.dumps({"at": real().isoformat(timespec="milliseconds"), "event": event, **fields})
    )


def _show(rows: list[dict[str, Any]], columns: Sequence[Column], output: str) -> int:
    from sre_cli.plain_rows import render_rows

    click.echo(render_rows(rows, columns, output))
    return exits.ANSWERED
