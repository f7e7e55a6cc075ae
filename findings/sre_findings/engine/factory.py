"""The engine that SRE_ENGINE names.

duckdb                             in this process: the default spark
Spark on this machine, all cores; or the session that the process already has spark://host:port
a standalone cluster; its workers read the store themselves athena://database/workgroup
Athena, over a bucket's tables in Glue; the workgroup must limit what a query may scan
    ?region=eu-west-1              default: as the AWS SDK finds it
    &timeout=60s                   how long a question may take
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
    """An engine over what a caller sees of the newest of the commits, and of all of them where a
    table is history. Nothing is contacted yet."""
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
    """Tells the engine of commits, after they were made; how many it did not know yet. Most engines
    need not be told."""
    if not url.startswith("athena://"):
        return 0
    from sre_findings.engine.athena import place
    from sre_findings.store.glue import Glue

    where = place(url)
    return Glue(where.database, where.region).publish(snapshots, commits)
