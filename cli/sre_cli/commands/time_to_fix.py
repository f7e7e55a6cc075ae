"""sre-cli time-to-fix."""

from __future__ import annotations

import click

from sre_cli import options
from sre_findings.questions.filters import Filters
from sre_findings.questions.history import TimeToFix
from sre_findings.settings import Settings


@click.command("time-to-fix", epilog=options.exit_help)
@click.option(
    "--by",
    type=click.Choice(("severity", "owner", "account")),
    default="severity",
    show_default=True,
    help="Group by.",
)
@click.option(
    "--days",
    default=365,
    show_default=True,
    type=click.IntRange(1, 3650),
    help="Days to look back.",
)
@options.narrow_options
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings, by: str, days: int, filters: Filters, as_of: str | None, output: str
) -> int:
    """Measure the time to remediate: median and 90th percentile, in days.

    Findings that are still open are included (Kaplan-Meier): a mean over resolved findings only
    would look best if the hard ones were never fixed.

    \b
    sre-cli time-to-fix
    sre-cli time-to-fix --by owner --days 90
    """
    return options.answer_list(TimeToFix(by, days, as_of, filters), settings, output)
