"""sre-cli coverage."""

from __future__ import annotations

import click

from sre_cli import exit_codes, options
from sre_findings.questions.estate import CoverageGaps
from sre_findings.settings import Settings


@click.command("coverage", epilog=options.exit_help)
@options.owner_option
@options.as_of_option
@options.output_option
@options.question_options
def command(settings: Settings, owners: tuple[str, ...], as_of: str | None, output: str) -> int:
    """List the resources that Inspector does not scan, with remedies.

    A resource that is not scanned may be vulnerable without a single finding. The list is grouped
    by Inspector's reason, with a remedy for each.

    \b
    sre-cli coverage
    sre-cli coverage --output csv
    """
    from sre_cli.render.coverage import render_coverage
    from sre_findings.service.factory import open_service

    answer = open_service(settings).ask(CoverageGaps(as_of, owners))
    options.show(answer, output, render_coverage)
    return exit_codes.of_coverage(answer)
