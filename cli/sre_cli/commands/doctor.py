"""sre-cli doctor."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import click

from sre_cli import options
from sre_cli.exits import ANSWERED, UNREADABLE
from sre_findings.settings import Settings

_PERSON = re.compile(r"[TE][A-Z0-9]{1,20}/[UW][A-Z0-9]{1,20}\Z")


@click.group("doctor", invoke_without_command=True, epilog=options.exit_help)
@click.option(
    "-r",
    "--region",
    "regions",
    multiple=True,
    help=(
        "Inspector must be on in this region (again for more). Default: looks at all that are"
        " enabled."
    ),
)
@click.option(
    "--for",
    "part",
    type=click.Choice(("everything", "scan", "jobs", "server")),
    default="everything",
    show_default=True,
    help="What the role of one task of the stack needs.",
)
@click.option("--profile", help="The AWS profile.")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 600),
    default=30.0,
    show_default=True,
    help="Seconds for all of it.",
)
@click.option(
    "--output",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="How to print it.",
)
@options.store_options
@click.pass_context
def command(
    ctx: click.Context, /, settings: Settings, output: str, timeout: float, **which: Any
) -> int:
    """Look whether everything is in place: AWS, store, table, newest snapshot, server, Slack.

    Each permission is tried by a call that changes nothing, or asked of IAM's policy simulator; a
    missing one is named with the line of policy that gives it. Nothing is written but one blob and
    one row, which are removed again.

    \b
    sre-cli doctor
    sre-cli doctor --region eu-west-1 --output json
    sre-cli doctor slack --url https://sre.example.com/slack

    \b
    Exit codes: 0 all is well, or off; 3 something is missing, too old or
    unknown; 4 something failed.
    """
    if ctx.invoked_subcommand is not None:
        return ANSWERED
    from sre_cli.doctor.check import exit_code, to_json
    from sre_cli.doctor.look import Where, look
    from sre_cli.doctor.render import render
    from sre_findings.clock import clock

    checks = look(Where(settings, os.environ, clock(os.environ)[0], **which, seconds=timeout))
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
    help="The function's address, https://…/slack: asks it as Slack would.",
)
@click.option(
    "--as",
    "person",
    default="",
    metavar="TEAM/USER",
    help="For whom the server is asked: T0123456/U0123456.",
)
@click.option(
    "--output",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="How to print it.",
)
def slack(url: str, person: str, output: str) -> int:
    """Look whether Slack is set up: secrets, bot and scopes, channels, server, table, and the
    function itself.

    Reads the function's own settings (SRE_SLACK_SECRET_ID, SRE_SERVER, SRE_SLACK_TABLE) and the
    digest's file of channels (SRE_SLACK_CHANNELS). Nothing is written or posted, and no secret is
    shown.

    \b
    sre-cli doctor slack --url https://sre.example.com/slack --as T0123456/U0123456
    """
    from sre_cli.slack_doctor import (
        SKIPPED,
        WRONG,
        Check,
        Where,
        as_json,
        look,
    )
    from sre_cli.terminal import printable
    from sre_findings.settings import load
    from sre_reports.digest.delivery import channels as channels_file

    if url and not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", url):
        raise click.UsageError("--url must begin with https://.")
    if person and not _PERSON.match(person):
        raise click.UsageError("--as is a workspace and a user: T0123456/U0123456.")
    file, seen = load(os.environ, Path.cwd()).slack_channels, list[Check]()
    channels = [route.channel for route in channels_file.load(file)] if file else []
    for one in look(Where(os.environ, url, person, channels)):
        seen.append(one)
        if output == "table":
            click.echo(
                f"{'–' if one.state == SKIPPED else one.state:<6} {one.what:<9}"
                f" {printable(one.said)}"
            )
            if one.do:
                click.echo(f"{'':<16} {printable(one.do)}")
    wrong = sum(one.state == WRONG for one in seen)
    if output == "json":
        click.echo(as_json(seen))
    click.echo(
        f"sre-cli: {f'{wrong} of {len(seen)} are wrong' if wrong else 'nothing is wrong'}", err=True
    )
    return UNREADABLE if wrong else ANSWERED
