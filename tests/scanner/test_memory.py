"""The scan task stays within its memory limit, as a whole process over two snapshots."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

FINDINGS = 40_000
COPIES = 180  # of 214 synthetic findings each: about 37,000
# MB more than a scan of a few findings on the same machine: 90 now, and 150 before the history was
# processed in ranges
GROWTH = 130
# MB that the process may allocate, used or not. This limit is enforced; GROWTH is only measured.
DATA = 420
PYTHON = sys.executable
# A process starts with the peak memory of its parent, and pytest's can be a gigabyte, so a small
# process starts the scan. Huge pages, which some machines enable for all processes, are disabled
# (PR_SET_THP_DISABLE), because they add unused memory.
MEASURED = """import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)"""


@contextmanager
def simulator(*fleet: str) -> Iterator[str]:
    """Runs a simulated Inspector in a separate process, and returns its URL."""
    command = [PYTHON, "-m", "sre_simulator", "--nights", "2", *fleet]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def scanned(url: str, region: str, store: Path, night: int) -> tuple[int, float, str]:
    """Runs a scan as the task does: its exit code, its peak memory in MB, and its log."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=1 - night)
    urlopen(
        Request(
            f"{url}/_simulator/clock", json.dumps({"now": at.timestamp()}).encode(), method="POST"
        )
    ).close()
    clock = f"1@{at + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    environ = {
        "AWS_ENDPOINT_URL_INSPECTOR2": url,
        "SRE_STORE": str(store),
        "SRE_CLOCK": clock,
        "AWS_DEFAULT_REGION": region,
    }
    limited = (
        f'ulimit -s 1024 && ulimit -d {DATA * 1024} && exec "$0" -m sre_scanner --region {region}'
        " --rate 5000"
    )
    with store.with_suffix(f".log-{night}").open("wb+") as log:
        command = [PYTHON, "-I", "-S", "-c", MEASURED, "sh", "-c", f"{limited} >&2", PYTHON]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=log, env=os.environ | environ, check=True
        )
        code, kilobytes = map(int, done.stdout.split())
        log.seek(0)
        return code, kilobytes / 1024, log.read().decode()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured and limited as Linux does")
@pytest.mark.parametrize(
    ("fleet", "region"),
    [
        (("--findings", str(FINDINGS), "--regions", "eu-west-1"), "eu-west-1"),
        (("--copies", str(COPIES)), "us-east-1"),
    ],
    ids=["simulated", "real-shaped"],
)
def test_two_scans_in_a_row_stay_within_their_memory_limit(
    fleet: Sequence[str], region: str, tmp_path: Path
) -> None:
    floor = max(peaks(("--copies", "1"), "us-east-1", tmp_path / "small"))
    peak = max(peaks(fleet, region, tmp_path / "large"))
    assert peak - floor < GROWTH, f"{peak:.0f} MB, and {floor:.0f} for a few findings"


def peaks(fleet: Sequence[str], region: str, store: Path) -> list[float]:
    """The peak memory in MB of a scan and of the next day's scan."""
    with simulator(*fleet) as url:
        nights = [scanned(url, region, store, night) for night in (0, 1)]
    assert [code for code, _, _ in nights] == [0, 0], nights
    return [peak for _, peak, _ in nights]


def test_a_scan_without_enough_memory_fails_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "DATA", 200)
    with simulator("--copies", "20") as url:
        code, _, _ = scanned(url, "us-east-1", tmp_path / "store", 0)
    assert code not in (0, -signal.SIGKILL)
    assert not list((tmp_path / "store").glob("commits/*"))
