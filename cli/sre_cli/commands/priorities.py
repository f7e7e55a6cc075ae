"""sre-cli priorities."""

from __future__ import annotations

import click

from sre_cli import options
from sre_findings.questions.filters import Filters
from sre_findings.questions.remediation import Priorities
from sre_findings.settings import Settings


@click.command("priorities", epilog=options.exit_help)
@options.count_option(10)
@options.narrow_options
@options.reachable_option
@click.option(
    "--type",
    "types",
    type=options.TYPE,
    multiple=True,
    help="Only this resource type: ec2, ecr, lambda, code. Repeatable.",
)
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings,
    count: int,
    filters: Filters,
    reachable: bool,
    types: tuple[str, ...],
    as_of: str | None,
    output: str,
) -> int:
    """Rank vulnerabilities by risk, with reasons.

    The criteria are KEV and its due dates, observed exploits, EPSS, severity and score, internet
    exposure, running workloads, and age. The policy file can change their order.

    \b
    sre-cli priorities
    sre-cli priorities --owner payments -n 3
    """
    return options.answer_list(
        Priorities(count, as_of, filters, types, reachable), settings, output
    )
