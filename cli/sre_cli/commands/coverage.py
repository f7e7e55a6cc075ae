"""sre-cli coverage."""

from __future__ import annotations

import click

from sre_cli import exits, options
from sre_findings.questions.estate import CoverageGaps
from sre_findings.settings import Settings


@click.command("coverage", epilog=options.exit_help)
@click.option(
    "--owner", "owners", multiple=True, help="Only what this owner answers for (again for more)."
)
@options.as_of_option
@options.output_option
@options.store_options
def command(settings: Settings, owners: tuple[str, ...], as_of: str | None, output: str) -> int:
    """What does Inspector not scan, and what to do about it?

    No findings is no news about a resource that nobody looks at: this lists them, with Inspector's
    reason and a remedy.

    \b
    sre-cli coverage
    sre-cli coverage --output csv
    """
    from sre_cli.render import render_coverage
    from sre_findings.service.factory import open_service

    answer = open_service(settings).ask(CoverageGaps(as_of, owners))
    options.show(answer, output, render_coverage)
    return exits.of_coverage(answer)
