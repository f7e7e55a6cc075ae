"""sre-cli operations."""

from __future__ import annotations

import click

from sre_cli import options
from sre_findings.questions.records import Operations
from sre_findings.settings import Settings


@click.command("operations", epilog=options.exit_help)
@click.option(
    "--days",
    default=7,
    show_default=True,
    type=click.IntRange(1, 90),
    help="How far back; older ones are gone.",
)
@click.option("--who", help="Only what this caller asked: the name of a token.")
@click.option("--what", help="Only calls of this tool, such as check_resource.")
@click.option(
    "--outcome", help="Only what ended so: answered, usage, access_denied, timeout, bug …"
)
@options.count_option(25)
@options.output_option
@options.store_options
def command(
    settings: Settings,
    days: int,
    who: str | None,
    what: str | None,
    outcome: str | None,
    count: int,
    output: str,
) -> int:
    """Who asked the server what, and how did it go?

    \b
    sre-cli operations
    sre-cli operations --outcome access_denied --days 30
    sre-cli operations --who ci -n 0 --output csv
    """
    return options.answer_list(Operations(days, count, who, what, outcome), settings, output)
