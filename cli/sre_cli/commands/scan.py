"""sre-cli scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sre_cli import exits, options
from sre_findings.settings import Settings


@click.command("scan", epilog=options.exit_help)
@click.option(
    "-r",
    "--region",
    "regions",
    multiple=True,
    help="Scan this region (again for more). Default: all that are enabled.",
)
@click.option(
    "--status",
    "statuses",
    type=options.STATUS,
    multiple=True,
    help="Finding statuses. Default: all but closed.",
)
@click.option(
    "--scope-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What must be there (TOML).",
)
@click.option(
    "--rate",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 1000),
    help="Requests a second and region.",
)
@click.option(
    "--deadline",
    default=300.0,
    show_default=True,
    type=click.FloatRange(0.1),
    help="Seconds to insist on one page.",
)
@click.option("--profile", help="The AWS profile.")
@click.option(
    "--slot", default="", help="The schedule and its fire that this is for; scans once for each."
)
@options.store_options
def command(settings: Settings, **asked: Any) -> int:
    """Collect every finding into a snapshot.

    The snapshot proves whether it is complete. What could not be read makes it partial (exit 3),
    never smaller; where nothing could be read, nothing is kept (exit 4).

    \b
    sre-cli scan --region eu-west-1 --region us-east-1
    sre-cli scan --status active --status suppressed --status closed
    """
    from sre_cli.commit_line import render_commit
    from sre_cli.progress import watching
    from sre_scanner.task import Flags, run

    with watching() as progress:
        commit = run(settings, progress, Flags(**asked))
    click.echo(render_commit(commit), err=True)
    click.echo(commit.snapshot_id)
    return exits.ANSWERED if commit.state == "complete" else exits.UNSURE
