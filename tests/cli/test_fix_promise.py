"""Applying the first upgrade of the fix plan resolves exactly the promised findings."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sre_findings.settings import load
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_blobs, open_table
from sre_scanner.scan import Request, scan
from sre_simulator.fleet.changes import Change
from sre_simulator.inspector.server import Simulator

Cli = Callable[..., Any]


def scanned(simulator: Simulator) -> None:
    """Runs one scan at the simulator's time."""
    settings = load(os.environ, Path.cwd())
    regions = simulator.fleet.regions
    request = Request(regions=regions, required=regions, rate=10_000.0)
    scan(
        request,
        SnapshotWriter(open_blobs(settings.store)),
        open_table(settings.table),
        now=lambda: simulator.clock,
    )


def promised(cli: Cli, line: dict[str, Any]) -> dict[str, str]:
    """The findings that an upgrade resolves, with status, from the answers about resources."""
    wanted = {(one["manager"], one["name"]) for one in line["packages"]}
    found: dict[str, str] = {}
    for host in line["hosts"]:
        asked = (
            "vulnerabilities",
            "-i",
            host["resource_id"],
            "--cached",
            "--suppressed",
            "-n",
            "0",
            "--output",
            "json",
        )
        for finding in cli(*asked).json["findings"]:
            packages = {(one["manager"], one["name"]) for one in finding["packages"]}
            if packages and packages <= wanted and finding["fix_available"] == "YES":
                found[finding["finding_arn"]] = finding["status"]
    return found


@pytest.mark.parametrize("owner", ["data", "search"])
def test_the_first_upgrade_resolves_exactly_the_promised_findings(
    cli: Cli, inspector: Any, owner: str
) -> None:
    with inspector() as simulator:
        scanned(simulator)
        plan = cli("fixes", "-n", "1", "--owner", owner, "--type", "ec2", "--output", "json").json
        line = plan["lines"][0]
        arns = promised(cli, line)
        assert sum(status == "ACTIVE" for status in arns.values()) == line["findings"] > 0
        for host in line["hosts"]:
            for package in line["packages"]:
                change = Change(
                    "upgrade",
                    resource_id=host["resource_id"],
                    package=package["name"],
                    version=package["fixed_in"],
                )
                simulator.apply(change, host["region"])
        simulator.clock += timedelta(days=1)
        scanned(simulator)
    changes = cli("changes", "-n", "0", "--output", "json").json
    resolved = {
        event["finding_arn"]: event["cause"]
        for event in changes["events"]
        if event["kind"] == "resolved"
    }
    assert resolved == dict.fromkeys(arns, "patched")
    assert changes["resolved_by"]["patched"] == len(arns), "suppressed findings are patched too"
    again = cli("fixes", "-n", "0", "--owner", owner, "--type", "ec2", "--output", "json").json
    assert again["removable"] == plan["removable"] - line["findings"]
