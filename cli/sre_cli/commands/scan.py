"""sre-cli scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sre_cli import exit_codes, options
from sre_cli.completion_words import renew
from sre_cli.list_option import list_option
from sre_cli.messages import tell_as_is
from sre_findings.settings import Settings


@click.command("scan", epilog=options.exit_help)
@list_option(
    "-r",
    "--region",
    "regions",
    help="Scan this region. Repeatable or comma-separated. Default: all enabled regions.",
)
@list_option(
    "--status",
    "statuses",
    type=options.STATUS,
    help="Only findings with this status. Repeatable or comma-separated. Default: all except"
    " closed.",
)
@click.option(
    "--scope-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with the accounts and regions that must be covered.",
)
@click.option(
    "--rate",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 1000),
    help="Maximum number of requests per second and region.",
)
@click.option(
    "--deadline",
    default=300.0,
    show_default=True,
    type=click.FloatRange(0.1),
    help="Seconds to retry one page before giving up.",
)
@click.option("--profile", help="AWS profile.")
@click.option(
    "--slot", default="", help="Slot of a schedule, set by the scheduler; scanned only once."
)
@options.store_options
def command(settings: Settings, **asked: Any) -> int:
    """Collect all findings into a snapshot.

    If something cannot be read, the snapshot is marked as partial, with the reasons (exit 3). If
    nothing can be read, no snapshot is written (exit 4).

    \b
    sre-cli scan --region eu-west-1 --region us-east-1
    sre-cli scan --status active --status suppressed --status closed
    """
    from sre_cli.progress import watching
    from sre_cli.render.snapshots import render_commit
    from sre_scanner.task import Flags, run

    with watching() as progress:
        commit = run(settings, progress, Flags(**asked))
    for line in render_commit(commit).splitlines():
        tell_as_is(line)
    click.echo(commit.snapshot_id)
    renew(settings)
    return exit_codes.ANSWERED if commit.state == "complete" else exit_codes.UNSURE
