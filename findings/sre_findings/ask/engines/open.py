"""The engine that SRE_ENGINE names.

duckdb                             in this process: the default
spark                              Spark on this machine, all cores; or the session that the process already has
spark://host:port                  a standalone cluster; its workers read the store themselves
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sre_findings.ask.engine import Engine
from sre_findings.model.errors import UsageError
from sre_findings.store.snapshots import Commit, Snapshots


def open_engine(url: str, snapshots: Snapshots, commits: Sequence[Commit], copies: Path) -> Engine:
    """An engine over the newest of the commits, and over all of them where a table is history. Nothing is contacted yet."""
    scheme, _, rest = url.partition("://")
    if url == "duckdb":
        from sre_findings.ask.engines.duckdb import DuckDB  # noqa: PLC0415 - only what is chosen

        return DuckDB(snapshots, commits, copies)
    if url == "spark" or (scheme == "spark" and rest):
        from sre_findings.ask.engines.spark import Spark  # noqa: PLC0415

        return Spark(snapshots, commits, copies, url if rest else "local[*]")
    do = "Use duckdb, spark or spark://host:port."
    raise UsageError(f"{url!r} is not an engine", do=do)
