"""Options that several commands share, and how they print answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sre_cli.completion_words import ACCOUNT, OWNER, REGION, SNAPSHOT, completing, renew
from sre_cli.list_option import list_option
from sre_cli.messages import tell
from sre_findings.model.errors import NoSnapshot, UsageError
from sre_findings.model.findings import severity
from sre_findings.model.findings.finding import STATUSES, parse_status
from sre_findings.model.resources import resource
from sre_findings.settings import Settings, load

if TYPE_CHECKING:
    from sre_findings.model.answers.gate import Gate
    from sre_findings.model.answers.list_answer import AnyListAnswer
    from sre_findings.questions.question import Question

_STORE = "sre_cli.store"
"""Key of the store's address in the context; empty for a server."""
F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("table", "json", "csv", "ndjson")
_FAIL_ON = (
    "Exit 1 if an open finding is at or above this severity, and 0 only if it is known that none"
    " is; otherwise 3, 5 or 6."
)


class Parsed(click.ParamType[Any]):
    """A value that the model parses and checks.

    Its UsageError becomes click's. Shell completion offers ``words``.
    """

    def __init__(self, name: str, parse: Callable[[str], Any], words: tuple[str, ...] = ()) -> None:
        self.name, self._parse, self._words = name, parse, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the parsed value."""
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Returns the words that begin with the input, or with its part after the last comma."""
        from click.shell_completion import CompletionItem

        done, comma, last = incomplete.rpartition(",")
        words = [word for word in self._words if word.startswith(last.lower())]
        return [CompletionItem(f"{done}{comma}{word}") for word in words]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a date and time", do="Example: 2026-11-30T01:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MOMENT = Parsed("moment", _moment)
SEVERITY = Parsed("severity", severity.parse, tuple(s.lower() for s in severity.ORDER))
TYPE = Parsed("type", resource.parse_type, tuple(resource.WORDS))
STATUS = Parsed("status", parse_status, tuple(s.lower() for s in STATUSES))


def store_options(function: F) -> F:
    """Adds --store, --table and --max-age. The command gets them as ``settings``."""

    @click.option(
        "--store",
        help="Snapshot store: a folder, file:///… or s3://bucket/prefix.  [env: SRE_STORE]",
    )
    @click.option(
        "--table", help="Table of rollups: sqlite:////… or dynamodb://table.  [env: SRE_TABLE]"
    )
    @click.option("--max-age", help="Older snapshots are stale (26h, 3d).  [env: SRE_MAX_AGE]")
    @wraps(function)
    def with_settings(
        *, store: str | None, table: str | None, max_age: str | None, **rest: Any
    ) -> Any:
        settings = load(os.environ, Path.cwd(), store=store, table=table, max_age=max_age)
        click.get_current_context().meta[_STORE] = "" if settings.server else settings.store
        try:
            return function(settings=settings, **rest)
        except NoSnapshot as error:
            raise error if settings.server else NoSnapshot(settings.store) from error

    return with_settings  # type: ignore[return-value]  # the wrapper adds options and passes the rest on unchanged


def question_options(function: F) -> F:
    """Like ``store_options``, for a command that queries snapshots: limits its time and memory."""

    @wraps(function)
    def limited(*, settings: Settings, **rest: Any) -> Any:
        from sre_cli.question_limits import question_limits

        with question_limits(settings.query_time.total_seconds(), settings.query_memory):
            code = function(settings=settings, **rest)
            if sys.stdout.isatty():
                renew(settings)
            return code

    return store_options(limited)  # type: ignore[return-value]  # the wrapper passes the rest on unchanged


def output_options(*formats: str) -> Callable[[F], F]:
    """Adds -o/--output with these formats, and --json. The last one given counts."""

    def decorated(function: F) -> F:
        output = click.option(
            "-o",
            "--output",
            type=click.Choice(formats),
            default="table",
            show_default=True,
            help="Output format.",
        )
        json = click.option("--json", "output", flag_value="json", help="Same as --output json.")
        return output(json(function))

    return decorated


output_option = output_options(*FORMATS)


def gate_options(function: F) -> F:
    """Adds --fail-on and --untriaged. The command gets them as ``gate``, None without --fail-on."""

    @click.option("--fail-on", type=SEVERITY, help=_FAIL_ON)
    @click.option(
        "--untriaged",
        type=click.Choice(("fail", "ignore")),
        default="fail",
        help="Whether untriaged findings meet --fail-on.",
    )
    @wraps(function)
    def with_gate(*, fail_on: severity.Severity | None, untriaged: str, **rest: Any) -> Any:
        from sre_findings.model.answers.gate import Gate

        gate = Gate(fail_on, untriaged_fails=untriaged == "fail") if fail_on else None
        return function(gate=gate, **rest)

    return with_gate  # type: ignore[return-value]  # the wrapper adds options and passes the rest on unchanged


def exit_code(answer: Any, code: Callable[[Any, Gate | None], int], gate: Gate | None) -> int:
    """Returns the exit code of an answer, and prints why its gate did not pass."""
    from sre_cli.exit_codes import why_failed

    if gate and (why := why_failed(answer, gate)):
        tell(why)
    return code(answer, gate)


