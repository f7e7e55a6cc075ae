"""Peak memory of the scan task, two nights each, by number of findings: simulated, and shaped like
real ones.

``memory.py 100000 1000000`` uses other sizes, ``memory.py spilling`` compares ways to compute the
history. If SRE_REAL_FINDINGS names a folder of recorded findings, copies of these are served, or
else synthetic ones.
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
COPY = 214  # synthetic findings per copy
SPILLING = 100_000  # number of findings for comparing the ways
TASK = ("-m", "sre_scanner")
_PATCHED = """import sys
import sre_scanner.history.lifecycle as history
history.history_tables.__defaults__ = (10**9,)
history.MEMORY = {memory!r}
from sre_scanner.__main__ import main
sys.exit(main(sys.argv[1:]))"""
WAYS = {
    "in pieces, 128 MB (as it is)": TASK,
    "in one piece, 128 MB: it spills": ("-c", _PATCHED.format(memory="128MB")),
    "in one piece, 4 GB: it does not": ("-c", _PATCHED.format(memory="4GB")),
}
"""The ways to compute the history."""


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
    """Runs a simulated Inspector in a separate process; its URL."""
    command = [sys.executable, "-m", "sre_simulator", "--nights", str(NIGHTS), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def set_clock(url: str, at: datetime) -> None:
    """Sets the simulator's clock."""
    body = json.dumps({"now": at.timestamp()}).encode()
    urlopen(Request(f"{url}/_simulator/clock", body, method="POST")).close()  # noqa: S310 - our own, on loopback


def nights(region: str, arguments: Sequence[str], program: Sequence[str] = TASK) -> list[Cost]:
    """The cost of each night's scan: the task's command (or another program) in a separate
    process."""
    costs = []
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with simulator(arguments) as url, tempfile.TemporaryDirectory(prefix="sre-memory-") as store:
        for night in range(NIGHTS):
            at = newest - timedelta(days=NIGHTS - 1 - night)
            set_clock(url, at)
            environ = environment(url, Path(store) / "store") | {
                "SRE_CLOCK": f"1@{at:%Y-%m-%dT%H:%M:%SZ}"
            }
            costs.append(
                run([sys.executable, *program, "--region", region, "--rate", "5000"], environ)
            )
    return costs


def sizes_measured(sizes: Sequence[int]) -> Iterator[str]:
    """One line of the table per size, shape and night."""
    for findings in sizes:
        for shape, (region, arguments) in fleets(findings).items():
            for night, cost in enumerate(nights(region, arguments), 1):
                yield (
                    f"| {findings:,} | {shape} | {night} | {cost.memory:.0f} | {cost.cpu:.0f} |"
                    f" {cost.code} |"
                )


def spilling_measured(findings: int) -> Iterator[str]:
    """One line of the table per way and night."""
    *_, (region, arguments) = fleets(findings).values()
    for way, program in WAYS.items():
        for night, cost in enumerate(nights(region, arguments, program), 1):
            yield (
                f"| {way} | {night} | {cost.memory:.0f} | {cost.cpu:.1f} | {cost.written:.0f} |"
                f" {cost.code} |"
            )


def written(heading: Sequence[str], lines: Iterator[str]) -> list[str]:
    """A section; each line is printed when it is measured."""
    found = [*heading]
    for line in lines:
        print(line, flush=True)
        found.append(line)
    return found


def main(sizes: Sequence[int] = (100_000, 1_000_000)) -> None:
    """Writes results/memory.md; without sizes, only results/memory-spilling.md."""
    if not sizes:
        heading = [
            "# What spilling costs\n",
            machine(),
            "",
            (
                f"`python -m sre_scanner` on {SPILLING:,} findings of the shape of real ones, by"
                " how the nightly history is made.\n"
            ),
            "| history | night | peak memory, MB | CPU, s | written to disk, MB | exit code |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        text = written(heading, spilling_measured(SPILLING))
        (HERE / "results" / "memory-spilling.md").write_text("\n".join(text) + "\n")
        return
    heading = [
        "# The memory of the scan task\n",
        machine(),
        "",
        (
            "`python -m sre_scanner` as a process of its own, history and rollups included; peak"
            " resident memory by wait4.\n"
        ),
        "| findings | shape | night | peak memory, MB | CPU, s | exit code |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    (HERE / "results" / "memory.md").write_text(
        "\n".join(written(heading, sizes_measured(sizes))) + "\n"
    )


if __name__ == "__main__":
    main(
        [int(size) for size in sys.argv[1:] if size != "spilling"]
        if sys.argv[1:]
        else (100_000, 1_000_000)
    )
