"""sre-cli fixes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sre_cli import options
from sre_cli.completion_words import HOST, completing
from sre_cli.list_option import list_option
from sre_cli.messages import tell
from sre_findings.questions.remediation import FixEffects, Fixes, ImageFixes
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.model.answers.fixes import FixesAnswer


@click.command("fixes", epilog=options.exit_help)
@options.count_option(10)
@click.option(
    "--images", is_flag=True, help="By machine image: what a rebuild of each would resolve."
)
@click.option(
    "-i",
    "--resource",
    help="Only this resource, by ID or name. Not with --images.",
    shell_complete=completing(HOST),
)
@click.option(
    "--as",
    "form",
    type=click.Choice(["ssm"]),
    help="Print documents for AWS Systems Manager instead, one for each update. Runs nothing.",
)
@click.option(
    "--what-if",
    "applied",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help="What remains, and becomes overdue, if the first N updates are applied.",
)
@options.narrow_options
@list_option(
    "--type",
    "types",
    type=options.TYPE,
    help="Only this resource type: ec2, ecr, lambda, code. Repeatable or comma-separated.",
)
@options.as_of_option
@options.output_option
@options.question_options
def command(
    settings: Settings,
    images: bool,
    form: str | None,
    applied: int | None,
    resource: str | None,
    output: str,
    **asked: Any,
) -> int:
    """Plan upgrades that resolve findings, KEV first, then by risk.

    A small set of upgrades that together resolve every fixable finding. A shell command is shown
    only if all package names and versions are valid for the package manager.

    \b
    sre-cli fixes
    sre-cli fixes -i prod-web-36
    sre-cli fixes --owner payments -n 3
    sre-cli fixes --images
    sre-cli fixes --what-if 3
    sre-cli fixes --as ssm -n 1 > upgrade.json
    """
    if applied is not None and (images or form):
        raise click.UsageError("--what-if counts findings: leave out --images and --as.")
    if form and (images or output not in ("table", "json")):
        raise click.UsageError("--as ssm prints JSON documents of updates, not images or tables.")
    if images and resource:
        raise click.UsageError("--images is about every instance: leave out -i/--resource.")
    if form:
        return _documents(Fixes(**asked, resource=resource), settings)
    if applied is not None:
        del asked["count"]
        effects = FixEffects(applied, **asked, resource=resource)
        return options.answer_list(effects, settings, output)
    question = ImageFixes(**asked) if images else Fixes(**asked, resource=resource)
    return options.answer_list(question, settings, output)


def _documents(question: Fixes, settings: Settings) -> int:
    """Prints the documents as JSON, and on stderr which updates have none."""
    from sre_cli.exit_codes import ANSWERED, UNSURE
    from sre_findings.remediation.ssm import document
    from sre_findings.service.factory import open_service

    answer = open_service(settings).ask(question)
    made = [document(fix) for fix in answer.items]
    for one in filter(None, made):
        click.echo(json.dumps(one, indent=2))
    if words := _left_out(answer, made):
        tell(words)
    return ANSWERED if answer.known and answer.proof.sure else UNSURE


def _left_out(answer: FixesAnswer, made: Sequence[object]) -> str:
    """Why there is no document for some updates; empty if all have one."""
    from sre_cli.render.terminal import printable

    if not answer.items:
        return printable(answer.headline)
    without = [str(place) for place, one in enumerate(made, 1) if one is None]
    if not without:
        return ""
    listed = f"({', '.join(without)})"
    verb = "has" if len(without) == 1 else "have"
    why = "no safe command is known, or it is too long"
    return f"{len(without)} of {len(made)} {verb} no document {listed}: {why}."
