"""sre-cli sla."""

from __future__ import annotations

import click

from sre_cli import options
from sre_findings.questions.history import Sla
from sre_findings.settings import Settings


@click.command("sla", epilog=options.exit_help)
@click.option(
    "--by",
    type=click.Choice(("owner", "account", "region", "type")),
    default="owner",
    show_default=True,
    help="Group by.",
)
@options.owner_option
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings, by: str, owners: tuple[str, ...], as_of: str | None, output: str
) -> int:
    """Show findings that are overdue or due this week.

    The SLA is in days by severity, from the policy (SRE_POLICY, SRE_SLA). For a vulnerability in
    KEV, CISA's due date applies instead.

    \b
    sre-cli sla
    sre-cli sla --by account --output json
    SRE_SLA=critical=7,high=14 sre-cli sla
    """
    return options.answer_list(Sla(by, owners, as_of=as_of), settings, output)
