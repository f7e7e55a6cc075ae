"""Latency of queries, in process and warm, over snapshots with many findings; compared with pandas
over the same files."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from answer_peers import Ask, awscli, pandas
from processes import environment, machine
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    CACHED,
    Changes,
    Exposure,
    Fixes,
    Priorities,
    Sla,
    Summary,
    TimeToFix,
    Trend,
    Vulnerabilities,
)
from sre_findings.sources.sources import Sources
from sre_findings.sources.stores import Stores
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.keys import part_key
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner import scan as scanning
from sre_scanner.history.writer import HistoryWriter
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import Fleet
from sre_simulator.fleet.generator import large_fleet
from sre_simulator.inspector.server import Simulator

SHAPES = ((10_000, 90), (100_000, 3), (1_000_000, 3))  # findings per snapshot, and snapshots
RUNS = 15
AWSCLI_UP_TO = 100_000  # beyond this, the AWS CLI takes minutes and gigabytes
TARGETS = {
    "counts": 1,
    "first 50 findings": 5,
    "all findings of one": 15,
    "changes": 500,
    "fix plan": 1000,
    "trend": 20,
}


def build(fleet: Fleet, store: Path, spent: dict[str, float]) -> Sources:
    """Snapshots of a fleet, scanned one after the other. ``spent`` gets the CPU time of the last
    one's history and rollups."""
    snapshots, table = SnapshotWriter(FolderBlobs(store)), SqliteTable(store / "table.db")
    with Simulator(fleet) as simulator:
        os.environ.update(environment(simulator.url, store))
        for night in fleet.nights:
            simulator.clock = night
            with (
                _timed("history", spent, HistoryWriter, "write"),
                _timed("rollups", spent, scanning, "roll_up"),
            ):
                scan(
                    Request(regions=fleet.regions, rate=100_000.0),
                    snapshots,
                    table,
                    now=lambda: simulator.clock,
                )
    now = fleet.nights[-1]
    return Sources(Stores(snapshots, table, store / "copies"), now=lambda: now)


@contextmanager
def _timed(name: str, spent: dict[str, float], owner: Any, attribute: str) -> Iterator[None]:
    """Adds the CPU time of a function to ``spent``."""
    original = getattr(owner, attribute)

    def timed(*arguments: Any) -> Any:
        began = time.process_time()
        try:
            return original(*arguments)
        finally:
            spent[name] = time.process_time() - began

    setattr(owner, attribute, timed)
    try:
        yield
    finally:
        setattr(owner, attribute, original)


def questions(sources: Sources) -> dict[str, Ask]:
    """Name → the function to time."""
    worst = ask(Summary(by="resource", count=1), sources).groups[0].value

    def about(count: int) -> Any:
        return ask(Vulnerabilities(worst, count=count, source=CACHED), sources)

    return {
        "counts": lambda: ask(Summary(), sources),
        "counts by account": lambda: ask(Summary(by="account"), sources),
        "first 50 findings": lambda: about(50),
        "all findings of one": lambda: about(0),
        "changes": lambda: ask(Changes(), sources),
        "trend": lambda: ask(Trend(), sources),
        "deadlines": lambda: ask(Sla(), sources),
        "time to fix": lambda: ask(TimeToFix(), sources),
        "priorities": lambda: ask(Priorities(), sources),
        "fix plan": lambda: ask(Fixes(), sources),
        "top packages": lambda: ask(Summary(by="package", count=10), sources),
        "where is openssl": lambda: ask(Exposure("openssl"), sources),
    }


def timed(function: Callable[[], Any]) -> tuple[float, float]:
    """Median and 95th percentile of the wall time in ms, after one run to warm up; fewer runs of
    slow functions."""
    function()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        function()
        times.append((time.perf_counter() - began) * 1e3)
        if sum(times) > 5000:
            break
    return statistics.median(times), sorted(times)[int(len(times) * 0.95)]


def measure(findings: int, nights: int) -> list[str]:
    """The rows for one size."""
    spent: dict[str, float] = {}
    fleet = large_fleet(findings, accounts=4, regions=("eu-west-1",), nights=nights)
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name:
        sources = build(fleet, Path(name) / "store", spent)
        by_pandas = pandas(sources)
        by_aws = awscli(sources, fleet) if findings <= AWSCLI_UP_TO and nights < 10 else {}
        rows = [
            _row(question, timed(run), by_pandas, by_aws)
            for question, run in questions(sources).items()
        ]
        head = (
            f"\n## {findings:,} findings a night, {nights} nights\n",
            "| question | p50, ms | p95, ms | target, ms | pandas, ms | AWS CLI, ms |",
        )
        return [
            *head,
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            *_kept(sources),
            _spent(findings, spent),
        ]


def _row(
    question: str,
    ours: tuple[float, float],
    by_pandas: Mapping[str, Ask],
    by_aws: Mapping[str, float],
) -> str:
    pandas_ms = f"{timed(by_pandas[question])[0]:.0f}" if question in by_pandas else "–"
    aws_ms = f"{by_aws[question]:,.0f}" if question in by_aws else "–"
    return (
        f"| {question} | {ours[0]:.1f} | {ours[1]:.1f} | {TARGETS.get(question, '–')} | {pandas_ms}"
        f" | {aws_ms} |"
    )


def _kept(sources: Sources) -> list[str]:
    """Bytes per finding of the newest snapshot, by table."""
    newest = sources.stores.snapshots.commits()[-1]
    rows, sizes = 0, dict[str, int]()
    root = Path(sources.stores.snapshots.blobs.url.removeprefix("file://"))
    for part in sources.stores.snapshots.manifest(newest).parts:
        table = part.key.partition("/")[0]
        sizes[table] = sizes.get(table, 0) + part.bytes
        rows += (
            pq.ParquetFile(root / part_key(newest.snapshot_id, part.key)).metadata.num_rows
            if table == "findings"
            else 0
        )
    told = ", ".join(
        f"{table} {size / rows:.1f}"
        for table, size in sorted(sizes.items(), key=lambda one: -one[1])
        if size > rows / 20
    )
    return [f"Bytes kept a finding and night: {sum(sizes.values()) / rows:.1f} ({told}).", ""]


def _spent(findings: int, spent: dict[str, float]) -> str:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = ", ".join(f"{name} {seconds / findings * 1e6:.1f} µs" for name, seconds in spent.items())
    return (
        f"CPU a finding beyond the scan's own: {told}. Peak memory of all this, simulator included:"
        f" {peak:.0f} MB."
    )


def main(shapes: Sequence[tuple[int, int]] = SHAPES) -> None:
    """Writes results/answers.md."""
    told = (
        f"In process and warm; medians of up to {RUNS}. pandas reads the same files anew, as a"
        " script would; the AWS CLI lists with a JMESPath, the whole process once, against the"
        " simulator."
    )
    lines = ["# Answers", "", machine(), "", told]
    for findings, nights in shapes:
        lines += measure(findings, nights)
        print("\n".join(lines), flush=True)
    (Path(__file__).parent / "results" / "answers.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(
        [
            (int(findings), int(nights))
            for findings, nights in (one.split("x") for one in sys.argv[1:])
        ]
        or SHAPES
    )
