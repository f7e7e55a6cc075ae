"""sre-cli trend."""

from __future__ import annotations

import click

from sre_cli import options
from sre_findings.model.snapshots.rollup import check_kind
from sre_findings.questions.history import Trend
from sre_findings.settings import Settings


@click.command("trend", epilog=options.exit_help)
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1, 3650), help="Days to look back."
)
@click.option(
    "--of",
    "scope",
    metavar="KIND=VALUE",
    help="Only owner=payments, account=111122223333 or region=eu-west-1.",
)
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings, days: int, scope: str | None, as_of: str | None, output: str
) -> int:
    """Show the number of open findings over time, by daily snapshot.

    \b
    sre-cli trend
    sre-cli trend --days 30 --of owner=payments
    sre-cli trend --output csv
    """
    return options.answer_list(Trend(days, *_scope(scope), as_of), settings, output)


def _scope(text: str | None) -> tuple[str, str]:
    """Splits ``owner=payments`` into kind and value."""
    kind, mark, value = (text or "organization=").partition("=")
    if not mark:
        raise click.BadParameter(f"{text!r} is not KIND=VALUE", param_hint="--of")
    return check_kind(kind), value
