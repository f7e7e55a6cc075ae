"""sre-cli changes."""

from __future__ import annotations

import click

from sre_cli import options
from sre_cli.completion_words import SNAPSHOT, completing
from sre_cli.list_option import list_option
from sre_findings.questions.filters import Filters
from sre_findings.questions.history import KINDS_OF_CHANGE, Changes
from sre_findings.settings import Settings


@click.command("changes", epilog=options.exit_help)
@click.option(
    "--since",
    metavar="WHEN",
    help="Compare with this snapshot: its id, 2026-11-22, yesterday, friday, -7d.",
    shell_complete=completing(SNAPSHOT),
)
@list_option(
    "--kind",
    "kinds",
    type=click.Choice(KINDS_OF_CHANGE),
    help="Only changes of this kind. Repeatable or comma-separated.",
)
@options.count_option(25)
@options.narrow_options
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings,
    since: str | None,
    kinds: tuple[str, ...],
    count: int,
    filters: Filters,
    as_of: str | None,
    output: str,
) -> int:
    """Show what changed between two snapshots, and why.

    Without --since, compares the two newest complete snapshots. A resolved finding was patched, its
    resource was terminated or is no longer scanned, or the reason is unknown; a reason is never
    guessed.

    \b
    sre-cli changes
    sre-cli changes --since -7d --owner payments
    sre-cli changes --kind kev_appeared --kind opened --output csv
    """
    return options.answer_list(Changes(since, as_of, kinds, count, filters), settings, output)
