"""sre-cli take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sre_cli import options
from sre_cli.completion_words import HOST, VULNERABILITY, completing
from sre_findings.questions.claims import Take
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.model.answers.claims import TakenAnswer


@click.command("take", epilog=options.exit_help)
@click.argument("vulnerability", metavar="CVE", shell_complete=completing(VULNERABILITY))
@click.argument("resource", metavar="ID|NAME|IP", shell_complete=completing(HOST))
@click.option(
    "--until", default="", metavar="DAY", help="Last day: 2026-12-08, 7d, tomorrow. At most 30d."
)
@click.option("--release", is_flag=True, help="Give the finding back.")
@options.output_option
@options.question_options
def command(
    settings: Settings, vulnerability: str, resource: str, until: str, release: bool, output: str
) -> int:
    """Take a finding until a day: others see your name beside it.

    Nothing else changes: the finding stays open and counted, with its severity and due date. Run it
    again to move the day. If another person has the finding, the output names the person, nothing
    is changed, and the exit code is 4.

    \b
    sre-cli take CVE-2021-44228 prod-web-36 --until 7d
    sre-cli take CVE-2021-44228 prod-web-36 --release
    """
    if release == bool(until):
        raise click.UsageError("Give either --until DAY or --release.")
    from sre_cli.exit_codes import ANSWERED, UNREADABLE
    from sre_cli.render.list_answer import render_list

    answer = _taken(Take(resource, vulnerability, until, release), settings)
    options.show(answer, output, render_list)
    return ANSWERED if answer.facts["done"] or not answer.items else UNREADABLE


def _taken(question: Take, settings: Settings) -> TakenAnswer:
    """Returns the answer. Without a server, which records calls itself, it is recorded here."""
    if settings.server:
        from sre_findings.service.factory import open_service

        return open_service(settings).ask(question)
    from sre_findings.queries.claims.audit import audited

    return audited(question, options.sources_here(settings))
