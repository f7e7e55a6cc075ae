"""The product's commands on the deployed bucket and table: log lines and permissions.

The log lines match the filters that alarms count, and the roles allow all calls.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import operator
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.client
import pytest
from tests.support.clock import session_hour

from sre_cli.main import main as sre_cli
from sre_reports.slack.limits import problems
from sre_scanner.__main__ import main as sre_scanner
from sre_simulator.fleet import Fleet, default_fleet
from sre_simulator.inspector.server import Simulator
from sre_simulator.slack.web_api import CHANNEL, TOKEN, Workspace, serving

pytestmark = pytest.mark.slow
SLOT = "scan/2026-11-22T01:00:00Z"
_ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "dynamodb:GetItem": "dynamodb:GetItem",
}
_COMPARES = {"=": operator.eq, ">=": operator.ge}
_TERM = re.compile(r'\s*\$\.([\w.]+)\s*(=|>=)\s*("[^"]*"|[\d.]+)\s*')
Calls = set[tuple[str, str]]


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether a line matches a CloudWatch filter pattern for JSON.

    Supports what the template uses: terms combined by ``&&``.
    """
    terms = [_TERM.fullmatch(term) for term in pattern.strip("{} ").split("&&")]
    assert all(terms), pattern
    return all(_holds(term, line) for term in terms if term)


def _holds(term: re.Match[str], line: dict[str, Any]) -> bool:
    found = at(line, term[1])
    wanted = json.loads(term[3])
    return type(found) in ((str,) if isinstance(wanted, str) else (int, float)) and bool(
        _COMPARES[term[2]](found, wanted)
    )


