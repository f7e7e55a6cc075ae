"""sre-cli fixes."""

from __future__ import annotations

from typing import Any

import click

from sre_cli import options
from sre_cli.list_option import list_option
from sre_findings.questions.remediation import Fixes, ImageFixes
from sre_findings.settings import Settings


@click.command("fixes", epilog=options.exit_help)
@options.count_option(10)
@click.option(
    "--images", is_flag=True, help="By machine image: what a rebuild of each would resolve."
)
@click.option("-i", "--resource", help="Only this resource, by ID or name. Not with --images.")
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
    settings: Settings, images: bool, resource: str | None, output: str, **asked: Any
) -> int:
    """Plan upgrades that resolve findings, highest risk first.

    A small set of upgrades that together resolve every fixable finding. A shell command is shown
    only if all package names and versions are valid for the package manager.

    \b
    sre-cli fixes
    sre-cli fixes -i prod-web-36
    sre-cli fixes --owner payments -n 3
    sre-cli fixes --images
    """
    if images and resource:
        raise click.UsageError("--images is about every instance: leave out -i/--resource.")
    question = ImageFixes(**asked) if images else Fixes(**asked, resource=resource)
    return options.answer_list(question, settings, output)
