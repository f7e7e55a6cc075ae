"""Makes the table of docs/costs.md from benchmarks/results/night.json and the prices below:
``python docs/costs.py``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "costs.md"
MEASURED = ROOT / "benchmarks" / "results" / "night.json"
BLOCK = re.compile(r"(?<=<!-- made by docs/costs.py -->\n).*?(?=\n<!-- end -->)", re.DOTALL)

DATE = "2026-11-30"
PRICES = {
    "Fargate, vCPU": (0.04048, "an hour"),
    "Fargate, GB of memory": (0.004445, "an hour"),
    "load balancer": (0.0225, "an hour"),
    "load balancer, capacity unit": (0.008, "an hour"),
    "NAT gateway": (0.045, "an hour"),
    "NAT gateway, data": (0.045, "a GB"),
    "public IPv4 address": (0.005, "an hour"),
    "interface endpoint": (0.01, "an hour and zone"),
    "S3, storage": (0.023, "a GB and month"),
    "S3, PUT and LIST": (0.005, "1,000"),
    "S3, GET": (0.0004, "1,000"),
    "DynamoDB, writes": (0.625, "a million units"),
    "DynamoDB, reads": (0.125, "a million units"),
    "DynamoDB, storage": (0.25, "a GB and month"),
    "DynamoDB, point-in-time recovery": (0.20, "a GB and month"),
    "CloudWatch, logs taken in": (0.50, "a GB"),
    "CloudWatch, alarm": (0.10, "a month"),
    "CloudWatch, metric": (0.30, "a month"),
    "Lambda, GB of memory": (0.0000133334, "a second"),
    "Lambda, requests": (0.20, "a million"),
    "HTTP API": (1.00, "a million requests"),
    "secret": (0.40, "a month"),
    "ECR, storage": (0.10, "a GB and month"),
}
HOURS, NIGHTS = 730, 30.4
QUESTIONS, COMMANDS = 1_000, 200
"""A day, of agents and people; and of Slack commands, which are questions too."""
ALARMS, METRICS, SECRETS = 12, 10, 2
SNAPSHOTS, PAGES = 129, 365
"""What lies in the bucket after a year: 90 nights and 39 older weeks, and every night's page with
its files."""
RATE = 10
"""Requests a second and region that a scan makes."""
START = 60
"""Seconds that a task is paid for beside its work: to fetch its image and to start."""
SCAN, JOB, SERVER = (0.25, 0.5), (0.5, 2.0), (0.5, 2.0)
"""vCPU and GB of memory of each task, as the stack has them by default."""


@dataclass(frozen=True)
class Night:
    """What one night of so many findings asks for, in the units that are charged."""

    findings: float
    inspector: float
    scan_seconds: float
    job_seconds: float
    writes: float
    reads: float
    puts: float
    gets: float
    data: float
    logged: float
    snapshot: float
    pages: float


def price(name: str) -> float:
    """Dollars."""
    return PRICES[name][0]


def total(steps: list[dict[str, Any]], key: str, *operations: str) -> int:
    """The sum of what some operations count, over steps."""
    return sum(
        one[key]
        for step in steps
        for name, one in step["asked"].items()
        if name.startswith(operations)
    )


def night(measured: dict[str, Any]) -> Night:
    """A night of the measurement: scan, report, digest, and a seventh of the weekly pruning; the
    age every half hour."""
    scan = measured["scan"]
    steps = [
        scan,
        measured["report"],
        measured["digest"],
        *[measured["age"]] * 48,
        *[measured["question"]] * QUESTIONS,
    ]
    inspector = total([scan], "requests", "inspector2")
    jobs = [measured["report"], measured["digest"], *[measured["age"]] * 48]
    return Night(
        findings=measured["findings"],
        inspector=inspector,
        scan_seconds=max(inspector / RATE, scan["cpu"] / SCAN[0]) + START,
        job_seconds=sum(one["cpu"] / JOB[0] + START for one in jobs),
        writes=total(steps, "units", "dynamodb.BatchWriteItem", "dynamodb.PutItem"),
        reads=total(steps, "units", "dynamodb.Query"),
        puts=total(steps, "requests", "s3.PutObject", "s3.ListObjects"),
        gets=total(steps, "requests", "s3.GetObject"),
        data=total([scan], "received", "inspector2") / 1e9,
        logged=sum(one["logged"] for one in steps) / 1e9,
        snapshot=measured["stored"]["snapshot"] / 1e9,
        pages=measured["stored"]["report"] / 1e9,
    )


def beyond(small: Night, large: Night, findings: float) -> Night:
    """A larger night, on the line through two that were measured."""
    share = (findings - small.findings) / (large.findings - small.findings)
    line = {
        name: value + share * (getattr(large, name) - value) for name, value in vars(small).items()
    }
    return Night(**line)


def task(size: tuple[float, float], seconds: float) -> float:
    """Dollars of a task's vCPU and memory for so long."""
    return (
        (size[0] * price("Fargate, vCPU") + size[1] * price("Fargate, GB of memory"))
        * seconds
        / 3600
    )


