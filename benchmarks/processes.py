"""Measures whole processes from outside: CPU time, wall time and peak memory according to the
operating system."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """One run: seconds of CPU (user and system) and wall time, peak memory in MB, the exit code,
    and MB written to disk."""

    cpu: float
    wall: float
    memory: float
    code: int
    written: float = 0.0


def run(command: Sequence[str], environ: Mapping[str, str], stdout: Path | None = None) -> Cost:
    """Runs a command to its end. Its children are included, as in wait4."""
    with (stdout or Path(os.devnull)).open("wb") as out:
        began = time.monotonic()
        process = subprocess.Popen(
            command, env=dict(environ), stdout=out, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        usage.ru_utime + usage.ru_stime,
        wall,
        usage.ru_maxrss / 1024,
        process.returncode,
        usage.ru_oublock * 512 / 1e6,
    )


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    if any(cost.code not in (0, 3) for cost in costs):
        raise SystemExit(f"a measured command failed: {costs}")
    cpu, wall, memory = (
        statistics.median(getattr(c, name) for c in costs) for name in ("cpu", "wall", "memory")
    )
    return Cost(cpu, wall, memory, costs[0].code)


@contextlib.contextmanager
def simulator(findings: int) -> Iterator[str]:
    """Runs a simulated Inspector with this number of findings in a separate process; yields its
    URL."""
    command = [
        sys.executable,
        "-m",
        "sre_simulator",
        "--port",
        "0",
        "--findings",
        str(findings),
        "--regions",
        "eu-west-1",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.wait(timeout=10)


def environment(url: str, store: Path) -> dict[str, str]:
    """Environment variables for the simulator and for the benchmark's own store."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SRE_"))
    }
    return kept | {
        "AWS_ENDPOINT_URL_INSPECTOR2": url,
        "AWS_ACCESS_KEY_ID": "BENCHMARK",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_PAGER": "",
        "SRE_STORE": str(store),
    }


def machine() -> str:
    """The machine and the versions, for the head of a results file."""
    names = ("boto3", "botocore", "awscli", "pandas", "pyarrow", "msgspec", "duckdb", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} · Python"
        f" {platform.python_version()}, {versions}"
    )
