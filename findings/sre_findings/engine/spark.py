"""Spark: on this machine, on a standalone cluster, or in the process's session (EMR, a notebook).

All settings other than the master come from where Spark reads them: spark-defaults.conf or
PYSPARK_SUBMIT_ARGS. On one machine a bucket's parts are copied as for DuckDB. The workers of a
cluster read ``s3a://`` themselves, and a folder store must be a folder that all of them can read.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from sre_findings.engine.catalogue import Batch, Engine
from sre_findings.engine.older_tables import absent, names_of
from sre_findings.engine.row_access import seen
from sre_findings.engine.shared_findings import counted
from sre_findings.engine.tables import HISTORY, Tables
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.errors import StoreUnreadable, Unreachable, UsageError
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.schema.column_types import HIVE, columns
from sre_findings.store.snapshots.reader import Commit, Snapshots

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BATCH = 2000
_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.variable.substitute": "false",  # otherwise strings with ${…} are changed
}
"""With other values of these settings, Spark's rows would differ from DuckDB's."""


class Spark(Engine):
    """The tables as temporary views in a Spark session of its own.

    The Spark context behind it, which takes 10 s to start, is shared.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        commits: Sequence[Commit],
        copies: Copies,
        master: str = "local[*]",
        access: Access = EVERYTHING,
    ) -> None:
        self._tables, self._copies = Tables(snapshots, commits), copies
        self._master, self._access = master, access
        self._views: set[str] = set()
        self._raw: set[str] = set()

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """See Engine."""
        from sre_findings.engine.dialect import SPARK, render, tables_of

        session = self._session
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        query, parameters = counted(self, query, parameters)
        text = render(query, SPARK, parameters)
        try:
            self._make_views(tables_of(query))
            rows = (row.asDict() for row in session.sql(text).toLocalIterator())
            while batch := list(islice(rows, _BATCH)):
                yield batch
        except (PySparkException, Py4JError) as error:
            what = f"{self._tables.described} cannot be read by Spark"
            raise StoreUnreadable(what, why=_why(error), do="See the log of Spark.") from error

    @functools.cached_property
    def _session(self) -> SparkSession:
        session = context_of(self._master).newSession()
        for name, value in _CONF.items():
            session.conf.set(name, value)
        return session

    def _make_views(self, tables: set[str]) -> None:
        for table in (tables & {*self._tables.names}) - self._views:
            self._make_view(table)

    def _make_view(self, table: str) -> None:
        """Creates the view of a table's visible rows unless it exists or has unknown columns."""
        from sre_findings.engine.dialect import SPARK, rendered

        if table in self._views or not (table in self._raw or self._make_raw(table)):
            return
        view = seen(table, f"select * from {table}_raw", self._access)  # noqa: S608 - our own names
        for one in view.reads:
            self._make_view(one)
        for name, select in {**view.helpers, table: view.select}.items():
            self._session.sql(rendered(select, SPARK)).createTempView(name)
        self._views.add(table)

    def _make_raw(self, table: str) -> bool:
        """Creates the view of a table's files, which no query of the catalogue reads directly.

        Returns whether the table's columns are known.
        """
        if paths := self._paths(table):
            frame = self._session.read.option("mergeSchema", str(table in HISTORY).lower()).parquet(
                *paths
            )
            later = [
                f"cast({value} as {kind}) as {name}"
                for name, kind, value in absent(table, self._tables.parts(table), HIVE)
            ]
            frame = frame.selectExpr("*", *later)
        elif table == "names" and (names := names_of(self._tables.newest, self._within)):
            frame = self._session.sql(names)
        elif known := columns(table, HIVE):
            frame = self._session.createDataFrame(
                [], ", ".join(f"{name} {kind}" for name, kind in known)
            )
        else:
            return False
        frame.createTempView(f"{table}_raw")
        self._raw.add(table)
        return True

    def _within(self, table: str) -> str | None:
        """Returns the SQL for a table in the ``from`` clause of another select."""
        known = table in self._raw or self._make_raw(table)
        return f"{table}_raw" if known else None

    def _paths(self, table: str) -> list[str]:
        """Returns the URLs at which Spark reads the files of a table."""
        snapshots, parts = self._tables.snapshots, self._tables.parts(table)
        url, master = snapshots.blobs.url, self._session.sparkContext.master or ""
        if url.startswith("s3://") and not master.startswith("local"):
            return [
                f"s3a{snapshots.part_url(commit, part).removeprefix('s3')}"
                for commit, part in parts
            ]
        return [f"file://{path}" for path in self._copies.paths(snapshots, parts)]


@functools.cache
def context_of(master: str) -> SparkSession:
    """Returns a session with the master's context, or the process's active session if it has one.

    Raises UsageError if pyspark is not installed, and Unreachable if Spark does not start.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        do = "Run: pip install 'sre-operations-assistant[spark]'."
        raise UsageError(
            "SRE_ENGINE names Spark, but pyspark is not installed", why=str(error), do=do
        ) from error
    if active := SparkSession.getActiveSession():
        return active
    builder = SparkSession.Builder().appName("sre-operations-assistant").master(master)
    for name, value in _start(master).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        do = "Check that Java 17 or newer is installed, and the master's address."
        raise Unreachable(
            f"Spark does not start with the master {master}", why=_why(error), do=do
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _why(error: Exception) -> str:
    """Returns the first line of Spark's message, or of the Java exception's if there is one."""
    java = getattr(error, "java_exception", None)
    text = str(java.getMessage()) if java is not None else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _start(master: str) -> dict[str, str]:
    """Returns the settings that disable the web UI and the progress bar.

    On one machine they also bind Spark to the loopback interface, so that it is not reachable.
    """
    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    alone = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    return quiet | alone if master.startswith("local") else quiet
