"""sre-cli digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sre_cli import options
from sre_findings.settings import Settings


@click.command("digest", epilog=options.exit_help)
@click.option(
    "--channel",
    metavar="ID",
    help="Only this channel; without a file of channels, it gets everything.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the messages as JSON, and post nothing; no token is needed.",
)
@click.option(
    "--preview",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw each message as PNG into this folder; post nothing.",
)
@click.option("--weekly", is_flag=True, help="The week: what changed since seven days before.")
@click.option(
    "--again", is_flag=True, help="Post it once more, whatever stands in the channel already."
)
@click.option(
    "--since",
    metavar="WHEN",
    type=options.MOMENT,
    help="Only of a snapshot begun since then; else say none came.",
)
@options.as_of_option
@options.store_options
def command(
    settings: Settings,
    channel: str | None,
    dry_run: bool,
    preview: Path | None,
    again: bool,
    **which: Any,
) -> int:
    """Tell the night in Slack: one message a channel, its thread with the details, by owner.

    Which channel hears of which owners stands in the file that SRE_SLACK_CHANNELS names. A night on
    which nothing happened is one line; a partial or missing scan is its own message. Run it as
    often as you like: what is posted is not posted twice.

    \b
    sre-cli scan; sre-cli digest
    sre-cli digest --dry-run
    sre-cli digest --preview pictures
    sre-cli digest --channel C0123456789 --as-of yesterday
    sre-cli digest --weekly
    """
    from sre_cli import digests
    from sre_reports.digest.delivery.channels import chosen

    sources = options.sources_here(
        settings, instead="The digest is posted where the snapshots are, after the scan."
    )
    routes = chosen(settings.slack_channels, channel, unsent=dry_run or preview is not None)
    night = digests.Night(
        sources, settings, which["as_of"], which["since"], 7 if which["weekly"] else 1
    )
    if dry_run:
        return digests.print_all(night, routes)
    if preview is not None:
        return digests.draw_all(night, routes, preview)
    return digests.post_all(night, routes, again=again)
