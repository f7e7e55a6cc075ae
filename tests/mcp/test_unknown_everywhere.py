"""Data that was not read or scanned is unknown: in commands, the server and the summary."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import session_hour

from sre_cli.main import main
from sre_simulator.fleet import Fleet, replay_fleet
from sre_simulator.fleet.organization import enabled
from sre_simulator.inspector.server import Fault, Simulator

MACHINE = {
    "id": "azure-vm-1",
    "type": "Microsoft.Compute/virtualMachines",
    "region": "eu-west-1",
    "partition": "aws",
}
IMAGE = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/api/sha256:" + "ab" * 32
INSTANCE = "i-0fedcba9876543210"


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: Any
) -> Callable[..., tuple[int, str]]:
    """``run("summary")``: a command's exit code and output, on the test's store."""
    for name, value in {
        "ACCESS_KEY_ID": "TESTING",
        "SECRET_ACCESS_KEY": "testing",
        "EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))

    def command(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert isinstance(ended.value.code, int)
        return ended.value.code, capfd.readouterr().out

    return command


def fleet_of(folder: Path, *findings: dict[str, Any]) -> Fleet:
    (folder / "all.jsonl").write_text("".join(json.dumps(one) + "\n" for one in findings))
    return replay_fleet(folder / "all.jsonl", now=session_hour())


def scanned(run: Any, fleet: Fleet, *faults: Fault) -> int:
    """Scans the fleet as the command line does."""
    with Simulator(fleet, faults=faults) as simulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        code, _ = run("scan", "--region", "eu-west-1", "--rate", "1000", "--deadline", "1")
    return int(code)


def test_an_instance_with_throttled_findings_is_unknown_everywhere(
    run: Any, tmp_path: Path, make_finding: Any, connect: Any, open_store: Any
) -> None:
    read = [make_finding(number, severity="LOW") for number in range(100)]
    unread = [
        make_finding(number, severity="CRITICAL", resources=[MACHINE]) for number in range(100, 120)
    ]
    fleet = fleet_of(tmp_path, *read, *unread)
    assert scanned(run, fleet, Fault("throttle", "ListFindings", call=2, times=10_000)) == 3
    code, said = run(
        "vulnerabilities",
        "-i",
        MACHINE["id"],
        "--fail-on",
        "critical",
        "--cached",
        "--output",
        "json",
    )
    found = json.loads(said)
    assert (code, found["verdict"], found["reason"]) == (3, "unknown", "scan_incomplete")
    assert "throttled" in found["explanation"]
    code, said = run("summary", "--fail-on", "critical", "--output", "json")
    assert (code, json.loads(said)["doubt"]) == (3, "scan_incomplete")
    with connect(open_store(tmp_path / "store")) as call:
        told = call("check_resource", resource_id=MACHINE["id"]).structured_content
    assert (told["verdict"], told["reason"]) == ("unknown", "scan_incomplete")


def test_an_unread_region_resolves_no_finding_of_an_unknown_type(
    run: Any, tmp_path: Path, make_finding: Any
) -> None:
    read = [make_finding(number, severity="LOW") for number in range(100)]
    fleet = fleet_of(
        tmp_path, *read, *(make_finding(number, resources=[MACHINE]) for number in range(100, 120))
    )
    assert scanned(run, fleet) == 0
    assert scanned(run, fleet, Fault("throttle", "ListFindings", call=2, times=10_000)) == 3
    _, said = run("sql", "select kind, count(*) as n from events group by all", "--output", "json")
    assert json.loads(said)["rows"] == [{"kind": "opened", "n": 120}]


def test_an_unknown_status_counts_as_open(run: Any, tmp_path: Path, make_finding: Any) -> None:
    fleet = fleet_of(tmp_path, make_finding(3, status="REVIVED"), make_finding(4, status="CLOSED"))
    assert scanned(run, fleet) == 0
    code, said = run("vulnerabilities", "-i", "i-0123456789abcdef0", "--cached", "--output", "json")
    assert (code, json.loads(said)["verdict"], json.loads(said)["counts"]["total"]) == (
        0,
        "vulnerable",
        1,
    )


@pytest.fixture
def without_ec2(run: Any, tmp_path: Path, make_finding: Any) -> Fleet:
    """An account that scans images but no instances, read completely."""
    image = {
        "id": IMAGE,
        "type": "AWS_ECR_CONTAINER_IMAGE",
        "region": "eu-west-1",
        "partition": "aws",
    }
    fleet = fleet_of(tmp_path, make_finding(1, resources=[image]))
    fleet = replace(fleet, statuses={"111122223333": enabled(ec2="DISABLED")})
    assert scanned(run, fleet) == 0
    return fleet


@pytest.mark.parametrize(
    "name", [INSTANCE, f"arn:aws:ec2:eu-west-1:111122223333:instance/{INSTANCE}"]
)
def test_with_ec2_scanning_off_an_instance_is_not_scanned(
    run: Any, without_ec2: Fleet, name: str
) -> None:
    code, said = run("vulnerabilities", "-i", name, "--cached", "--output", "json")
    found = json.loads(said)
    assert (code, found["verdict"], found["reason"]) == (6, "unknown", "not_scanned")
    assert found["explanation"] == "Inspector does not scan EC2 in 111122223333 eu-west-1"


@pytest.mark.parametrize(
    ("name", "mentions"),
    [
        ("web-1", True),
        ("arn:aws:lambda:eu-west-1:111122223333:function:pay:$LATEST", False),
        (f"arn:aws:ec2:us-east-1:111122223333:instance/{INSTANCE}", False),
    ],
)
def test_an_unknown_instance_is_missing_and_disabled_types_are_noted(
    run: Any, without_ec2: Fleet, name: str, mentions: bool
) -> None:
    code, said = run("vulnerabilities", "-i", name, "--cached", "--output", "json")
    assert (code, json.loads(said)["reason"]) == (5, "no_such_resource")
    assert (
        "in some accounts or regions, Inspector does not scan EC2"
        in json.loads(said)["explanation"]
    ) is mentions


def test_a_live_query_says_that_ec2_scanning_is_off(
    run: Any, without_ec2: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(without_ec2) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        monkeypatch.setenv("SRE_STORE", str(tmp_path / "empty"))
        code, said = run(
            "vulnerabilities", "-i", INSTANCE, "--live", "--region", "eu-west-1", "--output", "json"
        )
    assert (code, json.loads(said)["reason"], json.loads(said)["source"]) == (
        6,
        "not_scanned",
        "live",
    )
