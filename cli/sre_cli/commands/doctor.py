"""sre-cli doctor."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_cli import options
from sre_cli.command_names import ShortNames
from sre_cli.exit_codes import ANSWERED, UNREADABLE
from sre_cli.list_option import list_option
from sre_cli.messages import tell
from sre_findings.settings import Settings

if TYPE_CHECKING:
    from sre_cli.doctor.slack_app import Check

_PERSON = re.compile(r"[TE][A-Z0-9]{1,20}/[UW][A-Z0-9]{1,20}\Z")


@click.group("doctor", cls=ShortNames, invoke_without_command=True, epilog=options.exit_help)
@list_option(
    "-r",
    "--region",
    "regions",
    help="Require Inspector in this region. Repeatable or comma-separated. Default: check all"
    " enabled regions.",
)
@click.option(
    "--for",
    "part",
    type=click.Choice(("everything", "scan", "jobs", "server")),
    default="everything",
    show_default=True,
    help="Check only what the role of this task needs.",
)
@click.option("--profile", help="AWS profile.")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 600),
    default=30.0,
    show_default=True,
    help="Seconds for all checks together.",
)
@options.output_options("table", "json")
@options.store_options
@click.pass_context
def command(
    ctx: click.Context, /, settings: Settings, output: str, timeout: float, **which: Any
) -> int:
    """Check the setup: AWS, store, table, newest snapshot, server, Slack.

    Permissions are checked with calls that change nothing, or with IAM's policy simulator; for a
    missing one, the policy statement is shown. Only one blob and one row are written, and removed
    again.

    \b
    sre-cli doctor
    sre-cli doctor --region eu-west-1 --output json
    sre-cli doctor slack --url https://sre.example.com/slack

    \b
    Exit codes: 0 no problems; 3 a warning, or something is unknown; 4 a check
    failed.
    """
    if ctx.invoked_subcommand is not None:
        return ANSWERED
    from sre_cli.doctor.check import exit_code, to_json
    from sre_cli.doctor.diagnosis import Request, diagnose
    from sre_cli.doctor.render import render
    from sre_findings.clock import clock

    now = clock(os.environ)[0]
    checks = diagnose(Request(settings, os.environ, now, **which, seconds=timeout))
    if output == "json":
        click.echo(json.dumps(to_json(checks), indent=2))
    else:
        options.show(checks, "table", render)
    return exit_code(checks)


@command.command("slack", epilog=options.exit_help)
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="URL of the function, https://…/slack. Sends it test requests as Slack would.",
)
@click.option(
    "--as",
    "person",
    default="",
    metavar="TEAM/USER",
    help="Slack user whose access to check: T0123456/U0123456.",
)
@options.output_options("table", "json")
def slack(url: str, person: str, output: str) -> int:
    """Check the setup of Slack.

    Checks secrets, bot and scopes, channels, server, table and function, with the settings of the
    function (SRE_SLACK_SECRET_ID, SRE_SERVER, SRE_SLACK_TABLE) and the channels file of the digest
    (SRE_SLACK_CHANNELS). Nothing is written or posted, and no secret is shown.

    \b
    sre-cli doctor slack --url https://sre.example.com/slack --as T0123456/U0123456
    """
    from sre_cli.doctor.slack_app import WRONG, Target, as_json, checks
    from sre_findings.settings import load
    from sre_reports.digest.delivery import channels as channels_file
    from sre_reports.wording import number

    if url and not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", url):
        raise click.UsageError("--url must begin with https://.")
    if person and not _PERSON.match(person):
        raise click.UsageError("--as must be TEAM/USER, such as T0123456/U0123456.")
    file, found = load(os.environ, Path.cwd()).slack_channels, list["Check"]()
    channels = [route.channel for route in channels_file.load(file)] if file else []
    for check in checks(Target(os.environ, url, person, channels)):
        found.append(check)
        if output == "table":
            _print(check)
    wrong = sum(one.state == WRONG for one in found)
    if output == "json":
        click.echo(as_json(found))
    tell(f"{number(len(found), 'check')}, {wrong or 'none'} wrong")
    return UNREADABLE if wrong else ANSWERED


def _print(check: Check) -> None:
    from sre_cli.doctor.slack_app import SKIPPED
    from sre_cli.render.terminal import columns
    from sre_cli.render.wrapping import labelled

    state = "–" if check.state == SKIPPED else check.state
    width = columns(sys.stdout, forced="COLUMNS" in os.environ)
    for label, text in ((f"{state:<6} {check.what:<9} ", check.detail), (" " * 17, check.remedy)):
        if text:
            click.echo("\n".join(labelled(label, text, width)))
