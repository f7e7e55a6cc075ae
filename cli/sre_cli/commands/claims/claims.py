"""sre-cli claims."""

from __future__ import annotations

import click

from sre_cli import options
from sre_findings.questions.claims import Claims
from sre_findings.settings import Settings


@click.command("claims", epilog=options.exit_help)
@options.count_option(25)
@options.output_option
@options.question_options
def command(settings: Settings, count: int, output: str) -> int:
    """List who has taken which finding until when, and the claims that have lapsed.

    A claim changes no count, no severity and no due date. It has lapsed if its last day is over and
    the finding is still open; lapsed claims are listed for 30 days.

    \b
    sre-cli claims
    sre-cli claims -n 0 --output csv
    """
    return options.answer_list(Claims(count), settings, output)
