"""Options that several commands share, and what they open."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sre_findings.model.errors import UsageError
from sre_findings.model.findings import severity
from sre_findings.model.findings.finding import STATUSES, parse_status
from sre_findings.model.resources import resource
from sre_findings.settings import Settings, load

if TYPE_CHECKING:
    from sre_findings.model.answers.list_answer import ListAnswer
    from sre_findings.questions.question import Question

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("table", "json", "csv", "ndjson")


class Parsed(click.ParamType[Any]):
    """A value that the model itself checks; its UsageError becomes click's."""

    def __init__(self, name: str, parse: Callable[[str], Any], words: tuple[str, ...] = ()) -> None:
        self.name, self._parse, self._words = name, parse, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The checked value."""
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """The words that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self._words if word.startswith(incomplete.lower())]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a moment", do="Example: 2026-11-30T01:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MOMENT = Parsed("moment", _moment)
SEVERITY = Parsed("severity", severity.parse, tuple(s.lower() for s in severity.ORDER))
TYPE = Parsed("type", resource.parse_type, tuple(resource.WORDS))
STATUS = Parsed("status", parse_status, tuple(s.lower() for s in STATUSES))


def store_options(function: F) -> F:
    """--store, --table and --max-age, handed on as ``settings``."""

    @click.option(
        "--store",
        help="Where snapshots lie: a folder, file:///… or s3://bucket/prefix.  [env: SRE_STORE]",
    )
    @click.option(
        "--table", help="Where rollups lie: sqlite:////… or dynamodb://table.  [env: SRE_TABLE]"
    )
    @click.option(
        "--max-age", help="How old a snapshot may be to be sure (26h, 3d).  [env: SRE_MAX_AGE]"
    )
    @wraps(function)
    def with_settings(
        *, store: str | None, table: str | None, max_age: str | None, **rest: Any
    ) -> Any:
        settings = load(os.environ, Path.cwd(), store=store, table=table, max_age=max_age)
        return function(settings=settings, **rest)

    return with_settings  # type: ignore[return-value]  # the wrapper adds options and passes the rest on unchanged


def output_option(function: F) -> F:
    """--output table|json|csv|ndjson."""
    text = "How to print the answer."
    return click.option(
        "--output", type=click.Choice(FORMATS), default="table", show_default=True, help=text
    )(function)


def gate_options(function: F) -> F:
    """--fail-on and --untriaged."""
    untriaged = click.Choice(("fail", "ignore"))
    function = click.option(
        "--untriaged", type=untriaged, default="fail", help="What unrated findings do to --fail-on."
    )(function)
    return click.option(
        "--fail-on", type=SEVERITY, help="Exit 1 if a finding is at or above this severity."
    )(function)


def narrow_options(function: F) -> F:
    """--owner, --account and --region, handed on as ``narrow``."""

    @click.option(
        "--owner",
        "owners",
        multiple=True,
        help="Only what this owner answers for (again for more).",
    )
    @click.option(
        "--account", "accounts", multiple=True, help="Only this account (again for more)."
    )
    @click.option(
        "-r", "--region", "regions", multiple=True, help="Only this region (again for more)."
    )
    @wraps(function)
    def with_narrow(
        *, owners: tuple[str, ...], accounts: tuple[str, ...], regions: tuple[str, ...], **rest: Any
    ) -> Any:
        from sre_findings.questions.filters import Narrow

        return function(narrow=Narrow(owners, accounts, regions), **rest)

    return with_narrow  # type: ignore[return-value]  # the wrapper adds options and passes the rest on unchanged


def count_option(default: int) -> Callable[[F], F]:
    """-n, --count: how many are listed."""
    text = "How many to list; 0 lists all."
    return click.option(
        "-n", "--count", default=default, show_default=True, type=click.IntRange(0), help=text
    )


def sources_here(settings: Settings, profile: str | None = None, *, instead: str = "") -> Any:
    """The store, for commands that read it themselves. Raises UsageError where a server is to be
    asked: ``instead`` says how."""
    from sre_findings.service.factory import open_sources

    if settings.server:
        why = "this command reads snapshots itself"
        raise UsageError(
            "SRE_SERVER is set",
            why=why,
            do=f"{instead} Unset it, or name a store with --store.".lstrip(),
        )
    return open_sources(settings, profile)


def answer_list(question: Question[ListAnswer], settings: Settings, output: str) -> int:
    """Asks, prints the answer, and gives the exit code: 3 where there is nothing to answer from, or
    it may not be all."""
    from sre_cli.exits import ANSWERED, UNSURE
    from sre_cli.render_list import render_list
    from sre_findings.service.factory import open_service

    answer = open_service(settings).ask(question)
    show(answer, output, render_list)
    if not answer.known and output in ("csv", "ndjson"):  # rows have no place to say it
        from sre_cli.terminal import printable

        click.echo(f"sre-cli: Unknown: {printable(answer.headline)}", err=True)
    return ANSWERED if answer.known and answer.proof.sure else UNSURE


reachable_option = click.option(
    "--reachable",
    is_flag=True,
    help="Only what Inspector saw reached at run time; what is left out is told.",
)
as_of_option = click.option(
    "--as-of", metavar="WHEN", help="An older snapshot: its id, 2026-11-22, yesterday, -7d."
)
exit_help = "\b\nExit codes: see sre-cli --help."


def show(answer: Any, output: str, table: Callable[[Any, int | None, int], str]) -> None:
    """Prints an answer in the chosen form; tables fitted to the terminal, and not at all into a
    pipe."""
    if output == "table":
        from sre_cli.terminal import colour_of

        tty = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if tty or "COLUMNS" in os.environ else None
        text = table(answer, width, colour_of(tty, os.environ))
    else:
        from sre_reports.formats import answers

        text = {
            "json": answers.as_json,
            "csv": answers.as_csv,
            "ndjson": answers.as_ndjson,
        }[output](answer)
    click.echo(text.rstrip("\n"))
