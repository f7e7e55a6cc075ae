"""sre-cli diff."""

from __future__ import annotations

from typing import Any

import click

from sre_cli import options
from sre_cli.completion_words import HOST, completing
from sre_cli.list_option import list_option
from sre_findings.questions.resource import ResourceDifferences
from sre_findings.settings import Settings


@click.command("diff", epilog=options.exit_help)
@click.argument("first", metavar="RESOURCE", shell_complete=completing(HOST))
@click.argument("second", metavar="RESOURCE", shell_complete=completing(HOST))
@list_option(
    "-s",
    "--severity",
    "severities",
    type=options.SEVERITY,
    help="Only this severity. Repeatable or comma-separated.",
)
@options.count_option(25)
@options.as_of_option
@options.output_option
@options.question_options
def command(settings: Settings, output: str, **asked: Any) -> int:
    """Compare the open vulnerabilities of two resources, by vulnerability and package.

    Lists what only one of them has, with KEV, due date and fix, and counts what both have. If one
    is not fully scanned, the answer is unknown (exit code 3).

    \b
    sre-cli diff prod-web-36 prod-web-37
    sre-cli diff prod-web-36 prod-web-37 -s critical,high
    """
    from sre_cli.render.one_resource import render_differences
    from sre_findings.queries import ask

    sources = options.sources_here(settings, instead="With a server, use sre-cli vulnerabilities.")
    return options.print_list(
        ask(ResourceDifferences(**asked), sources), output, render_differences
    )
