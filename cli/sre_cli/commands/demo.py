"""sre-cli demo."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sre_cli import exit_codes, options
from sre_cli.messages import tell_as_is
from sre_findings.model.errors import UsageError
from sre_findings.settings import Settings, beside, data_folder

if TYPE_CHECKING:
    from sre_findings.store.snapshots.writer import SnapshotWriter
    from sre_simulator.fleet import Fleet

# Marks a store that has only a demo, so that the next demo may replace it.
MARK = "demo.json"


@click.command("demo")
@click.option(
    "--nights",
    default=5,
    show_default=True,
    type=click.IntRange(1, 30),
    help="Number of daily scans to simulate.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the random findings.")
def command(nights: int, seed: int) -> int:
    """Try it on a simulated organization, without an AWS account.

    Starts a local simulator of Inspector with instances, images and functions, and scans it once
    for each simulated day. Then shows the findings of one instance, exports them as CSV and writes
    a report for each day. Everything is stored in SRE_STORE, or in a demo folder if it is not set.
    """
    from sre_reports.wording import number
    from sre_simulator.fleet import default_fleet

    settings = _settings()
    home = Path(settings.store.removeprefix("file://")).absolute()
    fleet = default_fleet(seed=seed, nights=nights, now=datetime.now(UTC) - timedelta(minutes=1))
    snapshots = _empty_store(settings, home)
    tell_as_is(
        f"Simulated organization: {number(len(fleet.accounts), 'account')},"
        f" {number(len(fleet.regions), 'region')}, {number(nights, 'daily scan')}."
    )
    tell_as_is("")
    _scan_days(fleet, snapshots, settings)
    _query(settings)
    files = _write_files(settings, home, fleet.nights)
    _next_steps(home, files)
    return exit_codes.ANSWERED


def _settings() -> Settings:
    """Returns settings with the store in SRE_STORE, or in the demo folder if it is not set."""
    from sre_findings.settings import load

    store = os.environ.get("SRE_STORE") or str(data_folder() / "demo")
    if store.startswith("s3://"):
        raise UsageError(
            "the demo needs a store in a folder", do="Unset SRE_STORE, or set it to a folder."
        )
    return load(os.environ | {"SRE_STORE": store}, Path("/nonexistent"))


def _empty_store(settings: Settings, home: Path) -> SnapshotWriter:
    """Returns a store without snapshots, and deletes an earlier demo.

    Raises UsageError for any other store that has snapshots.
    """
    from sre_findings.store.snapshots.writer import SnapshotWriter
    from sre_findings.store.urls import open_blobs

    snapshots = SnapshotWriter(open_blobs(settings.store))
    if (home / MARK).exists() and settings.table == beside(settings.store):
        shutil.rmtree(home)
    if snapshots.latest() is not None:
        raise UsageError(
            f"{home} already has snapshots", do="Set SRE_STORE to an empty folder for the demo."
        )
    with snapshots.blobs.write(MARK) as file:
        file.write(b'{"simulated": true}\n')
    return snapshots


def _scan_days(fleet: Fleet, snapshots: SnapshotWriter, settings: Settings) -> None:
    from sre_cli.render.snapshots import render_commit
    from sre_findings.model.resources.owners import Owners
    from sre_findings.store.urls import open_table
    from sre_scanner.scan import Request, scan
    from sre_simulator.inspector.server import Simulator

    table = open_table(settings.table)
    request = Request(
        regions=fleet.regions,
        required=fleet.regions,
        owners=Owners(settings.owner_tag),
        rate=1000.0,
    )
    with Simulator(fleet) as simulator, _pointed_at(simulator.url):
        for day in fleet.nights:
            simulator.clock = day
            for line in render_commit(
                scan(request, snapshots, table, now=_clock(day))
            ).splitlines():
                tell_as_is(line)


def _clock(day: datetime) -> Callable[[], datetime]:
    """Returns a clock that starts at ``day`` and advances in real time."""
    began = time.monotonic()
    return lambda: day + timedelta(seconds=time.monotonic() - began)


@contextlib.contextmanager
def _pointed_at(url: str) -> Iterator[None]:
    """Points the AWS settings in the environment to the simulator only, during the block."""
    ours = {
        "AWS_ENDPOINT_URL_INSPECTOR2": url,
        "AWS_ACCESS_KEY_ID": "SIMULATED",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    hidden = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE")
    before = {name: os.environ.get(name) for name in (*ours, *hidden)}
    os.environ.update(ours)
    for name in hidden:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _query(settings: Settings) -> None:
    """Shows the findings of the busiest instance."""
    from sre_cli.render.resource import render_resource
    from sre_findings.queries import ask
    from sre_findings.questions.resource import CACHED, Vulnerabilities
    from sre_findings.service.factory import open_sources
    from sre_simulator.fleet import BUSY_INSTANCE

    click.echo(f"\n$ sre-cli vulnerabilities -i {BUSY_INSTANCE} -n 10")
    answer = ask(Vulnerabilities(BUSY_INSTANCE, count=10, source=CACHED), open_sources(settings))
    options.show(answer, "table", render_resource)
    counts = "  ".join(
        f"{name} {count:,}" for name, count in answer.rollup.counts.to_json().items()
    )
    click.echo(f"\nVerdict: {answer.verdict.verdict}  ({counts})")


def _write_files(
    settings: Settings, home: Path, days: Sequence[datetime]
) -> list[tuple[str, Path]]:
    """Writes CSV and reports with the product's commands. Returns the name and path of each."""
    from sre_cli.commands import export, report
    from sre_simulator.fleet import BUSY_INSTANCE

    csv, reports = home / "exports" / "prod-web-36.csv", home / "reports"
    csv.parent.mkdir(parents=True, exist_ok=True)
    store = ["--store", settings.store, "--table", settings.table]
    with contextlib.redirect_stdout(sys.stderr):
        export.command.main(["-i", BUSY_INSTANCE, "-f", str(csv), *store], standalone_mode=False)
        for day in days[:-1]:
            _quietly(report.command, ["--as-of", f"{day:%Y-%m-%d}", *store])
        report.command.main(store, standalone_mode=False)
    page = max(reports.glob("*/index.html"))
    return [
        ("CSV", csv),
        ("Report", page),
        ("All reports", reports / "index.html"),
        ("Store", home),
    ]


def _quietly(command: click.Command, arguments: list[str]) -> None:
    """Runs a command without its messages."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        command.main(arguments, standalone_mode=False)


def _next_steps(home: Path, files: list[tuple[str, Path]]) -> None:
    """Prints the paths of the files, and commands to try next."""
    click.echo("")
    for name, path in files:
        click.echo(f"{name + ':':<12} {path}")
    click.echo(f"\nTry next:\n  export SRE_STORE={home}")
    for line in (
        "summary --by owner",
        "vulnerabilities -i prod-web-36 -s critical --fail-on critical",
        "changes -n 10",
        "fixes -n 3",
        "coverage",
        "snapshots list",
        "export --format ndjson -s critical -f critical.ndjson",
    ):
        click.echo(f"  {_program()} {line}")


def _program() -> str:
    """Returns how to call sre-cli.

    By its name if it is on the PATH, otherwise by its path, as after ``make demo``.
    """
    path = Path(sys.argv[0])
    if shutil.which("sre-cli") or path.name != "sre-cli":
        return "sre-cli"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
