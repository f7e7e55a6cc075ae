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
    help="Days to look back; records are kept for 90 days.",
)
@click.option("--who", help="Only calls of this client: the name of its token.")
@click.option("--what", help="Only calls of this tool, such as check_resource.")
@click.option("--outcome", help="Only this outcome: answered, usage, access_denied, timeout, bug …")
@options.count_option(25)
@options.output_option
@options.question_options
def command(
    settings: Settings,
    days: int,
    who: str | None,
    what: str | None,
    outcome: str | None,
    count: int,
    output: str,
) -> int:
    """Show the audit log of the server: client, tool and outcome of each call.

    \b
    sre-cli operations
    sre-cli operations --outcome access_denied --days 30
    sre-cli operations --who ci -n 0 --output csv
    """
    return options.answer_list(Operations(days, count, who, what, outcome), settings, output)
