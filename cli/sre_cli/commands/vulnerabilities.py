"""sre-cli vulnerabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sre_cli import exit_codes, options
from sre_cli.completion_words import HOST, REGION, completing
from sre_cli.list_option import list_option
from sre_cli.messages import tell
from sre_findings.model.errors import Unreadable
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_findings.model.answers.gate import Gate

CONTEXT = (
    "Add live data from AWS: of an image, the clusters that run it"
    " (inspector2:GetClustersForImage); of an EC2 instance in the caller's account, its state,"
    " patches, agent and CPU (ec2:DescribeInstances, ssm:DescribeInstancePatchStates,"
    " ssm:DescribeInstanceInformation, cloudwatch:GetMetricStatistics). A missing permission is"
    " shown as a note."
)


@click.command("vulnerabilities", epilog=options.exit_help)
@click.argument("resource", metavar="[ID|NAME|IP]", required=False, shell_complete=completing(HOST))
@click.option(
    "-i",
    "--id",
    "text",
    metavar="ID|NAME|IP",
    help="Id, ARN, name, IP address, or image with tag or digest. See docs/resources.md.",
    shell_complete=completing(HOST),
)
@list_option(
    "-s",
    "--severity",
    "severities",
    type=options.SEVERITY,
    help="Only this severity. Repeatable or comma-separated.",
)
@click.option("--suppressed", is_flag=True, help="Also list suppressed findings.")
@options.reachable_option
@click.option(
    "-n",
    "--count",
    "--limit",
    type=click.IntRange(0),
    help="Maximum number of rows; 0 lists all. Default: 25, or all in CSV and NDJSON.",
)
@click.option("--cursor", help="Continue from the previous page (next_cursor of its JSON).")
@click.option(
    "--live", "source", flag_value="live", help="Query Inspector now instead of a snapshot."
)
@click.option(
    "--cached", "source", flag_value="cached", help="Use the snapshot only; never query Inspector."
)
@click.option("--context", is_flag=True, help=CONTEXT)
@click.option(
    "--region",
    help="Region to query live, if the snapshot does not have the resource.",
    shell_complete=completing(REGION),
)
@click.option("--profile", help="AWS profile for live queries and context.")
@options.as_of_option
@options.gate_options
@options.output_option
@options.question_options
def command(
    settings: Settings,
    resource: str | None,
    text: str | None,
    output: str,
    gate: Gate | None,
    profile: str | None,
    **asked: Any,
) -> int:
    """Show the findings and the verdict of an instance, image or function.

    Uses the newest snapshot, and queries Inspector if the snapshot cannot answer. The verdict is
    clean only if Inspector scanned the resource and the data is complete and fresh.

    \b
    sre-cli vulnerabilities prod-web-36
    sre-cli vulnerabilities -i i-0123456789abcdef0
    sre-cli vulnerabilities -i prod-web-36 -s critical -s high --fail-on critical
    sre-cli vulnerabilities -i i-0123456789abcdef0 --live --output json
    sre-cli vulnerabilities -i prod-web-36 --context
    """
    from sre_cli.render.resource import render_resource
    from sre_findings.questions.resource import EITHER, Vulnerabilities
    from sre_findings.service.factory import open_service

    some = 25 if output in ("table", "json") else 0
    chosen = {
        "text": _one_resource(resource, text),
        "source": asked["source"] or EITHER,
        "count": some if asked["count"] is None else asked["count"],
    }
    question = Vulnerabilities(**asked | chosen)
    answer = open_service(settings, profile).ask(question)
    if answer.unanswered:
        raise Unreadable(answer.verdict.explanation)
    options.show(answer, output, render_resource)
    if answer.next_cursor and output == "json":
        tell("there are more: pass next_cursor as --cursor, or use -n 0.")
    return options.exit_code(answer, exit_codes.of_resource, gate)


def _one_resource(argument: str | None, option: str | None) -> str:
    """Returns the resource, given as an argument or as --id; raises UsageError if not just one."""
    if argument is not None and option is not None:
        raise click.UsageError("Give the resource once: as an argument or with -i/--id.")
    resource = argument if option is None else option
    if resource is None:
        raise click.UsageError("Missing resource: give its ID, name or IP address.")
    return resource
