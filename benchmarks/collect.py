"""From all findings to a committed snapshot; compared with the AWS CLI, boto3 with pandas, and
fetching alone."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from processes import BIN, Cost, environment, machine, median, run, simulator

HERE = Path(__file__).parent
PEERS_UP_TO = 100_000  # beyond this, the AWS CLI takes 9 GB and boto3 with pandas 17 GB


def contenders(url: str, folder: Path) -> dict[str, tuple[Sequence[str], Path | None]]:
    """Name → (command, file for its stdout)."""
    peers = HERE / "peers"
    return {
        "sre-cli scan (sorted, rollups, certificate)": (
            [str(BIN / "sre-cli"), "scan", "-r", "eu-west-1", "--rate", "1000"],
            None,
        ),
        "fetch only (the floor)": ([sys.executable, str(peers / "fetch_only.py"), url], None),
        "aws inspector2 list-findings > file": (
            [str(BIN / "aws"), "inspector2", "list-findings"],
            folder / "aws.json",
        ),
        "boto3 paginator + pandas → Parquet": (
            [sys.executable, str(peers / "boto3_pandas.py"), str(folder / "p.parquet")],
            None,
        ),
    }


def measure(findings: int, runs: int, *, peers: bool) -> dict[str, Cost]:
    """The median cost of each contender. They run in turns, so that a slow minute affects all of
    them."""
    costs: dict[str, list[Cost]] = {}
    with simulator(findings) as url:
        for _ in range(runs):
            with tempfile.TemporaryDirectory(prefix="sre-bench-") as name:
                folder = Path(name)
                environ = environment(url, folder / "store")
                for contender, (command, stdout) in contenders(url, folder).items():
                    if peers or contender.startswith(("sre-cli", "fetch")):
                        costs.setdefault(contender, []).append(run(command, environ, stdout))
    return {name: median(some) for name, some in costs.items()}


def table(findings: int, costs: Mapping[str, Cost]) -> list[str]:
    """The rows for one size, with the ratio to the better peer."""
    peers = [cost.cpu for name, cost in costs.items() if not name.startswith(("sre-cli", "fetch"))]
    lines = [
        f"\n## {findings:,} findings\n",
        "| | CPU, µs a finding | of the better peer | wall, s | peak memory, MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, cost in costs.items():
        ratio = f"{cost.cpu / min(peers):.3f}" if peers else "–"
        lines.append(
            f"| {name} | {cost.cpu / findings * 1e6:.1f} | {ratio} | {cost.wall:.1f} |"
            f" {cost.memory:.0f} |"
        )
    return lines


def main(sizes: Sequence[int] = (10_000, 100_000, 1_000_000), runs: int = 3) -> None:
    """Writes results/collect.md."""
    lines = [
        "# Collecting every finding",
        "",
        machine(),
        "",
        (
            f"Whole processes against the simulator in a process of its own; medians of {runs} (1"
            " at a million)."
        ),
    ]
    for findings in sizes:
        big = findings > PEERS_UP_TO
        lines += table(
            findings, measure(findings, 1 if big else runs, peers=not big or "--peers" in sys.argv)
        )
        print("\n".join(lines[-6:]), flush=True)
    (HERE / "results" / "collect.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
