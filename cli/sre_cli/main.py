"""The entry point: finds the command, prints errors in one line, sets the exit code.

A command is imported when it is called; ``--help`` and completion import none.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from sre_cli import exit_codes
from sre_cli.command_names import ShortNames
from sre_cli.messages import tell
from sre_findings.model.errors import SreError, StoreUnreadable

# The module and the summary of each command.
COMMANDS = {
    "demo": (
        "sre_cli.commands.demo",
        "Try it on a simulated organization, without an AWS account.",
    ),
    "init": ("sre_cli.commands.setup.init", "Write sre-ops.toml, and check the setup."),
    "scan": ("sre_cli.commands.scan", "Collect all findings into a snapshot."),
    "vulnerabilities": (
        "sre_cli.commands.vulnerabilities",
        "Show the findings of an instance, image or function.",
    ),
    "summary": (
        "sre_cli.commands.summary",
        "Summarize open findings by account, owner, package …",
    ),
    "changes": ("sre_cli.commands.changes", "Show what changed between two snapshots, and why."),
    "priorities": ("sre_cli.commands.priorities", "Rank vulnerabilities by risk, with reasons."),
    "fixes": (
        "sre_cli.commands.fixes",
        "Plan upgrades that resolve findings, KEV first, then by risk.",
    ),
    "where": (
        "sre_cli.commands.where",
        "Find the resources with a vulnerability or a package.",
    ),
    "show": (
        "sre_cli.commands.show",
        "Show a vulnerability: what, where, since when, its fix.",
    ),
    "why": (
        "sre_cli.commands.one_resource.why",
        "Show the life of a vulnerability on a resource, with proof.",
    ),
    "diff": (
        "sre_cli.commands.one_resource.diff",
        "Compare the open vulnerabilities of two resources.",
    ),
    "sla": ("sre_cli.commands.sla", "Show findings that are overdue or due this week."),
    "trend": ("sre_cli.commands.trend", "Show the number of open findings over time."),
    "time-to-fix": ("sre_cli.commands.time_to_fix", "Measure the time to remediate."),
    "suppressions": (
        "sre_cli.commands.suppressions",
        "List accepted risks: owner, reason and expiry.",
    ),
    "take": ("sre_cli.commands.claims.take", "Take a finding until a day, or give it back."),
    "claims": ("sre_cli.commands.claims.claims", "List who has taken which finding until when."),
    "coverage": (
        "sre_cli.commands.coverage",
        "List what Inspector does not scan, with remedies.",
    ),
    "export": ("sre_cli.commands.export", "Write findings to a file: CSV, XLSX, SARIF, OCSF …"),
    "report": ("sre_cli.commands.report", "Publish the HTML report of a snapshot."),
    "digest": (
        "sre_cli.commands.digest",
        "Post the nightly digest to Slack, one message per channel.",
    ),
    "sql": ("sre_cli.commands.sql", "Run read-only SQL on a snapshot."),
    "serve": ("sre_cli.commands.serve", "Run the MCP server for AI agents, over HTTP or stdio."),
    "snapshots": ("sre_cli.commands.snapshots", "List, show, verify, hold and prune snapshots."),
    "schedule": ("sre_cli.commands.schedule", "List or run schedules of scans, reports, digests."),
    "operations": ("sre_cli.commands.operations", "Show the audit log of the server."),
    "tokens": ("sre_cli.commands.tokens", "Create access tokens for the server."),
    "doctor": ("sre_cli.commands.doctor", "Check the setup: AWS, store, server, Slack."),
    "completion": ("sre_cli.commands.setup.completion", "Print the completion script of a shell."),
}

EXITS = """\
Exit codes: 0 answered, 1 --fail-on met, 2 usage error, 3 partial, stale or unknown, 4 denied,
unreachable or not configured, 5 no such resource, 6 not scanned, 7 ambiguous name, 70 internal
error, 130 interrupted. With --fail-on, 0 means that no finding at or above the severity is open;
3, 5, 6 and 7, that this is not known."""


class PipeClosed(Exception):
    """The output could not be written, because its reader has ended."""


@contextlib.contextmanager
def _pipe_errors() -> Iterator[None]:
    """Raises PipeClosed in place of BrokenPipeError, for which click exits with 1, as --fail-on."""
    try:
        yield
    except SreError:
        raise  # the connection to a service
    except Exception as error:
        # the library of XLSX raises an error of its own while it handles this one
        if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
            raise PipeClosed from error
        raise


class Commands(ShortNames):
    """A group that imports a command when it is called."""

    def make_context(self, *args: Any, **rest: Any) -> click.Context:
        """Returns click's context. Raises PipeClosed if the help cannot be written."""
        with _pipe_errors():
            return super().make_context(*args, **rest)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command. Raises PipeClosed if its output cannot be written."""
        with _pipe_errors():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command, imported now; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of ``--help`` from ``COMMANDS``.

        Importing every command would take a second.
        """
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolves a full or short name, and suggests similar ones for a typo."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            similar = difflib.get_close_matches(args[0], COMMANDS, n=2)
            if not similar or not isinstance(error, click.exceptions.NoSuchCommand):
                raise
            raise click.UsageError(
                f"{error.message} Did you mean {' or '.join(similar)}?", ctx
            ) from None