def at(line: dict[str, Any], path: str) -> Any:
    """The value at ``$.a.b`` of a line."""
    found: Any = line
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def counted(
    template: dict[str, Any], log: str, lines: list[dict[str, Any]]
) -> dict[str, list[float]]:
    """The metrics that a log group's filters compute from lines."""
    found: dict[str, list[float]] = {}
    for one in template["Resources"].values():
        if one["Type"] == "AWS::Logs::MetricFilter" and one["Properties"]["LogGroupName"] == {
            "Ref": log
        }:
            [made] = one["Properties"]["MetricTransformations"]
            value = made["MetricValue"]
            values = [
                at(line, value[2:]) if value.startswith("$.") else float(value)
                for line in lines
                if matches(one["Properties"]["FilterPattern"], line)
            ]
            found[made["MetricName"]] = [
                float(one) for one in values if isinstance(one, int | float)
            ]
    return found


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@functools.cache
def one_night() -> Fleet:
    """The newest state of the default fleet.

    Cached, because creating it takes two seconds; tests do not change it.
    """
    return default_fleet(nights=1, now=session_hour())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Records all AWS calls of this process: the action, and the key if it has one."""
    made: Calls = set()
    clients: Any = botocore.client.BaseClient  # the stubs lack the method that every call uses
    send = clients._make_api_call

    def noted(self: Any, operation: str, parameters: Any) -> Any:
        service = self.meta.service_model.signing_name
        action = f"{service}:{operation}"
        made.add(
            (
                _ACTIONS.get(action, action),
                str(parameters.get("Key", "")) if service == "s3" else "",
            )
        )
        return send(self, operation, parameters)

    monkeypatch.setattr(clients, "_make_api_call", noted)
    return made


@pytest.fixture
def task(deployed: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """``task("Scan")``: sets the environment variables of that task's container."""

    def become(name: str) -> None:
        for key in [
            key for key in os.environ if key.startswith("SRE_") and key != "SRE_CLOCK_OFFSET"
        ]:
            monkeypatch.delenv(key)
        for key, value in {
            **deployed.environ,
            **deployed.settings(name),
            "SRE_SETTINGS": "",
        }.items():
            monkeypatch.setenv(key, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    return become


def allowed(deployed: Any, role: str, calls: Calls) -> set[tuple[str, str]]:
    """The calls that a role does not allow."""
    resources = deployed.template["Resources"]
    properties = resources[role]["Properties"]
    documents = [one["PolicyDocument"] for one in properties["Policies"]]
    documents += [
        resources[one["Ref"]]["Properties"]["PolicyDocument"]
        for one in properties["ManagedPolicyArns"]
    ]
    statements = [
        one["Fn::If"][1] if "Fn::If" in one else one
        for document in documents
        for one in document["Statement"]
    ]
    return {call for call in calls if not any(_allows(one, *call) for one in statements)}


def _allows(statement: dict[str, Any], action: str, key: str) -> bool:
    actions, resources = (
        one if isinstance(one, list) else [one]
        for one in (statement["Action"], statement["Resource"])
    )
    if action not in actions:
        return False
    patterns = [
        one["Fn::Sub"].removeprefix("${Bucket.Arn}/")
        for one in resources
        if isinstance(one, dict) and "Fn::Sub" in one
    ]
    return not key or any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


def ended(command: Callable[[list[str]], Any], *words: str) -> int:
    """The exit code of a command."""
    try:
        return int(command(list(words)) or 0)
    except SystemExit as end:
        return int(str(end.code))


def test_a_regular_night_triggers_no_alarm_and_needs_no_further_permission(
    deployed: Any,
    template: dict[str, Any],
    task: Any,
    calls: Calls,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    task("Job")
    assert ended(sre_cli, "snapshots", "age") == 3
    assert counted(template, "JobLog", lines_of(capfd.readouterr().out)) == {
        "SnapshotAgeHours": [],
        "PartialNights": [0.0],
        "DigestsSent": [],
    }
    fleet = one_night()
    with Simulator(fleet) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        task("Scan")
        regions = [word for one in fleet.regions for word in ("--region", one)]
        capfd.readouterr()
        calls.clear()
        assert ended(sre_scanner, *regions, "--slot", SLOT, "--rate", "5000") == 0
    said = lines_of(capfd.readouterr().out)
    assert counted(template, "ScanLog", said) == {"ScansFailed": [], "ScanThrottles": [0.0]}
    assert [line["slot"] for line in said if line["event"] == "committed"] == [
        "scan/2026-11-22T01:00Z"
    ]
    assert {action.partition(":")[0] for action, _ in calls} >= {
        "s3",
        "dynamodb",
        "inspector2",
        "glue",
    }
    assert allowed(deployed, "ScanRole", calls) == set()

    task("Job")
    calls.clear()
    assert ended(sre_cli, "snapshots", "age") == 0
    assert counted(template, "JobLog", lines_of(capfd.readouterr().out))["SnapshotAgeHours"][0] >= 0
    assert ended(sre_cli, "report", "--since", "2020-01-01") in (0, 3)
    assert ended(sre_cli, "snapshots", "prune", "--yes") == 0
    assert ended(sre_cli, "digest", "--dry-run") in (0, 3)
    assert allowed(deployed, "JobRole", calls) == set()
    task("Server")
    calls.clear()
    assert ended(sre_cli, "summary") in (0, 3)
    assert allowed(deployed, "ServerRole", calls) == set()


def test_a_failed_scan_is_counted_once_whatever_its_attempts(
    template: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    words = ("--region", "eu-west-1", "--slot", SLOT, "--attempts", "3", "--pause", "0")
    assert ended(sre_scanner, *words) == 4
    said = lines_of(capfd.readouterr().out)
    assert [line["event"] for line in said if "fail" in line["event"]] == [
        "attempt_failed",
        "attempt_failed",
        "failed",
    ]
    assert counted(template, "ScanLog", said) == {"ScansFailed": [1.0], "ScanThrottles": []}


def test_only_digests_that_were_sent_are_counted(
    template: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    with Simulator(one_night()) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        assert ended(sre_scanner, "--region", one_night().regions[0], "--rate", "5000") == 0
    channels = tmp_path / "channels.yaml"
    channels.write_text(f"channels:\n  - channel: {CHANNEL}\n    owners: ['*']\n")
    monkeypatch.setenv("SRE_SLACK_CHANNELS", str(channels))
    file = tmp_path / "one.yaml"
    file.write_text(
        "schedules:\n  - {name: digest, cron: '0 0 * * *', run: digest, grace: 24h, attempts: 1}\n"
    )
    with serving(Workspace(check=problems, channels={CHANNEL: True})) as slack:
        monkeypatch.setenv("SRE_SLACK_API_URL", slack.url)
        monkeypatch.setenv("SRE_SLACK_BOT_TOKEN", TOKEN)
        capfd.readouterr()
        assert ended(sre_cli, "schedule", "job", "digest", "--file", str(file)) == 0
        assert counted(template, "JobLog", lines_of(capfd.readouterr().out))["DigestsSent"] == [1.0]
        monkeypatch.setenv("SRE_TABLE", f"sqlite:///{tmp_path}/other.db")
        monkeypatch.setenv("SRE_SLACK_BOT_TOKEN", "xoxb-wrong-token")
        assert ended(sre_cli, "schedule", "job", "digest", "--file", str(file)) == 4
        said = lines_of(capfd.readouterr().out)
    assert [line["event"] for line in said if line.get("schedule") == "digest"] == [
        "started",
        "failed",
        "not_reported",
    ]
    assert counted(template, "JobLog", said)["DigestsSent"] == []


@pytest.mark.parametrize(
    ("pattern", "line", "fits"),
    [
        ('{ $.event = "age" && $.hours >= 0 }', {"event": "age", "hours": 3.5}, True),
        ('{ $.event = "age" && $.hours >= 0 }', {"event": "age", "hours": None}, False),
        ('{ $.event = "age" && $.hours >= 0 }', {"event": "ages", "hours": 3.5}, False),
        ('{ $.event = "failed" }', {"event": "attempt_failed"}, False),
        ("{ $.totals.throttles >= 1 }", {"totals": {"throttles": 2}}, True),
        ("{ $.totals.throttles >= 1 }", {"totals": 2}, False),
    ],
)
def test_each_metric_filter_matches_its_log_lines(
    pattern: str, line: dict[str, Any], fits: bool
) -> None:
    assert matches(pattern, line) is fits
