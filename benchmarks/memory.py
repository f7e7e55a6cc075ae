"""The most memory that the scan task holds, two nights each, by number of findings: simulated, and of the shape of real ones.

``memory.py 100000 1000000`` takes other sizes; real findings are served many times over where SRE_REAL_FINDINGS names a folder
with them, else invented ones of their shape.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from processes import Cost, environment, machine, run

HERE = Path(__file__).parent
NIGHTS = 2
COPY = 214  # invented findings a copy


def fleets(findings: int) -> dict[str, tuple[str, list[str]]]:
    """Name → (region, the simulator's arguments)."""
    shaped = ["--copies", str(round(findings * 23 / 22 / COPY))]
    real = sorted(Path(os.environ.get("SRE_REAL_FINDINGS", "none")).glob("account-*.jsonl"))
    replayed = ["--replay", str(real[0])] if real else []
    return {
        "simulated": ("eu-west-1", ["--findings", str(findings), "--regions", "eu-west-1"]),
        "real, many times over" if real else "real-shaped": ("us-east-1", [*replayed, *shaped]),
    }


@contextmanager
def simulator(arguments: Sequence[str]) -> Iterator[str]:
    """A simulated Inspector in a process of its own; its URL."""
    command = [sys.executable, "-m", "sre_simulator", "--nights", str(NIGHTS), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def set_clock(url: str, at: datetime) -> None:
    """Tells the simulator what time it is."""
    body = json.dumps({"now": at.timestamp()}).encode()
    urlopen(Request(f"{url}/_simulator/clock", body, method="POST")).close()  # noqa: S310 - our own, on loopback


def nights(region: str, arguments: Sequence[str]) -> list[Cost]:
    """What each night's scan cost, the task's own command in a process of its own."""
    costs = []
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with simulator(arguments) as url, tempfile.TemporaryDirectory(prefix="sre-memory-") as store:
        for night in range(NIGHTS):
            at = newest - timedelta(days=NIGHTS - 1 - night)
            set_clock(url, at)
            environ = environment(url, Path(store) / "store") | {"SRE_CLOCK": f"1@{at:%Y-%m-%dT%H:%M:%SZ}"}
            costs.append(run([sys.executable, "-m", "sre_scanner", "--region", region, "--rate", "5000"], environ))
    return costs


def main(sizes: Sequence[int] = (100_000, 1_000_000)) -> None:
    """Writes results/memory.md."""
    lines = [
        "# The memory of the scan task\n", machine(), "",
        "`python -m sre_scanner` as a process of its own, history and rollups included; peak resident memory by wait4.\n",
        "| findings | shape | night | peak memory, MB | CPU, s | exit code |", "| --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for findings in sizes:
        for shape, (region, arguments) in fleets(findings).items():
            for night, cost in enumerate(nights(region, arguments), 1):
                lines.append(f"| {findings:,} | {shape} | {night} | {cost.memory:.0f} | {cost.cpu:.0f} | {cost.code} |")
                print(lines[-1], flush=True)
    (HERE / "results" / "memory.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or (100_000, 1_000_000))
