"""Generates the tables of docs/costs.md from benchmarks/results/night.json and the prices below:
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
    "Fargate, vCPU": (0.04048, "per hour"),
    "Fargate, GB of memory": (0.004445, "per hour"),
    "load balancer": (0.0225, "per hour"),
    "load balancer, capacity unit": (0.008, "per hour"),
    "NAT gateway": (0.045, "per hour"),
    "NAT gateway, data": (0.045, "per GB"),
    "public IPv4 address": (0.005, "per hour"),
    "interface endpoint": (0.01, "per hour and zone"),
    "S3, storage": (0.023, "per GB and month"),
    "S3, PUT and LIST": (0.005, "per 1,000"),
    "S3, GET": (0.0004, "per 1,000"),
    "DynamoDB, writes": (0.625, "per million units"),
    "DynamoDB, reads": (0.125, "per million units"),
    "DynamoDB, storage": (0.25, "per GB and month"),
    "DynamoDB, point-in-time recovery": (0.20, "per GB and month"),
    "CloudWatch, log ingestion": (0.50, "per GB"),
    "CloudWatch, alarm": (0.10, "per month"),
    "CloudWatch, metric": (0.30, "per month"),
    "Lambda, GB of memory": (0.0000133334, "per second"),
    "Lambda, requests": (0.20, "per million"),
    "HTTP API": (1.00, "per million requests"),
    "secret": (0.40, "per month"),
    "ECR, storage": (0.10, "per GB and month"),
}
HOURS, NIGHTS = 730, 30.4
QUESTIONS, COMMANDS = 1_000, 200
"""Queries per day by agents and people, and how many of them are Slack commands."""
ALARMS, METRICS, SECRETS = 12, 10, 2
SNAPSHOTS, PAGES = 129, 365
"""Stored after a year: 90 daily and 39 weekly snapshots, and each day's report with its files."""
RATE = 10
"""Requests per second and region that a scan sends."""
START = 60
"""Billed seconds of a task before its work starts: pulling the image and booting."""
SCAN, JOB, SERVER = (0.25, 0.5), (0.5, 2.0), (0.5, 2.0)
"""vCPU and GB of memory of each task, as in the stack's defaults."""


@dataclass(frozen=True)
class Night:
    """The usage of one day at a number of findings, in billing units."""

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
    """The price in dollars."""
    return PRICES[name][0]


def total(steps: list[dict[str, Any]], key: str, *operations: str) -> int:
    """The sum of a counter over steps, for operations that start with the given names."""
    return sum(
        one[key]
        for step in steps
        for name, one in step["asked"].items()
        if name.startswith(operations)
    )


def night(measured: dict[str, Any]) -> Night:
    """The usage of a measured day: scan, report, digest, queries, and 48 age checks."""
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
    """The usage at another number of findings, by linear extrapolation."""
    share = (findings - small.findings) / (large.findings - small.findings)
    line = {
        name: value + share * (getattr(large, name) - value) for name, value in vars(small).items()
    }
    return Night(**line)


def task(size: tuple[float, float], seconds: float) -> float:
    """The cost in dollars of a task's vCPU and memory for a number of seconds."""
    return (
        (size[0] * price("Fargate, vCPU") + size[1] * price("Fargate, GB of memory"))
        * seconds
        / 3600
    )


def lines(one: Night) -> dict[str, float]:
    """The dollars per month by item."""
    kept = one.snapshot * SNAPSHOTS + one.pages * PAGES
    rows = one.writes * 1024 * 365 / 1e9
    return {
        "scan: Fargate": task(SCAN, one.scan_seconds * NIGHTS),
        "report, digest, pruning, age check: Fargate": task(JOB, one.job_seconds * NIGHTS),
        "server: Fargate, two tasks": 2 * task(SERVER, HOURS * 3600),
        "server: load balancer, one capacity unit": HOURS
        * (price("load balancer") + price("load balancer, capacity unit")),
        "network: NAT gateway and public IP address": HOURS
        * (price("NAT gateway") + price("public IPv4 address")),
        "network: data through the NAT gateway": one.data * NIGHTS * price("NAT gateway, data"),
        "bucket: storage after one year": kept * price("S3, storage"),
        "bucket: requests": NIGHTS
        * (one.puts * price("S3, PUT and LIST") + one.gets * price("S3, GET"))
        / 1000,
        "table: writes and reads": NIGHTS
        * (one.writes * price("DynamoDB, writes") + one.reads * price("DynamoDB, reads"))
        / 1e6,
        "table: storage and recovery after one year": rows
        * (price("DynamoDB, storage") + price("DynamoDB, point-in-time recovery")),
        "logs": one.logged * NIGHTS * price("CloudWatch, log ingestion"),
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
    """The amount in dollars, to the cent."""
    return f"{dollars:,.2f}"


def table(nights: list[Night]) -> str:
    """The cost table: one column per size, one row per item, and the total."""
    costs = [lines(one) for one in nights]
    rows = [f"| {name} | {' | '.join(money(cost[name]) for cost in costs)} |" for name in costs[0]]
    sizes = " | ".join(f"{one.findings:,.0f} findings" for one in nights)
    head = f"| US dollars per month | {sizes} |"
    sums = f"| **total** | {' | '.join(f'**{money(sum(cost.values()))}**' for cost in costs)} |"
    return "\n".join([head, f"| --- |{' ---: |' * len(nights)}", *rows, sums])


def asked(nights: list[Night]) -> str:
    """The table of measured usage."""
    what = {
        "requests to Inspector": lambda one: f"{one.inspector:,.0f}",
        "GB received from Inspector": lambda one: f"{one.data:,.2f}",
        "duration of the scan task in minutes": lambda one: f"{one.scan_seconds / 60:,.0f}",
        "PUT and LIST": lambda one: f"{one.puts:,.0f}",
        "GET": lambda one: f"{one.gets:,.0f}",
        "DynamoDB write units": lambda one: f"{one.writes:,.0f}",
        "DynamoDB read units": lambda one: f"{one.reads:,.0f}",
        "MB per snapshot": lambda one: f"{one.snapshot * 1000:,.0f}",
        "MB per report with its files": lambda one: f"{one.pages * 1000:,.0f}",
        "MB of logs": lambda one: f"{one.logged * 1000:,.1f}",
    }
    head = f"| per day | {' | '.join(f'{one.findings:,.0f} findings' for one in nights)} |"
    rows = [
        f"| {name} | {' | '.join(told(one) for one in nights)} |" for name, told in what.items()
    ]
    return "\n".join([head, f"| --- |{' ---: |' * len(nights)}", *rows])


def prices() -> str:
    """The table of prices."""
    rows = [
        f"| {name} | {value:.10f}".rstrip("0").rstrip(".") + f" | {unit} |"
        for name, (value, unit) in PRICES.items()
    ]
    return "\n".join(
        [f"| US dollars, us-east-1, {DATE} | price | unit |", "| --- | ---: | --- |", *rows]
    )


def made() -> str:
    """The generated part of the page."""
    small, large = (night(one) for one in json.loads(MEASURED.read_text()))
    nights = [small, large, beyond(small, large, 1_000_000)]
    return "\n\n".join(
        ["", table(nights), "## Measurements", asked(nights), "## Prices", prices(), ""]
    )


def renewed(page: str) -> str:
    """The page with its generated part replaced."""
    return BLOCK.sub(lambda _: made(), page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
