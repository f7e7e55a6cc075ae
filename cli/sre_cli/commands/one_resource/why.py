"""sre-cli why."""

from __future__ import annotations

import click

from sre_cli import options
from sre_cli.completion_words import HOST, VULNERABILITY, completing
from sre_findings.questions.remediation import VulnerabilityLife
from sre_findings.settings import Settings


@click.command("why", epilog=options.exit_help)
@click.argument("text", metavar="CVE|NAME", shell_complete=completing(VULNERABILITY))
@click.argument("resource", metavar="RESOURCE", shell_complete=completing(HOST))
@options.as_of_option
@options.output_option
@options.question_options
def command(settings: Settings, text: str, resource: str, as_of: str | None, output: str) -> int:
    """Show the life of a vulnerability on a resource, with the snapshots that prove it.

    It is open, suppressed, resolved with its cause, or unknown (exit code 3) if the snapshot did
    not read the resource or Inspector does not scan it.

    \b
    sre-cli why CVE-2021-44228 prod-web-36
    """
    from sre_cli.render.one_resource import render_life
    from sre_findings.queries import ask

    sources = options.sources_here(settings, instead="With a server, use sre-cli changes.")
    question = VulnerabilityLife(text, resource, as_of)
    return options.print_list(ask(question, sources), output, render_life)
