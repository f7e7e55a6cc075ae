"""sre-cli where."""

from __future__ import annotations

import click

from sre_cli import options
from sre_cli.completion_words import VULNERABILITY, completing
from sre_findings.questions.filters import Filters
from sre_findings.questions.remediation import Exposure
from sre_findings.settings import Settings


@click.command("where", epilog=options.exit_help)
@click.argument("text", metavar="CVE|PACKAGE", shell_complete=completing(VULNERABILITY))
@options.count_option(25)
@options.narrow_options
@options.reachable_option
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings,
    text: str,
    count: int,
    filters: Filters,
    reachable: bool,
    as_of: str | None,
    output: str,
) -> int:
    """Find the resources with a vulnerability or a package.

    A package is found by its name, or by a word of it: log4j also matches
    org.apache.logging.log4j:log4j-core. The output lists the names that matched.

    \b
    sre-cli where CVE-2021-44228
    sre-cli where log4j
    sre-cli where openssl --owner payments --output csv
    """
    return options.answer_list(Exposure(text, count, as_of, filters, reachable), settings, output)