def lines(one: Night) -> dict[str, float]:
    """Dollars a month by what they are for."""
    kept = one.snapshot * SNAPSHOTS + one.pages * PAGES
    rows = one.writes * 1024 * 365 / 1e9
    return {
        "scan: Fargate": task(SCAN, one.scan_seconds * NIGHTS),
        "report, digest, pruning, age: Fargate": task(JOB, one.job_seconds * NIGHTS),
        "server: Fargate, two tasks": 2 * task(SERVER, HOURS * 3600),
        "server: load balancer, one capacity unit": HOURS
        * (price("load balancer") + price("load balancer, capacity unit")),
        "network: NAT gateway and its address": HOURS
        * (price("NAT gateway") + price("public IPv4 address")),
        "network: data through the NAT gateway": one.data * NIGHTS * price("NAT gateway, data"),
        "bucket: storage after a year": kept * price("S3, storage"),
        "bucket: requests": NIGHTS
        * (one.puts * price("S3, PUT and LIST") + one.gets * price("S3, GET"))
        / 1000,
        "table: writes and reads": NIGHTS
        * (one.writes * price("DynamoDB, writes") + one.reads * price("DynamoDB, reads"))
        / 1e6,
        "table: storage and recovery after a year": rows
        * (price("DynamoDB, storage") + price("DynamoDB, point-in-time recovery")),
        "logs": one.logged * NIGHTS * price("CloudWatch, logs taken in"),
        "alarms and metrics": ALARMS * price("CloudWatch, alarm")
        + METRICS * price("CloudWatch, metric"),
        "Slack: HTTP API and Lambda": COMMANDS
        * NIGHTS
        * (
            price("HTTP API") / 1e6
            + 2 * price("Lambda, requests") / 1e6
            + 3 * 0.5 * price("Lambda, GB of memory")
        ),
        "secrets, images": SECRETS * price("secret") + 0.6 * price("ECR, storage"),
    }


def money(dollars: float) -> str:
    """Dollars, to the cent."""
    return f"{dollars:,.2f}"


def table(nights: list[Night]) -> str:
    """A column a size, a line a purpose, and the sum."""
    costs = [lines(one) for one in nights]
    rows = [f"| {name} | {' | '.join(money(cost[name]) for cost in costs)} |" for name in costs[0]]
    head = (
        f"| US dollars a month | {' | '.join(f'{one.findings:,.0f} findings' for one in nights)} |"
    )
    sums = f"| **all** | {' | '.join(f'**{money(sum(cost.values()))}**' for cost in costs)} |"
    return "\n".join([head, f"| --- |{' ---: |' * len(nights)}", *rows, sums])


def asked(nights: list[Night]) -> str:
    """What a night asks for."""
    what = {
        "requests to Inspector": lambda one: f"{one.inspector:,.0f}",
        "GB from Inspector": lambda one: f"{one.data:,.2f}",
        "minutes of the scan's task": lambda one: f"{one.scan_seconds / 60:,.0f}",
        "PUT and LIST": lambda one: f"{one.puts:,.0f}",
        "GET": lambda one: f"{one.gets:,.0f}",
        "DynamoDB write units": lambda one: f"{one.writes:,.0f}",
        "DynamoDB read units": lambda one: f"{one.reads:,.0f}",
        "MB of a snapshot": lambda one: f"{one.snapshot * 1000:,.0f}",
        "MB of a page with its files": lambda one: f"{one.pages * 1000:,.0f}",
        "MB of logs": lambda one: f"{one.logged * 1000:,.1f}",
    }
    head = (
        f"| a night and its day | {' | '.join(f'{one.findings:,.0f} findings' for one in nights)} |"
    )
    rows = [
        f"| {name} | {' | '.join(told(one) for one in nights)} |" for name, told in what.items()
    ]
    return "\n".join([head, f"| --- |{' ---: |' * len(nights)}", *rows])


def prices() -> str:
    """Every price that is used."""
    rows = [
        f"| {name} | {value:.10f}".rstrip("0").rstrip(".") + f" | {unit} |"
        for name, (value, unit) in PRICES.items()
    ]
    return "\n".join(
        [f"| US dollars, us-east-1, {DATE} | price | for |", "| --- | ---: | --- |", *rows]
    )


def made() -> str:
    """The part of the page that is made."""
    small, large = (night(one) for one in json.loads(MEASURED.read_text()))
    nights = [small, large, beyond(small, large, 1_000_000)]
    return "\n\n".join(
        ["", table(nights), "## What was measured", asked(nights), "## Prices", prices(), ""]
    )


def renewed(page: str) -> str:
    """The page with the part that is made."""
    return BLOCK.sub(lambda _: made(), page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