owner_option = list_option(
    "--owner",
    "owners",
    help="Only resources of this owner; unassigned: of none. Repeatable or comma-separated.",
    shell_complete=completing(OWNER),
)
account_option = list_option(
    "--account",
    "accounts",
    help="Only this account. Repeatable or comma-separated.",
    shell_complete=completing(ACCOUNT),
)
region_option = list_option(
    "-r",
    "--region",
    "regions",
    help="Only this region. Repeatable or comma-separated.",
    shell_complete=completing(REGION),
)


def narrow_options(function: F) -> F:
    """Adds --owner, --account and --region. The command gets them as ``filters``."""

    @owner_option
    @account_option
    @region_option
    @wraps(function)
    def with_narrow(
        *, owners: tuple[str, ...], accounts: tuple[str, ...], regions: tuple[str, ...], **rest: Any
    ) -> Any:
        from sre_findings.questions.filters import Filters

        return function(filters=Filters(owners, accounts, regions), **rest)

    return with_narrow  # type: ignore[return-value]  # the wrapper adds options and passes the rest on unchanged


def count_option(default: int) -> Callable[[F], F]:
    """Adds -n, --count, --limit: the number of rows."""
    text = "Maximum number of rows; 0 lists all."
    return click.option(
        "-n",
        "--count",
        "--limit",
        default=default,
        show_default=True,
        type=click.IntRange(0),
        help=text,
    )


def sources_here(settings: Settings, profile: str | None = None, *, instead: str = "") -> Any:
    """Returns the sources of a command that reads the store directly.

    Raises UsageError if SRE_SERVER is set; ``instead`` is the advice for use with a server.
    """
    from sre_findings.service.factory import open_sources

    if settings.server:
        why = "this command reads the store directly"
        do = f"{instead} Unset it, or use --store.".lstrip()
        raise UsageError("SRE_SERVER is set", why=why, do=do)
    return open_sources(settings, profile)


def answer_list(question: Question[AnyListAnswer], settings: Settings, output: str) -> int:
    """Runs a query that has a list as its answer, and prints it.

    Returns the exit code: 3 if the answer is unknown, or may be incomplete or stale.
    """
    from sre_cli.render.list_answer import render_list
    from sre_findings.service.factory import open_service

    return print_list(open_service(settings).ask(question), output, render_list)


def print_list(
    answer: AnyListAnswer, output: str, table: Callable[[Any, int | None, int], str]
) -> int:
    """Prints an answer that has a list. Returns the exit code, as ``answer_list`` does."""
    from sre_cli.exit_codes import ANSWERED, UNSURE

    show(answer, output, table)
    if not answer.known and output in ("csv", "ndjson"):  # rows cannot express it
        tell(f"Unknown: {answer.headline}")
    return ANSWERED if answer.known and answer.proof.sure else UNSURE


reachable_option = click.option(
    "--reachable",
    is_flag=True,
    help="Only findings in code that Inspector saw in use at run time. The output states what is"
    " left out.",
)
as_of_option = click.option(
    "--as-of",
    metavar="WHEN",
    help="Use an older snapshot: its id, 2026-11-22, yesterday, friday, -7d.",
    shell_complete=completing(SNAPSHOT),
)
exit_help = "\b\nExit codes: see sre-cli --help."


def show(answer: Any, output: str, table: Callable[[Any, int | None, int], str]) -> None:
    """Prints an answer in the format ``output``.

    Tables are fitted to a terminal, but not shortened in a pipe.
    """
    if output == "table":
        from sre_cli.render.terminal import colour_of, columns

        width = columns(sys.stdout, forced="COLUMNS" in os.environ)
        text = table(answer, width, colour_of(sys.stdout.isatty(), os.environ))
    else:
        from sre_reports.formats import answers

        text = {
            "json": answers.as_json,
            "csv": answers.as_csv,
            "ndjson": answers.as_ndjson,
        }[output](answer)
    click.echo(text.rstrip("\n"))
    if output == "table" and sys.stdout.isatty():
        _show_next_step(answer)
    proof = getattr(answer, "proof", None)
    if proof is not None and proof.source == "snapshot" and proof.snapshot_id is None:
        say_where()


def _show_next_step(answer: Any) -> None:
    """Prints the command that most likely helps next, in a muted style.

    Snapshots are queried as they were: an answer with --as-of has none.
    """
    from sre_cli.next_step import next_step
    from sre_cli.render.terminal import colour_of, styled

    context = click.get_current_context()
    if context.params.get("as_of") is None and (
        step := next_step(context.command.name or "", answer)
    ):
        click.echo(styled(f"Next: {step}", "muted", colour_of(True, os.environ)))


def say_where() -> None:
    """Prints the address of the store that has no snapshot, unless a server was queried."""
    if store := click.get_current_context().meta.get(_STORE):
        tell(f"there is no snapshot in {store}")
