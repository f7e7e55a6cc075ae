"""sre-cli priorities."""

from __future__ import annotations

from typing import Any

import click

from sre_cli import options
from sre_cli.completion_words import HOST, completing
from sre_cli.list_option import list_option
from sre_findings.questions.remediation import Priorities
from sre_findings.settings import Settings


@click.command("priorities", epilog=options.exit_help)
@options.count_option(10)
@options.narrow_options
@options.reachable_option
@list_option(
    "--type",
    "types",
    type=options.TYPE,
    help="Only this resource type: ec2, ecr, lambda, code. Repeatable or comma-separated.",
)
@click.option(
    "-i",
    "--resource",
    help="Only this resource, by ID or name.",
    shell_complete=completing(HOST),
)
@click.option("--kev", is_flag=True, help="Only vulnerabilities in CISA KEV.")
@click.option("--exploitable", is_flag=True, help="Only vulnerabilities with an exploit.")
@click.option(
    "--exposed", is_flag=True, help="Only on resources that can be reached from the internet."
)
@options.as_of_option
@options.output_option
@options.question_options
def command(settings: Settings, output: str, **asked: Any) -> int:
    """Rank vulnerabilities by risk, with reasons.

    The criteria are KEV and its due dates, observed exploits, EPSS, severity and score, internet
    exposure, running workloads, and age. The policy file can change their order.

    \b
    sre-cli priorities
    sre-cli priorities --owner payments -n 3
    sre-cli priorities -i prod-web-36 --kev
    """
    return options.answer_list(Priorities(**asked), settings, output)
