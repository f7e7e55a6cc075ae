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
    help="Post to this channel only. Without a channels file, it gets all owners.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the messages as JSON; post nothing. Needs no token.",
)
@click.option(
    "--preview",
    type=click.Path(file_okay=False, path_type=Path),
    help="Render each message as a PNG in this folder; post nothing.",
)
@click.option("--weekly", is_flag=True, help="Compare with the snapshot of seven days before.")
@click.option("--again", "--force", is_flag=True, help="Post again, even if it was already posted.")
@click.option(
    "--since",
    metavar="WHEN",
    type=options.MOMENT,
    help="Report a missing snapshot if none was started since then.",
)
@options.as_of_option
@options.question_options
def command(
    settings: Settings,
    channel: str | None,
    dry_run: bool,
    preview: Path | None,
    again: bool,
    **which: Any,
) -> int:
    """Post the nightly digest to Slack, one message per channel, with the details in its thread.

    The file in SRE_SLACK_CHANNELS maps channels to owners. A snapshot without changes is posted as
    one line, a partial or missing one as a warning. It is safe to run again: nothing is posted
    twice.

    \b
    sre-cli scan; sre-cli digest
    sre-cli digest --dry-run
    sre-cli digest --preview pictures
    sre-cli digest --channel C0123456789 --as-of yesterday
    sre-cli digest --weekly
    """
    from sre_cli import digest_delivery
    from sre_reports.digest.delivery.channels import chosen

    sources = options.sources_here(
        settings, instead="Post the digest where the store is, after the scan."
    )
    routes = chosen(settings.slack_channels, channel, unsent=dry_run or preview is not None)
    digest = digest_delivery.Digest(
        sources, settings, which["as_of"], which["since"], 7 if which["weekly"] else 1
    )
    if dry_run:
        return digest_delivery.print_all(digest, routes)
    if preview is not None:
        return digest_delivery.draw_all(digest, routes, preview)
    return digest_delivery.post_all(digest, routes, again=again)
