"""sre-cli summary."""

from __future__ import annotations

from typing import Any

import click

from sre_cli import exits, options
from sre_findings.model.findings.severity import Severity
from sre_findings.questions.estate import BY, Summary
from sre_findings.settings import Settings


@click.command("summary", epilog=options.exit_help)
@click.option("--by", type=click.Choice(BY), help="Count in groups, the worst first.")
@click.option(
    "-n",
    "--count",
    default=25,
    show_default=True,
    type=click.IntRange(0),
    help="How many groups; 0 lists all.",
)
@click.option(
    "--owner", "owners", multiple=True, help="Only what this owner answers for (again for more)."
)
@options.as_of_option
@options.gate_options
@options.output_option
@options.store_options
def command(
    settings: Settings, fail_on: Severity | None, untriaged: str, output: str, **asked: Any
) -> int:
    """How vulnerable is all of it?

    \b
    sre-cli summary
    sre-cli summary --by owner
    sre-cli summary --by package -n 10 --output csv
    """
    from sre_cli.render import render_summary
    from sre_findings.service.factory import open_service

    answer = open_service(settings).ask(Summary(**asked))
    options.show(answer, output, render_summary)
    code = exits.of_summary(answer, fail_on, untriaged_fails=untriaged == "fail")
    if code == exits.FAIL_ON:
        click.echo(f"sre-cli: {exits.why_met(answer.rollup, fail_on)}", err=True)
    return code