@click.group(
    cls=Commands,
    epilog=EXITS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="sre-operations-assistant", prog_name="sre-cli")
@click.option("--debug", is_flag=True, help="Show the full traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Query nightly snapshots of all Amazon Inspector findings.

    \b
    Try it:   sre-cli demo
    Scan:     sre-cli scan --region eu-west-1
    Query:    sre-cli vulnerabilities -i i-0123456789abcdef0
    """
    ctx.obj = {"debug": debug}


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits.

    An error is printed as one line; with --debug, it is raised instead. If the reader of the output
    closes the pipe, nothing is printed.
    """
    try:
        code = _run(arguments)
    except (PipeClosed, BrokenPipeError):
        code = _end_quietly()
    sys.exit(code if isinstance(code, int) else exit_codes.ANSWERED)


def _run(arguments: list[str] | None) -> object:
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        return cli.main(args=arguments, prog_name="sre-cli", standalone_mode=False)
    except PipeClosed:
        raise
    except Exception as error:
        if debug:
            raise
        return _report(error)


def _end_quietly() -> int:
    """Discards the output that is left, which would fail again at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.PIPE_CLOSED


def _fitted(message: str) -> str:
    """Returns an error for click, which adds its first word, wrapped to the terminal."""
    from sre_cli.render.terminal import columns
    from sre_cli.render.wrapping import wrapped

    lines = wrapped(f"Error: {message}", columns(sys.stderr))
    return "\n".join(lines).removeprefix("Error: ")


def _report(error: Exception) -> int:
    """Prints the error on stderr and returns its exit code."""
    from sre_cli.render.terminal import printable

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return exit_codes.USAGE
    if isinstance(error, click.Abort):
        tell("interrupted; no snapshot was committed.")
        return exit_codes.INTERRUPTED
    if isinstance(error, click.ClickException):
        # click quotes some arguments as they are
        context = error.ctx if isinstance(error, click.UsageError) else None
        click.UsageError(_fitted(error.format_message()), context).show()
        return exit_codes.USAGE
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        error = StoreUnreadable("cannot write the output", why="the disk is full")
    if isinstance(error, RecursionError):
        error = StoreUnreadable("the data cannot be used", why="it is nested too deeply")
    if isinstance(error, SreError):
        tell(error)
        return exit_codes.of_error(error)
    bug = f"{type(error).__name__}: {printable(error)}"
    tell(f"internal error: {bug}. Run it again with --debug and report it.")
    return exit_codes.BUG
