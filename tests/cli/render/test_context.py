"""``--context``: the live context of a resource, the same in table and JSON, with safe text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sre_cli.render.context import context_lines, context_source
from sre_findings.model.resources.aws_context import (
    AGENTS,
    INSTANCES,
    METRICS,
    PATCHES,
    Agent,
    CallResult,
    Context,
    Cpu,
    Instance,
    PatchState,
)
from sre_simulator.fleet import BUSY_INSTANCE

Cli = Callable[..., Any]
ID, ACCOUNT = "i-9edb4bd8db2f315c1", "123456789012"  # data-etl-31 of the demo
ASKED = datetime(2026, 11, 22, 12, 30, 40, tzinfo=UTC)
# valid in XML: a one-character control sequence, and marks that reorder letters
EVIL = "\x9b31mred\u202e\u200b"
WHOLE = Context(
    ACCOUNT,
    "eu-west-1",
    CallResult(
        INSTANCES,
        ASKED,
        checked=True,
        value=Instance(
            "running",
            "t3.large",
            "ami-0abc1234",
            ASKED - timedelta(days=3),
            "vpc-1",
            ("10.0.0.5",),
            ("3.0.0.5",),
            (),
            {"Name": "web", "team": "payments", "env": "prod"},
        ),
    ),
    CallResult(
        PATCHES,
        ASKED,
        checked=True,
        value=PatchState(3, 1, 1210, 2, "Scan", ASKED - timedelta(hours=9), "pb-0123"),
    ),
    CallResult(
        AGENTS,
        ASKED,
        checked=True,
        value=Agent("Online", "3.3.987.0", ASKED - timedelta(minutes=2), "Amazon Linux 2023"),
    ),
    CallResult(
        METRICS,
        ASKED,
        checked=True,
        value=Cpu(40.04, 100.0, ASKED, (None, 0.0, 12.4, 12.5, 50.0, 99.9, 100.0)),
    ),
)


@pytest.fixture
def aws_says(service: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``service`` in place of all AWS services; each knows ID and returns hostile text."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    tags = (
        f"<item><key>team</key><value>{EVIL}</value></item>"
        "<item><key>Name</key><value>renamed</value></item>"
    )
    fields = (
        f"<instanceId>{ID}</instanceId><instanceType>t3.large</instanceType><imageId>ami-0abc1234</imageId>"
        "<launchTime>2026-11-01T08:00:00.000Z</launchTime><vpcId>vpc-1</vpcId><privateIpAddress>10.0.0.5</privateIpAddress>"
        f"<instanceState><name>running</name></instanceState><tagSet>{tags}</tagSet>"
    )
    instances = f"<instancesSet><item>{fields}</item></instancesSet>"
    items = f"<reservationSet><item>{instances}</item></reservationSet>"
    service.tell(
        "DescribeInstances", f"<DescribeInstancesResponse>{items}</DescribeInstancesResponse>"
    )
    caller = f"<GetCallerIdentityResult><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    service.tell(
        "GetCallerIdentity", f"<GetCallerIdentityResponse>{caller}</GetCallerIdentityResponse>"
    )
    patched = {
        "InstanceId": ID,
        "BaselineId": "pb-\x1b[2J",
        "MissingCount": 3,
        "FailedCount": 0,
        "InstalledCount": 210,
    }
    service.tell("DescribeInstancePatchStates", {"InstancePatchStates": [patched]})
    managed = {
        "InstanceId": ID,
        "PingStatus": "Online",
        "AgentVersion": "3.3",
        "PlatformName": "Evil\x1b]0;owned\x07\nState",
    }
    service.tell("DescribeInstanceInformation", {"InstanceInformationList": [managed]})
    point = {
        "Timestamp": datetime.now(UTC).timestamp() - 3600,
        "SampleCount": 12,
        "Average": 20.0,
        "Maximum": 90.0,
    }
    service.tell("GetMetricStatistics", {"Label": "CPUUtilization", "Datapoints": [point]})
    return service


def test_context_is_the_same_in_table_and_json(cli: Cli, demo: Path, aws_says: Any) -> None:
    run = cli("vulnerabilities", "-i", ID, "--cached", "--context", "--output", "json")
    context = run.json["context"]
    assert context["notes"] == []
    assert {
        name: context[name]["checked"] for name in ("instance", "patches", "agent", "cpu")
    } == dict.fromkeys(("instance", "patches", "agent", "cpu"), True)
    lines = cli("vulnerabilities", "-i", ID, "--cached", "--context").out.splitlines()
    assert lines[0].startswith(f"data-etl-31  {ID}")
    state, patches, agent, cpu = lines[1:5]
    machine, told = context["instance"]["value"], context["patches"]["value"]
    for value in ("state", "instance_type", "image_id", "launched_at", "vpc_id"):
        assert machine[value] in state
    assert f"private {machine['private_addresses'][0]}" in state
    assert f"now named {machine['tags']['Name']}" in state
    assert patches.startswith(
        f"Patches  {told['missing']} missing, {told['failed']} failed, {told['installed']}"
        " installed"
    )
    assert context["agent"]["value"]["ping_status"] in agent
    assert (
        f"average {context['cpu']['value']['average']} %, maximum"
        f" {context['cpu']['value']['maximum']} % in 24 h" in cpu
    )
    assert sum(value is not None for value in context["cpu"]["value"]["hours"]) == 1
    assert cpu.count("·") == 23
    assert re.fullmatch(
        rf"Context: EC2, SSM, CloudWatch in account {ACCOUNT}, eu-west-1, queried at"
        r" 2\d{3}-\S+Z\.",
        lines[-1],
    )


def test_hostile_text_is_escaped_in_the_terminal_and_unchanged_in_json(
    cli: Cli, demo: Path, aws_says: Any
) -> None:
    out = cli("vulnerabilities", "-i", ID, "--cached", "--context").out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", out)
    assert "tags team=31mred" in out
    assert "Evil]0;owned State" in out
    assert out.count("\nState ") == 1
    run = cli("vulnerabilities", "-i", ID, "--cached", "--context", "--output", "json")
    assert run.json["context"]["instance"]["value"]["tags"]["team"] == EVIL
    assert run.json["context"]["agent"]["value"]["platform"] == "Evil\x1b]0;owned\x07\nState"
    assert "\x1b" not in run.out


def test_context_changes_neither_findings_nor_csv_nor_the_exit_code(
    cli: Cli, demo: Path, aws_says: Any
) -> None:
    asked = ("vulnerabilities", "-i", ID, "--cached", "--fail-on", "critical")
    plain, context = (cli(*asked, *more, "--output", "json") for more in ((), ("--context",)))
    assert plain.code == context.code == 1
    assert plain.json["context"] is None
    ages = {"age_seconds": 0, "context": None}
    assert context.json | ages == plain.json | ages
    for form in ("csv", "ndjson"):
        assert cli(*asked, "--output", form).out == cli(*asked, "--context", "--output", form).out


def test_no_service_is_called_without_the_flag(cli: Cli, demo: Path, aws_says: Any) -> None:
    cli("vulnerabilities", "-i", ID, "--cached")
    assert aws_says.asked == []


def test_a_denied_call_is_a_note_in_table_and_json(cli: Cli, demo: Path, aws_says: Any) -> None:
    denied = {"__type": "AccessDeniedException", "message": "User \x1b[31mx is not authorized"}
    aws_says.tell("DescribeInstancePatchStates", denied, status=400)
    out = cli("vulnerabilities", "-i", ID, "--cached", "--context").out
    assert "\nPatches  not checked\n" in out
    assert (
        "\nNote: SSM did not answer: AccessDeniedException: User [31mx is not authorized.\n" in out
    )
    run = cli("vulnerabilities", "-i", ID, "--cached", "--context", "--output", "json")
    part = run.json["context"]["patches"]
    assert (part["checked"], part["value"]) == (False, None)
    assert run.json["context"]["notes"] == [part["note"]]
    assert run.code == 0


def test_resources_without_context_have_a_note_but_no_lines(
    cli: Cli, demo: Path, aws_says: Any
) -> None:
    out = cli("vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "--context").out
    assert (
        "Note: Context is available only for instances of the caller's own account: 111122223333 is not"
        f" {ACCOUNT}.\n" in out
    )
    assert "\nState " not in out
    assert "\nContext:" not in out
    function = next(
        group["value"]
        for group in cli("summary", "--by", "resource", "-n", "0", "--output", "json").json[
            "groups"
        ]
        if ":function:" in group["value"]
    )
    out = cli("vulnerabilities", "-i", function, "--cached", "--context").out
    assert "Note: Context is available only for EC2 instances and ECR images.\n" in out
    assert aws_says.asked == ["GetCallerIdentity"]


def test_the_help_names_every_permission(cli: Cli) -> None:
    said = " ".join(cli("vulnerabilities", "--help").out.split())
    for permission in (
        "ec2:DescribeInstances",
        "ssm:DescribeInstancePatchStates",
        "ssm:DescribeInstanceInformation",
        "cloudwatch:GetMetricStatistics",
    ):
        assert permission in said


def test_an_instance_has_four_lines() -> None:
    state, patches, agent, cpu = context_lines(WHOLE, "web", None)
    assert (
        state == "State    running, t3.large, ami-0abc1234, launched 2026-11-19T12:30:40Z, private"
        " 10.0.0.5, public 3.0.0.5, vpc-1, tags env=prod, team=payments"
    )
    assert (
        patches == "Patches  3 missing, 1 failed, 1,210 installed, 2 pending reboot, Scan ended"
        " 2026-11-22T03:30:40Z, baseline pb-0123"
    )
    assert agent == "Agent    Online, 3.3.987.0, last ping 2026-11-22T12:28:40Z, Amazon Linux 2023"
    assert cpu == "CPU      average 40.0 %, maximum 100.0 % in 7 h  ·▁▁▂▅██"
    assert (
        context_source(WHOLE)
        == "Context: EC2, SSM, CloudWatch in account 123456789012, eu-west-1, queried at"
        " 2026-11-22T12:30:40Z."
    )


def test_lines_are_wrapped_with_an_indent() -> None:
    lines = list(context_lines(WHOLE, "web", 60))
    assert all(len(line) <= 60 for line in lines)
    assert lines[:2] == [
        "State    running, t3.large, ami-0abc1234, launched",
        "         2026-11-19T12:30:40Z, private 10.0.0.5, public",
    ]


def test_none_not_checked_and_unknown_are_different_texts() -> None:
    def none(source: str) -> CallResult[Any]:
        return CallResult(source, ASKED, checked=True)

    empty = Context("", "eu-west-1", none(INSTANCES), none(PATCHES), none(AGENTS), none(METRICS))
    assert list(context_lines(empty, "web", None)) == [
        "State    EC2 has no such instance in this account and region",
        "Patches  no data: Patch Manager has not scanned the instance",
        "Agent    none: SSM does not manage it",
        "CPU      no data in the last 24 h",
    ]
    assert (
        context_source(empty)
        == "Context: EC2, SSM, CloudWatch in eu-west-1, queried at 2026-11-22T12:30:40Z."
    )
    one = replace(
        Context("", "eu-west-1"),
        instance=CallResult(
            INSTANCES, ASKED, checked=True, value=Instance(None, None, None, None, None)
        ),
        patches=CallResult(
            PATCHES, ASKED, checked=True, value=PatchState(None, 0, None, 0, None, None, None)
        ),
    )
    assert list(context_lines(one, "", None)) == [
        "State    state unknown",
        "Patches  missing: unknown, 0 failed, installed: unknown",
        "Agent    not checked",
        "CPU      not checked",
    ]
    assert list(context_lines(Context(), "", None)) == []
    assert context_source(Context()) == ""


def test_four_tags_are_shown_with_the_number_of_others() -> None:
    many = Instance(
        "running", None, None, None, None, tags={f"tag{n}": "x" * 300 for n in range(50)}
    )
    state, *_ = context_lines(
        replace(WHOLE, instance=CallResult(INSTANCES, ASKED, checked=True, value=many)), "", None
    )
    assert state.endswith(" and 46 more")
    assert len(state) < 220
