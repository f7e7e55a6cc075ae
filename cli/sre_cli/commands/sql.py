"""sre-cli sql."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sre_cli import exit_codes, options
from sre_cli.messages import tell
from sre_findings.settings import Settings, size, span

if TYPE_CHECKING:
    from sre_findings.queries.user_sql import SqlAnswer

_GRACE = 10.0  # seconds that the engine has to notice its time limit
_HEADROOM = 3 * 10**9  # bytes for the process in addition to the query


@click.command("sql", epilog=options.exit_help)
@click.argument("text")
@options.count_option(1000)
@click.option(
    "--timeout",
    type=options.Parsed("span", span),
    default="30s",
    show_default=True,
    help="Time limit.",
)
@click.option(
    "--memory",
    type=options.Parsed("size", size),
    default="1GB",
    show_default=True,
    help="Memory limit.",
)
@options.as_of_option
@options.output_option
@options.store_options
def command(
    settings: Settings,
    text: str,
    count: int,
    timeout: Any,
    memory: int,
    as_of: str | None,
    output: str,
) -> int:
    """Run read-only SQL on a snapshot.

    TEXT is one SELECT, WITH, DESCRIBE or SHOW in DuckDB's SQL; - reads it from stdin. It can read
    the tables of the snapshot (docs/schema.md), and no other files.

    \b
    sre-cli sql "show tables"
    sre-cli sql "select severity, count(*) as n from findings group by severity order by n desc"
    sre-cli sql "select * from coverage where status <> 'ACTIVE'" --output csv
    """
    from sre_cli.process_limits import limits
    from sre_findings.queries.user_sql import Sql, sql

    question = Sql(_stdin() if text == "-" else text, count, as_of, timeout.total_seconds(), memory)
    with limits(question.seconds + _GRACE, question.memory + _HEADROOM):
        answer = sql(
            question, options.sources_here(settings, instead="Run SQL where the store is.")
        )
    click.echo(_FORMS[output](answer).rstrip("\n"))
    _summarize(answer)
    return exit_codes.ANSWERED if answer.proof.sure else exit_codes.UNSURE


def _stdin() -> str:
    """Returns the SQL on stdin. Raises UsageError for more than a user could have written."""
    from sre_findings.files import LARGEST
    from sre_findings.model.errors import UsageError

    text = sys.stdin.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise UsageError(f"the SQL is longer than {LARGEST:,} characters")
    return text


def _summarize(answer: SqlAnswer) -> None:
    """Prints the number of rows and their snapshot on stderr, and whether there are more."""
    rows = "1 row" if len(answer.rows) == 1 else f"{len(answer.rows):,} rows"
    more = "; there are more, -n 0 lists all" if answer.cut else ""
    tell(f"{rows} of snapshot {answer.proof.snapshot_id} ({answer.proof.state}){more}")


def _table(answer: SqlAnswer) -> str:
    """Returns a table that is not fitted to the terminal, because the user chose the columns."""
    import os

    from sre_cli.render.table import Column, lines
    from sre_cli.render.terminal import colour_of, printable

    columns = [
        Column(printable(name), right=_all_numbers(answer, n))
        for n, name in enumerate(answer.columns)
    ]
    rows = [["" if cell is None else _text(cell) for cell in row] for row in answer.rows]
    return "\n".join(lines(columns, rows, None, colour_of(sys.stdout.isatty(), os.environ)))


def _all_numbers(answer: SqlAnswer, place: int) -> bool:
    return all(type(row[place]) in (int, float, type(None)) for row in answer.rows)


def _csv(answer: SqlAnswer) -> str:
    from sre_reports.formats.csv.escaping import csv_text

    return csv_text(
        [
            answer.columns,
            *(
                [_text(cell) if isinstance(cell, bool) else cell for cell in row]
                for row in answer.rows
            ),
        ]
    )


def _text(cell: Any) -> str:
    """Returns a cell as text. Booleans are written as in JSON and SQL."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


_FORMS: dict[str, Callable[[SqlAnswer], str]] = {
    "table": _table,
    "json": lambda answer: json.dumps(answer.to_json(), indent=2),
    "ndjson": lambda answer: "\n".join(json.dumps(row) for row in answer.to_json()["rows"]),
    "csv": _csv,
}
