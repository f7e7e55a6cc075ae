"""sre-cli vulnerabilities."""

from __future__ import annotations

from typing import Any

import click

from sre_cli import exits, options
from sre_findings.model.errors import Unreadable
from sre_findings.model.findings.severity import Severity
from sre_findings.questions.resource import CACHED, EITHER, LIVE, AboutResource
from sre_findings.settings import Settings

CONTEXT = """Add what AWS says now: which clusters run an image (inspector2:GetClustersForImage), or of an EC2 instance of the
caller's account its state, patches, agent, CPU. Needs
ec2:DescribeInstances, ssm:DescribeInstancePatchStates, ssm:DescribeInstanceInformation, cloudwatch:GetMetricStatistics; what
may not be asked is a note."""


@click.command("vulnerabilities", epilog=options.exit_help)
@click.option(
    "-i",
    "--id",
    "text",
    required=True,
    metavar="ID|NAME|IP",
    help=(
        "An id, an ARN, a name, an image with tag or digest, an address. All forms:"
        " docs/resources.md."
    ),
)
@click.option(
    "-s",
    "--severity",
    "severities",
    type=options.SEVERITY,
    multiple=True,
    help="Only these (again for more).",
)
@click.option("--suppressed", is_flag=True, help="List suppressed findings too.")
@options.reachable_option
@click.option(
    "-n",
    "--count",
    type=click.IntRange(0),
    help="How many to list; 0 lists all. Default: 25; CSV and NDJSON list all.",
)
@click.option("--cursor", help="Go on where the page before ended (next_cursor of its JSON).")
@click.option("--live", "source", flag_value=LIVE, help="Ask Inspector itself, now.")
@click.option("--cached", "source", flag_value=CACHED, help="Ask the snapshot only.")
@click.option("--context", is_flag=True, help=CONTEXT)
@click.option(
    "--region", help="Where to ask live or for context, if the snapshot does not know the resource."
)
@click.option("--profile", help="The AWS profile for asking live or for context.")
@options.as_of_option
@options.gate_options
@options.output_option
@options.store_options
def command(
    settings: Settings,
    output: str,
    fail_on: Severity | None,
    untriaged: str,
    profile: str | None,
    **asked: Any,
) -> int:
    """How vulnerable is this instance, image or function?

    Answers from the newest snapshot, and from Inspector itself where the snapshot cannot tell. It
    never says that a resource is clean unless Inspector scanned it and the snapshot is complete.

    \b
    sre-cli vulnerabilities -i i-0123456789abcdef0
    sre-cli vulnerabilities -i prod-web-36 -s critical -s high --fail-on critical
    sre-cli vulnerabilities -i i-0123456789abcdef0 --live --output json
    sre-cli vulnerabilities -i prod-web-36 --context
    """
    from sre_cli.render import render_resource
    from sre_findings.service.factory import open_service

    some = 25 if output in ("table", "json") else 0
    chosen = {
        "source": asked["source"] or EITHER,
        "count": some if asked["count"] is None else asked["count"],
    }
    question = AboutResource(**asked | chosen)
    answer = open_service(settings, profile).ask(question)
    if answer.unanswered:
        raise Unreadable(answer.verdict.explanation)
    options.show(answer, output, render_resource)
    if answer.next_cursor and output == "json":
        click.echo("sre-cli: there is more: pass next_cursor as --cursor, or use -n 0.", err=True)
    code = exits.of_resource(answer, fail_on, untriaged_fails=untriaged == "fail")
    if code == exits.FAIL_ON:
        click.echo(f"sre-cli: {exits.why_met(answer.rollup, fail_on)}", err=True)
    return code
