"""sre-cli summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sre_cli import exit_codes, options
from sre_findings.questions.estate import BY, Summary
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.model.answers.gate import Gate


@click.command("summary", epilog=options.exit_help)
@click.option("--by", type=click.Choice(BY), help="Group by, the most severe group first.")
@options.count_option(25)
@options.owner_option
@options.as_of_option
@options.gate_options
@options.output_option
@options.question_options
def command(settings: Settings, gate: Gate | None, output: str, **asked: Any) -> int:
    """Summarize open findings, in total and by group.

    \b
    sre-cli summary
    sre-cli summary --by owner
    sre-cli summary --by package -n 10 --output csv
    """
    from sre_cli.render.summary import render_summary
    from sre_findings.service.factory import open_service

    answer = open_service(settings).ask(Summary(**asked))
    options.show(answer, output, render_summary)
    return options.exit_code(answer, exit_codes.of_summary, gate)
