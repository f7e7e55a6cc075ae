"""sre-cli show."""

from __future__ import annotations

import click

from sre_cli import options
from sre_cli.completion_words import VULNERABILITY, completing
from sre_findings.questions.filters import Filters
from sre_findings.questions.remediation import VulnerabilityDetails
from sre_findings.settings import Settings


@click.command("show", epilog=options.exit_help)
@click.argument("text", metavar="CVE|NAME", shell_complete=completing(VULNERABILITY))
@options.count_option(25)
@options.narrow_options
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings, text: str, count: int, filters: Filters, as_of: str | None, output: str
) -> int:
    """Show a vulnerability: what it is, where it is, since when, how to fix it.

    A vulnerability has an ID, or a well-known name such as log4shell. If it is not found, the
    output states how many resources were scanned; the exit code is 3 if any was not.

    \b
    sre-cli show CVE-2021-44228
    sre-cli show log4shell --owner payments
    """
    from sre_cli.render.vulnerability import render_vulnerability
    from sre_findings.service.factory import open_service

    question = VulnerabilityDetails(text, count, as_of, filters)
    return options.print_list(open_service(settings).ask(question), output, render_vulnerability)
