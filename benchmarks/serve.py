"""Latency of the server over a store with many findings; compared with a bare SDK server with a
trivial tool."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from answers import build
from processes import BIN, environment, machine, median, run
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Summary
from sre_simulator.fleet.generator import large_fleet

FINDINGS, NIGHTS, RESOURCES = 1_000_000, 2, 200
HERE = Path(__file__).parent


@contextmanager
def listening(
    command: Sequence[str], environ: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], int, float]]:
    """A server process, its port, and the seconds until it listened."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
    port = 0
    for line in process.stderr or ():
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
            break
    threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True).start()
    try:
        yield process, port, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=60)


def calls(port: int, tool: str, every: Sequence[dict[str, Any]], times: int) -> list[float]:
    """Milliseconds of each call, one after the other on one connection."""
    connection, took = HTTPConnection("127.0.0.1", port, timeout=120), []
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    for number in range(times):
        params = {"name": tool, "arguments": every[number % len(every)]}
        body = json.dumps(
            {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        )
        began = time.perf_counter()
        connection.request("POST", "/mcp", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        took.append((time.perf_counter() - began) * 1e3)
        if answer.status != 200 or b'"isError":true' in said:
            raise SystemExit(f"a measured call failed: {answer.status} {said[:300]!r}")
    connection.close()
    return took


def crowd(
    port: int, every: Sequence[dict[str, Any]], people: int, seconds: float
) -> tuple[int, list[float]]:
    """A number of concurrent clients for a while: the errors, and the milliseconds of all calls."""
    took, errors, until = list[float](), list[str](), time.monotonic() + seconds

    def one(number: int) -> None:
        while time.monotonic() < until:
            try:
                took.extend(calls(port, "check_resource", [every[number % len(every)]], 1))
            except (OSError, SystemExit) as error:
                errors.append(str(error))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(errors), took


def told(name: str, took: Sequence[float], people: int = 1) -> str:
    """One line of the table."""
    ordered = sorted(took)
    p99 = ordered[int(len(ordered) * 0.99)]
    return (
        f"| {name} | {statistics.median(ordered):.1f} | {p99:.1f} |"
        f" {people * 1e3 / statistics.fmean(ordered):.0f} |"
    )


def memory(process: subprocess.Popen[str]) -> float:
    """Peak memory of a process in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]  # every Linux has the line


def main(findings: int = FINDINGS, people: int = 200, seconds: float = 60.0) -> None:
    """Writes results/serve.md."""
    lines = [
        "# Serving",
        "",
        machine(),
        "",
        f"{findings:,} findings, one worker, loopback; calls one after the other.",
        "",
    ]
    lines += ["| | p50, ms | p99, ms | calls a second |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name:
        store = Path(name) / "store"
        sources = build(
            large_fleet(findings, accounts=4, regions=("eu-west-1",), nights=NIGHTS), store, {}
        )
        ids = [
            group.value for group in ask(Summary(by="resource", count=RESOURCES), sources).groups
        ]
        environ = environment("http://127.0.0.1:9", store) | {"SRE_MAX_AGE": "3650d"}
        with listening([sys.executable, str(HERE / "peers" / "bare_mcp.py")], environ) as (
            _,
            port,
            _ready,
        ):
            lines.append(
                told(
                    "a trivial tool of the bare SDK",
                    calls(port, "echo", [{"text": "x"}], 500)[100:],
                )
            )
        with listening([str(BIN / "sre-cli"), "serve", "--no-auth", "--port", "0"], environ) as (
            process,
            port,
            ready,
        ):
            every = [{"resource_id": one, "live": False} for one in ids]
            calls(port, "check_resource", every, 20)
            lines.append(
                told(
                    "check_resource, another one each time",
                    calls(port, "check_resource", every, RESOURCES),
                )
            )
            lines.append(
                told(
                    "check_resource, asked before", calls(port, "check_resource", every, RESOURCES)
                )
            )
            lines.append(told("summarize", calls(port, "summarize", [{}], 200)))
            errors, took = crowd(port, every, people, seconds)
            lines.append(
                told(f"check_resource, {people} clients at once for {seconds:.0f} s", took, people)
            )
            peak = memory(process)
            cli = run_cli(environ | {"SRE_SERVER": f"http://127.0.0.1:{port}/mcp"}, ids[0])
        many = (
            f"{len(took):,} calls of {people} clients in {seconds:.0f} s: {len(took) / seconds:.0f}"
            f" a second, {errors} errors."
        )
        rest = (
            f"Listening after {ready:.1f} s. Peak memory {peak:.0f} MB. `sre-cli vulnerabilities`"
            f" through it: {cli:.0f} ms."
        )
        lines += ["", f"{many} {rest}"]
    (HERE / "results" / "serve.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def run_cli(environ: dict[str, str], resource_id: str) -> float:
    """Milliseconds of the command line through the server, median of ten."""
    command = [str(BIN / "sre-cli"), "vulnerabilities", "-i", resource_id, "--cached"]
    return median([run(command, environ) for _ in range(10)]).wall * 1e3


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
