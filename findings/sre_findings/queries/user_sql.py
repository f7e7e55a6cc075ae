"""``Store.sql``: a user's own SQL query over the tables of a snapshot.

The query can read only these tables, with limits on time and memory. It always runs in DuckDB in
this process, regardless of SRE_ENGINE: other engines cannot be restricted like this.
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
from sre_findings.model.text import phrase
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.objects.part_cache import Copies

Cell = str | int | float | bool | None

_AS_IT_IS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|BOOLEAN|VARCHAR)\Z")
_NESTED = re.compile(r"(STRUCT|MAP|UNION)\(|.*\[\d*\]\Z", re.DOTALL)
_THREADS = 4  # each thread may use memory beyond the limit


@dataclass(frozen=True, slots=True)
class Sql:
    """A query with its limits.

    ``count`` is the maximum number of rows (0 for all), ``seconds`` the maximum run time, and
    ``memory`` the maximum memory in bytes.
    """

    text: str
    count: int = 1000
    as_of: str | None = None
    seconds: float = 30.0
    memory: int = 10**9


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """Rows of plain values; a value that is neither number nor text is DuckDB's text for it.

    ``cut`` is set if there were more rows.
    """

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
    """Answers one SELECT, DESCRIBE or SHOW.

    Raises UsageError for any other statement, and if a limit is reached. Raises Forbidden if the
    caller may not see everything.
    """
    if not sources.caller.access.everything:
        why = phrase("SQL reads whole tables")
        raise Forbidden(
            phrase("SQL requires access to everything"),
            why=why,
            do=phrase("Use one of the other commands."),
        )
    found = find(sources, question.as_of)
    text = _one_question(question.text)
    with _explained(question):
        connection = _locked(_opened(text, found, sources), question)
        with _interrupted_after(connection, question.seconds):
            cursor = connection.execute(
                f"select {_plain(connection, text)} from ({text}\n) as answer"  # noqa: S608 - parsed before as a single query
            )
            rows = cursor.fetchmany(question.count + 1) if question.count else cursor.fetchall()
    columns = [column[0] for column in cursor.description]
    shown = rows[: question.count or None]
    return SqlAnswer(
        columns, [tuple(map(_finite, row)) for row in shown], len(shown) < len(rows), found.proof
    )


def _one_question(text: str) -> str:
    """The only statement of the text, without its semicolon.

    Raises UsageError unless it is a single statement that only reads.
    """
    import duckdb

    do = phrase("Use one SELECT, WITH, DESCRIBE or SHOW.")
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise UsageError(phrase("the SQL is not valid"), why=first_line(error), do=do) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(one.type.name for one in statements) or "nothing"
        raise UsageError(
            phrase("only a single read-only statement is allowed"),
            why=phrase("this is {}", kinds),
            do=do,
        )
    query: str = statements[0].query.strip().rstrip(";")
    return query


def _opened(text: str, found: Found, sources: Sources) -> tuple[Any, DuckDB]:
    """A connection with the tables that the text names, and their engine.

    If it names none (SHOW TABLES), the connection has all tables.
    """
    words = {*re.findall(r"[a-z_]+", text.lower())}
    history = words & {*HISTORY} or not words & {*TABLES}
    commits = (
        [one for one in sources.stores.snapshots.commits() if one.sequence <= found.commit.sequence]
        if history
        else [found.commit]
    )
    engine = DuckDB(
        sources.stores.snapshots, commits, Copies(sources.stores.copies, sources.stores.copies_size)
    )
    return engine.connect(engine.tables.named_in(text) or engine.tables.names), engine


def _locked(opened: tuple[Any, DuckDB], question: Sql) -> Any:
    """The connection, permanently restricted to the files of its tables."""
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
    """The columns of the query, each cast to a type that Python, JSON and CSV also have."""
    described = connection.execute(f"describe select * from ({text}\n) as answer").fetchall()  # noqa: S608 - parsed before as a single query
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
    """The value; as text if it is NaN or infinite, which JSON does not have."""
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
    """Translates DuckDB's errors: UsageError for the query, StoreUnreadable for a file."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException as error:
        do = phrase("Narrow the query, or allow more time with --timeout.")
        raise UsageError(
            phrase("the query took longer than {:g} s", question.seconds), do=do
        ) from error
    except duckdb.OutOfMemoryException as error:
        do = phrase("Narrow the query, or allow more memory with --memory.")
        raise UsageError(
            phrase("the query exceeds its memory limit"), why=first_line(error), do=do
        ) from error
    except duckdb.IOException as error:
        raise StoreUnreadable(
            "the snapshot cannot be read",
            why=first_line(error),
            do="Run: sre-cli snapshots verify.",
        ) from error
    except duckdb.Error as error:
        raise UsageError(phrase("the query failed"), why=first_line(error)) from error
