"""``ask.sql``: somebody's own query over the tables of a snapshot. It reads these tables and
nothing else, and not for ever.

Always by DuckDB in this process, whatever SRE_ENGINE says: another engine could not be locked up
like this.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sre_findings.engine.duckdb import DuckDB, first_line, quoted
from sre_findings.engine.tables import HISTORY, TABLES
from sre_findings.model.answers.answer import Proof
from sre_findings.model.errors import Forbidden, StoreUnreadable, UsageError
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.objects.part_cache import Copies

Cell = str | int | float | bool | None

_AS_IT_IS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|BOOLEAN|VARCHAR)\Z")
_NESTED = re.compile(r"(STRUCT|MAP|UNION)\(|.*\[\d*\]\Z", re.DOTALL)
_THREADS = 4  # each may take memory of its own, beside the limit


@dataclass(frozen=True, slots=True)
class Sql:
    """A query, ``count`` rows at most (0: all), within ``seconds`` and so many bytes of
    ``memory``."""

    text: str
    count: int = 1000
    as_of: str | None = None
    seconds: float = 30.0
    memory: int = 10**9


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """Rows as plain values; what is neither number nor text is DuckDB's own text of it. ``cut``
    says that there were more."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    cut: bool
    proof: Proof

    def to_json(self) -> dict[str, Any]:
        """The columns, the rows as objects, and the proof."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {
            "columns": list(self.columns),
            "rows": rows,
            "cut": self.cut,
            **self.proof.to_json(),
        }


def sql(question: Sql, sources: Sources) -> SqlAnswer:
    """Answers one SELECT, DESCRIBE or SHOW. Raises UsageError for everything else, and where a
    limit is reached.

    Only for who may see everything: Forbidden for anybody else.
    """
    if not sources.access.everything:
        why = "SQL reads whole tables"
        raise Forbidden(
            "SQL requires access to everything", why=why, do="Use one of the other commands."
        )
    found = find(sources, question.as_of)
    if found is None:
        raise UsageError("there is no snapshot yet", do="Run: sre-cli scan (or sre-cli demo).")
    text = _one_question(question.text)
    with _explained(question):
        connection = _locked(_opened(text, found, sources), question)
        with _interrupted_after(connection, question.seconds):
            cursor = connection.execute(
                f"select {_plain(connection, text)} from ({text}\n) as answer"  # noqa: S608 - wrapped once it was parsed as one query
            )
            rows = cursor.fetchmany(question.count + 1) if question.count else cursor.fetchall()
    columns = [column[0] for column in cursor.description]
    shown = rows[: question.count or None]
    return SqlAnswer(
        columns, [tuple(map(_finite, row)) for row in shown], len(shown) < len(rows), found.proof
    )


def _one_question(text: str) -> str:
    """The one statement of the text, without its semicolon. Raises UsageError unless it only
    reads."""
    import duckdb

    do = "Use one SELECT, WITH, DESCRIBE or SHOW."
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise UsageError("the SQL is not valid", why=first_line(error), do=do) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(one.type.name for one in statements) or "nothing"
        raise UsageError(
            "only a single read-only statement is allowed", why=f"this is {kinds}", do=do
        )
    query: str = statements[0].query.strip().rstrip(";")
    return query


def _opened(text: str, found: Found, sources: Sources) -> tuple[Any, DuckDB]:
    """A connection with the tables that the text names, or all where it names none (SHOW TABLES),
    and their engine."""
    words = {*re.findall(r"[a-z_]+", text.lower())}
    history = words & {*HISTORY} or not words & {*TABLES}
    commits = (
        [one for one in sources.snapshots.commits() if one.sequence <= found.commit.sequence]
        if history
        else [found.commit]
    )
    engine = DuckDB(sources.snapshots, commits, Copies(sources.copies, sources.copies_size))
    return engine.connect(engine.tables.named_in(text) or engine.tables.names), engine


def _locked(opened: tuple[Any, DuckDB], question: Sql) -> Any:
    """The connection, shut off from every file but those of its tables, for good."""
    connection, engine = opened
    for setting in (
        f"allowed_paths = {quoted(engine.files)}",
        f"memory_limit = '{question.memory}B'",
        f"threads = {min(_THREADS, os.cpu_count() or 1)}",
        "temp_directory = ''",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")
    return connection


def _plain(connection: Any, text: str) -> str:
    """The columns of the query, each as something that Python, JSON and CSV have too."""
    described = connection.execute(f"describe select * from ({text}\n) as answer").fetchall()  # noqa: S608 - checked
    return ", ".join(_cast(name, kind) for name, kind, *_ in described)


def _cast(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if _AS_IT_IS.match(kind):
        return column
    if kind.startswith("DECIMAL"):
        return f"{column}::double as {column}"
    return (
        f"to_json({column})::varchar as {column}"
        if _NESTED.match(kind)
        else f"{column}::varchar as {column}"
    )


def _finite(value: Cell) -> Cell:
    """JSON has no NaN and no infinity."""
    return str(value) if isinstance(value, float) and value - value != 0 else value


@contextlib.contextmanager
def _interrupted_after(connection: Any, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _explained(question: Sql) -> Iterator[None]:
    """DuckDB's errors in words: a bad question is the caller's, a bad file is the store's."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException as error:
        do = "Narrow the query, or allow more time with --timeout."
        raise UsageError(f"the query took longer than {question.seconds:g} s", do=do) from error
    except duckdb.OutOfMemoryException as error:
        do = "Narrow the query, or allow more memory with --memory."
        raise UsageError(
            "the query exceeds its memory limit", why=first_line(error), do=do
        ) from error
    except duckdb.IOException as error:
        raise StoreUnreadable(
            "the snapshot cannot be read",
            why=first_line(error),
            do="Run: sre-cli snapshots verify.",
        ) from error
    except duckdb.Error as error:
        raise UsageError("the query failed", why=first_line(error)) from error
