"""Opens the engine that SRE_ENGINE selects.

duckdb                         in this process: the default
spark                          Spark on this machine (all cores), or the process's session
spark://host:port              a standalone cluster, whose workers read the store themselves
athena://database/workgroup    Athena on a bucket's Glue tables; the workgroup must limit the
                               bytes that a query may scan
    ?region=eu-west-1          default: the region of the AWS SDK
    &timeout=60s               the maximum duration of a query
"""

from __future__ import annotations

from collections.abc import Sequence

from sre_findings.engine.catalogue import Engine
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.errors import UsageError
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.reader import Commit, Snapshots


def open_engine(
    url: str,
    snapshots: Snapshots,
    commits: Sequence[Commit],
    copies: Copies,
    access: Access = EVERYTHING,
) -> Engine:
    """Returns an engine restricted to the access of a client. No request is made yet.

    It reads the newest of the commits, or all of them for tables of the history. Raises
    UsageError if the URL is not an engine.
    """
    scheme, _, rest = url.partition("://")
    if url == "duckdb":
        from sre_findings.engine.databases import SHARED
        from sre_findings.engine.duckdb import DuckDB

        return DuckDB(snapshots, commits, copies, access, SHARED)
    if url == "spark" or (scheme == "spark" and rest):
        from sre_findings.engine.spark import Spark

        return Spark(snapshots, commits, copies, url if rest else "local[*]", access)
    if scheme == "athena" and rest:
        from sre_findings.engine.athena import Athena, place

        return Athena(snapshots, commits, place(url), access)
    do = "Use duckdb, spark, spark://host:port or athena://database/workgroup."
    raise UsageError(f"{url!r} is not an engine", do=do)


def publish(url: str, snapshots: Snapshots, commits: Sequence[Commit]) -> int:
    """Makes new commits visible to the engine. Returns the number of partitions added or moved.

    Only Athena needs this; for other engines it returns 0.
    """
    if not url.startswith("athena://"):
        return 0
    from sre_findings.engine.athena import place
    from sre_findings.store.glue import Glue

    where = place(url)
    return Glue(where.database, where.region).publish(snapshots, commits)
