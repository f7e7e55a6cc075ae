"""The way in: which command, what went wrong in one line, and the exit code.

Commands are imported when they are called: ``--help`` and completion need none of them.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from sre_cli import exits
from sre_findings.model.errors import SreError

# name: (module, what it is for)
COMMANDS = {
    "demo": ("sre_cli.commands.demo", "See it all on a simulated fleet, with no AWS account."),
    "scan": ("sre_cli.commands.scan", "Collect every finding into a snapshot."),
    "vulnerabilities": (
        "sre_cli.commands.vulnerabilities",
        "How vulnerable is this instance, image or function?",
    ),
    "summary": (
        "sre_cli.commands.summary",
        "How vulnerable is all of it, by account, owner, package …?",
    ),
    "changes": ("sre_cli.commands.changes", "What changed since the night before, and why?"),
    "priorities": (
        "sre_cli.commands.priorities",
        "Which vulnerabilities to deal with first, and why?",
    ),
    "fixes": ("sre_cli.commands.fixes", "What to update first, and what does it remove?"),
    "where": ("sre_cli.commands.where", "Where am I exposed to this vulnerability or package?"),
    "sla": ("sre_cli.commands.sla", "What is late, and what is due this week?"),
    "trend": ("sre_cli.commands.trend", "How did it go, night by night?"),
    "time-to-fix": ("sre_cli.commands.time_to_fix", "How long does fixing take?"),
    "suppressions": (
        "sre_cli.commands.suppressions",
        "Which findings does somebody answer for, and until when?",
    ),
    "coverage": (
        "sre_cli.commands.coverage",
        "What does Inspector not scan, and what to do about it?",
    ),
    "export": ("sre_cli.commands.export", "Write findings to a file: CSV, XLSX, SARIF, OCSF …"),
    "report": ("sre_cli.commands.report", "Publish the HTML report of a night."),
    "digest": (
        "sre_cli.commands.digest",
        "Tell the night in Slack: a message a channel, by owner.",
    ),
    "sql": ("sre_cli.commands.sql", "Ask the tables yourself, read-only."),
    "serve": ("sre_cli.commands.serve", "Answer agents: the MCP server, over HTTP or stdio."),
    "snapshots": ("sre_cli.commands.snapshots", "List, show, verify, hold and prune snapshots."),
    "schedule": (
        "sre_cli.commands.schedule",
        "When scans, reports and digests run; run them here.",
    ),
    "operations": ("sre_cli.commands.operations", "Who asked the server what, and how did it go?"),
    "tokens": ("sre_cli.commands.tokens", "Make tokens for callers of the server."),
    "doctor": ("sre_cli.commands.doctor", "Is everything in place: AWS, store, server, Slack?"),
    "completion": ("sre_cli.commands.completion", "Print the tab completion of your shell."),
}

EXITS = """\b
Exit codes: 0 answered, 1 --fail-on met, 2 usage, 3 partial or too old to be
sure, 4 denied, unreachable or not configured, 5 no such resource, 6 not
scanned, 70 a bug of ours, 130 interrupted."""


class Commands(click.Group):
    """A group that knows its commands by name and loads one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in ``--help``, from the table above: importing every command would take a
        second."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """click's own, with the nearest commands named when one is mistyped."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=2)
            if not near:
                raise
            raise click.UsageError(
                f"{error.message} Did you mean {' or '.join(near)}?", ctx
            ) from None


@click.group(
    cls=Commands,
    epilog=EXITS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="sre-operations-assistant", prog_name="sre-cli")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """How vulnerable is this? Ask the nightly snapshot of every Amazon Inspector finding.

    \b
    Try it:      sre-cli demo
    Collect:     sre-cli scan --region eu-west-1
    Ask:         sre-cli vulnerabilities -i i-0123456789abcdef0
    """
    ctx.obj = {"debug": debug}


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits. Whatever happens, a person gets one line, not a
    traceback."""
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(args=arguments, prog_name="sre-cli", standalone_mode=False)
    except Exception as error:
        if debug:
            raise
        code = _tell(error)
    sys.exit(code if isinstance(code, int) else exits.ANSWERED)


def _tell(error: Exception) -> int:
    """One line on stderr, and the exit code of the error."""
    from sre_cli.terminal import printable

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return exits.USAGE
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.ANSWERED
    if isinstance(error, click.Abort):
        click.echo("sre-cli: interrupted; nothing was committed.", err=True)
        return exits.INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return exits.USAGE
    if isinstance(error, SreError):
        click.echo(f"sre-cli: {printable(error)}", err=True)
        return exits.of_error(error)
    click.echo(
        f"sre-cli: a bug of ours: {type(error).__name__}: {printable(error)}. Run it with --debug"
        " and report it.",
        err=True,
    )
    return exits.BUG
