"""The live AWS context of an instance.

Each value has its source, "none" differs from "not checked", and every failure is a note.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from sre_findings.inspector.aws_clients import Make, clients
from sre_findings.live.context import PAGES, context
from sre_findings.model.errors import UsageError
from sre_findings.model.resources.aws_context import Context
from sre_findings.model.resources.resource import FUNCTION, INSTANCE, Resource
from sre_findings.queries import ask as ask_sources
from sre_findings.questions.catalogue import CACHED, Vulnerabilities
from sre_findings.service.factory import open_sources
from sre_findings.settings import load
from sre_findings.sources.sources import LiveSources

ACCOUNT = "123456789012"  # the account of moto
NOW = datetime(2026, 11, 22, 12, 30, 40, tzinfo=UTC)
SOME = "i-0123456789abcdef0"
PATCHES, AGENTS = "DescribeInstancePatchStates", "DescribeInstanceInformation"
INSTANCES, METRICS, CALLER = "DescribeInstances", "GetMetricStatistics", "GetCallerIdentity"
PARTS = {INSTANCES: "instance", PATCHES: "patches", AGENTS: "agent", METRICS: "cpu"}
SERVICES = {INSTANCES: "EC2", PATCHES: "SSM", AGENTS: "SSM", METRICS: "CLOUDWATCH", CALLER: "STS"}
EC2_XML = (
    "<DescribeInstancesResponse"
    ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15">{}</DescribeInstancesResponse>'
)
STS_XML = (
    "<GetCallerIdentityResponse"
    ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
Ask = Callable[..., Context]


@pytest.fixture
def ask() -> Ask:
    """``ask(resource)``: its context at NOW with the test's settings. Slow services time out."""

    def run(
        resource: Resource, wait: float = 5, profile: str | None = None, **question: Any
    ) -> Context:
        def connect(region: str) -> Make:
            return clients(profile, region, os.environ, read_timeout=wait)

        return context(connect, lambda: "eu-west-1", lambda: NOW)(
            Vulnerabilities(resource.resource_id, **question), resource
        )

    return run


def instance(
    identity: str = SOME, account: str = ACCOUNT, region: str = "eu-west-1", kind: str = INSTANCE
) -> Resource:
    return Resource(identity, kind, account, region, "web")


def running() -> str:
    """Starts an instance in moto with an hour of CPU data, and returns its id."""
    ec2, cloudwatch = _client("ec2"), _client("cloudwatch")
    tags = [{"Key": "Name", "Value": "web"}, {"Key": "team", "Value": "payments"}]
    launched = ec2.run_instances(
        ImageId="ami-0abc1234",
        InstanceType="t3.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    identity: str = launched["Instances"][0]["InstanceId"]
    _put_cpu(
        cloudwatch,
        identity,
        (NOW - timedelta(hours=3), [10.0, 30.0]),
        (NOW - timedelta(hours=1), [80.0]),
    )
    return identity


def _put_cpu(cloudwatch: Any, identity: str, *hours: tuple[datetime, list[float]]) -> None:
    data = [
        {
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": identity}],
            "Timestamp": at,
            "Value": value,
            "Unit": "Percent",
        }
        for at, values in hours
        for value in values
    ]
    cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=data)


def _client(name: str) -> Any:
    make: Any = boto3.client
    return make(name)


def tell_ssm(service: Any, identity: str) -> None:
    patched = {
        "InstanceId": identity,
        "PatchGroup": "",
        "BaselineId": "pb-0c10e65780EXAMPLE",
        "Operation": "Scan",
        "OperationStartTime": 1795311000.0,
        "OperationEndTime": 1795312800.0,
        "MissingCount": 3,
        "FailedCount": 0,
        "InstalledCount": 210,
        "InstalledPendingRebootCount": 2,
    }
    managed = {
        "InstanceId": identity,
        "PingStatus": "Online",
        "AgentVersion": "3.3.987.0",
        "LastPingDateTime": 1795350600.5,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
    }
    service.tell(PATCHES, {"InstancePatchStates": [patched]})
    service.tell(AGENTS, {"InstanceInformationList": [managed]})


@pytest.fixture
def settled(aws: str, service: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an instance that every service knows. ``service`` is SSM; moto is the rest."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", service.url)
    identity = running()
    tell_ssm(service, identity)
    return identity


@pytest.fixture
def told(service: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``service`` in place of all services, each with data about the instance SOME by default."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    tell_ssm(service, SOME)
    service.tell(CALLER, STS_XML)
    service.tell(
        INSTANCES, EC2_XML.format(ec2_item("<instanceState><name>running</name></instanceState>"))
    )
    service.tell(
        METRICS, datapoint('"Timestamp": 1795346000, "SampleCount": 1, "Average": 1, "Maximum": 1')
    )
    return service


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The clients of ``quick``, kept because creating them is slow."""
    return {}


@pytest.fixture
def quick(told: Any, kept: dict[str, Any]) -> Ask:
    """``ask`` on the services of ``told``, with clients that are created once."""
    if not kept:
        make = clients(None, "eu-west-1", os.environ, read_timeout=5)
        kept.update({name: make(name) for name in ("sts", "ec2", "ssm", "cloudwatch")})

    def run(resource: Resource) -> Context:
        return context(lambda _: kept.__getitem__, lambda: "eu-west-1", lambda: NOW)(
            Vulnerabilities(resource.resource_id), resource
        )

    return run


def ec2_item(fields: str, identity: str = SOME) -> str:
    instance = f"<item><instanceId>{identity}</instanceId>{fields}</item>"
    return f"<reservationSet><item><instancesSet>{instance}</instancesSet></item></reservationSet>"


def datapoint(values: str) -> str:
    return f'{{"Label": "CPUUtilization", "Datapoints": [{{{values}}}]}}'


def test_every_value_is_told_with_its_source_and_the_moment_it_was_asked(
    ask: Ask, settled: str
) -> None:
    found = ask(instance(settled))
    assert (found.account_id, found.region, found.notes) == (ACCOUNT, "eu-west-1", ())
    assert [(part.checked, part.asked_at, part.note) for part in found.results] == [
        (True, NOW, None)
    ] * 4
    assert [part.source for part in found.results] == [
        "EC2 DescribeInstances",
        "SSM DescribeInstancePatchStates",
        "SSM DescribeInstanceInformation",
        "CloudWatch GetMetricStatistics",
    ]
    values = found.to_json()
    machine = values["instance"]["value"]
    assert (machine["state"], machine["instance_type"], machine["image_id"]) == (
        "running",
        "t3.large",
        "ami-0abc1234",
    )
    assert machine["tags"] == {"Name": "web", "team": "payments"}
    assert found.instance.value
    assert found.instance.value.name == "web"
    (real,) = _client("ec2").describe_instances(InstanceIds=[settled])["Reservations"][0][
        "Instances"
    ]
    assert machine["private_addresses"] == [real["PrivateIpAddress"]]
    assert machine["public_addresses"] == [real["PublicIpAddress"]]
    assert (machine["vpc_id"], found.instance.value.launched_at) == (
        real["VpcId"],
        real["LaunchTime"],
    )
    assert values["patches"]["value"] == {
        "missing": 3,
        "failed": 0,
        "installed": 210,
        "pending_reboot": 2,
        "operation": "Scan",
        "operation_ended_at": "2026-11-22T02:00:00Z",
        "baseline_id": "pb-0c10e65780EXAMPLE",
    }
    assert values["agent"]["value"] == {
        "ping_status": "Online",
        "agent_version": "3.3.987.0",
        "last_ping_at": "2026-11-22T12:30:00.500Z",
        "platform": "Amazon Linux 2023",
    }


def test_cpu_is_the_average_of_all_samples_and_hours_without_data_stay_empty(
    ask: Ask, settled: str
) -> None:
    cpu = ask(instance(settled)).cpu.value
    assert cpu
    assert (cpu.average, cpu.maximum, cpu.since) == (
        40.0,
        80.0,
        datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
    )
    assert list(cpu.hours) == [*[None] * 21, 20.0, None, 80.0]


def test_none_is_an_answer_and_not_the_same_as_not_checked(
    ask: Ask, aws: str, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", service.url)
    service.tell(PATCHES, {"InstancePatchStates": []})
    service.tell(AGENTS, {"InstanceInformationList": []})
    found = ask(instance())
    assert [(part.checked, part.value, part.note) for part in found.results] == [
        (True, None, None)
    ] * 4
    assert found.notes == ()
    never = Context()
    assert [(part.checked, part.asked_at) for part in never.results] == [(False, None)] * 4


DENIED = {
    INSTANCES: (
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized"
        " to perform this operation. Encoded authorization failure message:"
        " 4qR9x</Message></Error></Errors><RequestID>1</RequestID></Response>"
    ),
    PATCHES: {
        "__type": "AccessDeniedException",
        "message": "User is not authorized to perform: ssm:DescribeInstancePatchStates",
    },
    AGENTS: {
        "__type": "AccessDeniedException",
        "message": "User is not authorized to perform: ssm:DescribeInstanceInformation",
    },
    METRICS: {
        "__type": "com.amazonaws.cloudwatch#AccessDenied",
        "message": "no identity-based policy allows it",
    },
}
SAID = {
    INSTANCES: (
        "EC2 did not answer: UnauthorizedOperation: You are not authorized to perform this"
        " operation."
    ),
    PATCHES: (
        "SSM did not answer: AccessDeniedException: User is not authorized to perform:"
        " ssm:DescribeInstancePatchStates"
    ),
    AGENTS: (
        "SSM did not answer: AccessDeniedException: User is not authorized to perform:"
        " ssm:DescribeInstanceInformation"
    ),
    METRICS: "CloudWatch did not answer: AccessDenied: no identity-based policy allows it",
}


def check_only_missing(found: Context, operation: str) -> str:
    """Asserts that only this operation's part is not checked. Returns its note."""
    part = getattr(found, PARTS[operation])
    assert [one.source.split()[1] for one in found.results if not one.checked] == [operation]
    assert (part.value, part.asked_at) == (None, NOW)
    assert found.unchecked == (part.note,)
    return str(part.note.text)


@pytest.mark.parametrize("operation", PARTS)
def test_a_service_that_denies_is_a_note_in_its_own_words_and_harms_no_other(
    quick: Ask, told: Any, operation: str
) -> None:
    told.tell(operation, DENIED[operation], status=403 if operation == INSTANCES else 400)
    assert check_only_missing(quick(instance()), operation) == SAID[operation]


ROW = {"InstanceId": SOME}
NO_ANSWERS = [
    b"<html><body>Welcome to the airport</body></html>",
    b"\x00\xff\xfe{[",
    b"",
    b"[]",
    b"null",
    b"{}",
]
GARBAGE: list[tuple[str, object]] = [
    *itertools.product(PARTS, NO_ANSWERS),
    (INSTANCES, EC2_XML.format("")),
    (
        INSTANCES,
        EC2_XML.format("<reservationSet><item><instancesSet><item><instanceId>i-01</instanceId>"),
    ),
    (INSTANCES, EC2_XML.format(ec2_item("<launchTime>soon</launchTime>"))),
    (PATCHES, {"InstancePatchStates": [ROW | {"MissingCount": "three"}]}),
    (PATCHES, {"InstancePatchStates": [ROW | {"OperationEndTime": 1e300}]}),
    (PATCHES, {"InstancePatchStates": [ROW | {"OperationEndTime": "0001-01-01T00:00:00+14:00"}]}),
    (PATCHES, {"InstancePatchStates": ["x"]}),
    (PATCHES, {"InstancePatchStates": None}),
    (AGENTS, {"InstanceInformationList": [ROW | {"PingStatus": {"a": 1}}]}),
    (AGENTS, {"InstanceInformationList": [{}]}),
    (METRICS, datapoint('"Timestamp": 1795310000, "SampleCount": 0, "Average": 1, "Maximum": 1')),
    (METRICS, datapoint('"Timestamp": 1795310000, "SampleCount": 1, "Average": NaN, "Maximum": 1')),
    (
        METRICS,
        datapoint('"Timestamp": 1795310000, "SampleCount": 1, "Average": 1, "Maximum": "Infinity"'),
    ),
    (METRICS, datapoint('"SampleCount": 1, "Average": 1, "Maximum": 1')),
]


@pytest.mark.parametrize(("operation", "body"), GARBAGE, ids=str)
def test_an_answer_that_is_none_is_a_note_and_never_read_as_empty(
    quick: Ask, told: Any, operation: str, body: object
) -> None:
    told.tell(operation, body)
    note = check_only_missing(quick(instance()), operation)
    assert note.startswith(
        f"{SAID[operation].split()[0]} did not answer: its response cannot be read: "
    )
    assert len(note) < 400
    assert "\n" not in note


@pytest.mark.parametrize("operation", [INSTANCES, METRICS, CALLER])
def test_a_service_out_of_reach_is_a_note(
    ask: Ask, told: Any, operation: str, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{SERVICES[operation]}", refused)
    (note,) = ask(instance()).notes
    assert f'did not answer: Could not connect to the endpoint URL: "{refused}/"' in note


def test_services_that_say_nothing_are_given_up_after_one_attempt_each(ask: Ask, told: Any) -> None:
    told.before = lambda operation: operation != CALLER and told.over.wait(20)
    found = ask(instance(), wait=1)
    assert sorted(told.asked) == sorted([CALLER, *PARTS])
    assert [part.checked for part in found.results] == [False] * 4
    assert [note.split(" on ")[0] for note in found.notes] == [
        f"{name} did not answer: Read timeout" for name in ("EC2", "SSM", "CloudWatch")
    ]


def test_the_services_are_asked_at_once(quick: Ask, told: Any) -> None:
    all_there = threading.Barrier(4, timeout=4)  # no request is answered before all have arrived
    told.before = lambda operation: operation == CALLER or all_there.wait()
    assert [part.checked for part in quick(instance()).results] == [True] * 4


def test_an_instance_of_another_account_is_a_note_and_asked_of_nobody(
    quick: Ask, told: Any
) -> None:
    found = quick(instance(account="111122223333"))
    assert found.notes == (
        f"context is available only for instances of the caller's own account: 111122223333 is not {ACCOUNT}",
    )
    assert not any(part.checked for part in found.results)
    assert told.asked == [CALLER]


@pytest.mark.parametrize(
    "resource",
    [
        instance("arn:aws:lambda:eu-west-1:123456789012:function:pay:$LATEST", kind=FUNCTION),
        instance("arn:aws:lambda:eu-west-1:123456789012:function:pay:$LATEST", kind=""),
        instance("web", account="", region="", kind=""),
        instance(SOME, kind="compute.googleapis.com/Instance"),
    ],
    ids=lambda r: f"{r.resource_type}-{r.resource_id[:4]}",
)
def test_what_is_no_ec2_instance_has_a_note_and_nobody_is_asked(
    quick: Ask, told: Any, resource: Resource
) -> None:
    assert quick(resource).notes == ("context is available only for EC2 instances and ECR images",)
    assert told.asked == []


def test_context_of_an_unknown_instance_uses_the_region_of_question_or_settings(
    ask: Ask, settled: str
) -> None:
    unknown = Resource(f" {settled} ", "", "", "")
    found = ask(unknown)
    assert found.instance.value
    assert (found.region, found.instance.value.state) == ("eu-west-1", "running")
    assert ask(unknown, region="us-east-1").instance.value is None
    assert ask(instance(settled, region="eu-west-1"), region="us-east-1").region == "eu-west-1"


def test_credentials_for_an_inspector_endpoint_are_not_sent_to_other_services(
    ask: Ask, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", told.url)
    found = ask(instance())
    assert [part.checked for part in found.results] == [False, True, True, False]
    assert (found.instance.asked_at, found.cpu.asked_at) == (None, None)
    why = "was not queried, because Inspector's endpoint is overridden and its own is not"
    assert found.notes == (
        f"STS {why}; it was not checked that the instance is in the caller's account",
        f"EC2 {why}",
        f"CloudWatch {why}",
    )


def test_an_endpoint_that_is_no_address_is_a_note(
    ask: Ask, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "nowhere")
    found = ask(instance())
    assert found.notes == ("CloudWatch was not asked: Invalid endpoint: nowhere",)
    assert found.cpu.asked_at is None


def test_without_credentials_or_profile_one_note_says_so(
    ask: Ask, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (note,) = ask(instance(), profile="nope").notes
    assert note.startswith(
        "context from AWS was not read: The config profile (nope) could not be found."
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (note,) = ask(instance()).notes
    assert note.startswith("context from AWS was not read: Unable to locate credentials.")
    assert told.asked == []


def test_credentials_that_aws_does_not_accept_are_one_note(quick: Ask, told: Any) -> None:
    expired = (
        "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The token is"
        " expired</Message></Error></ErrorResponse>"
    )
    told.tell(CALLER, expired, status=403)
    (note,) = quick(instance()).notes
    assert note.startswith(
        "context from AWS was not read: AWS does not accept the credentials: The token is expired"
    )
    assert told.asked == [CALLER]


@pytest.mark.parametrize("body", [b"<html>", b"", b"<a><b/></a>"])
def test_without_an_account_from_sts_a_note_names_what_was_not_checked(
    quick: Ask, told: Any, body: bytes
) -> None:
    told.tell(CALLER, body)
    found = quick(instance())
    assert [part.checked for part in found.results] == [True] * 4
    (note,) = found.notes
    assert note.startswith("STS did not answer: its response cannot be read")
    assert note.endswith("; it was not checked that the instance is in the caller's account")


def test_the_same_reason_is_noted_once(quick: Ask, told: Any) -> None:
    throttled = {"__type": "ThrottlingException", "message": "Rate exceeded"}
    told.tell(PATCHES, throttled, status=400)
    told.tell(AGENTS, throttled, status=400)
    assert quick(instance()).notes == ("SSM did not answer: ThrottlingException: Rate exceeded",)


def test_an_empty_page_with_a_token_does_not_end_a_listing(quick: Ask, told: Any) -> None:
    told.tell(
        PATCHES,
        {"InstancePatchStates": [], "NextToken": "1"},
        {"InstancePatchStates": [ROW | {"MissingCount": 1}]},
    )
    patches = quick(instance()).patches.value
    assert patches
    assert (patches.missing, patches.failed) == (1, None)


def test_a_listing_that_does_not_end_is_a_note(quick: Ask, told: Any) -> None:
    told.tell(
        PATCHES, *({"InstancePatchStates": [], "NextToken": str(n)} for n in range(3 * PAGES))
    )
    note = check_only_missing(quick(instance()), PATCHES)
    assert f"more than {PAGES} pages" in note
    assert told.asked.count(PATCHES) == PAGES + 1


def test_another_instances_rows_are_not_this_ones(quick: Ask, told: Any) -> None:
    other = "i-0ffffffffffffffff"
    tell_ssm(told, other)
    told.tell(INSTANCES, EC2_XML.format(ec2_item("", other)))
    found = quick(instance())
    assert [part.value for part in (found.instance, found.patches, found.agent)] == [None] * 3


def test_all_addresses_are_told_the_primary_first(quick: Ask, told: Any) -> None:
    address = "<item><privateIpAddress>{}</privateIpAddress><association><publicIp>{}</publicIp></association></item>"
    faces = (
        "<networkInterfaceSet><item><privateIpAddressesSet>{}</privateIpAddressesSet></item><item><ipv6AddressesSet><item>"
        "<ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet></item></networkInterfaceSet>"
    ).format(address.format("10.0.0.9", "3.0.0.9") + address.format("10.0.0.1", "3.0.0.1"))
    primary = "<privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>3.0.0.1</ipAddress>"
    told.tell(INSTANCES, EC2_XML.format(ec2_item(primary + faces)))
    found = quick(instance()).instance.value
    assert found
    assert found.private_addresses == ("10.0.0.1", "10.0.0.9")
    assert found.public_addresses == ("3.0.0.1", "3.0.0.9")
    assert found.ipv6_addresses == ("2001:db8::1",)
    assert (found.state, found.launched_at, found.name) == (None, None, "")


def test_the_platform_is_its_type_where_the_agent_does_not_name_it(quick: Ask, told: Any) -> None:
    told.tell(AGENTS, {"InstanceInformationList": [ROW | {"PlatformType": "Windows"}]})
    agent = quick(instance()).agent.value
    assert agent
    assert (agent.platform, agent.ping_status, agent.last_ping_at) == ("Windows", None, None)


def test_long_words_of_a_service_are_cut(quick: Ask, told: Any) -> None:
    told.tell(PATCHES, {"__type": "InternalServerError", "message": "no " * 1000}, status=500)
    (note,) = quick(instance()).notes
    assert note.startswith("SSM did not answer: InternalServerError: no no")
    assert note.endswith("…")
    assert len(note) < 400


def test_an_answer_has_context_only_where_it_was_asked(
    settled: str, service: Any, tmp_path: Path
) -> None:
    sources = open_sources(load(os.environ, tmp_path, store=str(tmp_path)))
    assert ask_sources(Vulnerabilities(settled, source=CACHED), sources).context is None
    assert service.asked == []
    found = ask_sources(Vulnerabilities(settled, source=CACHED, context=True), sources)
    assert found.context
    assert found.context.agent.value
    assert found.to_json()["context"]["agent"]["value"]["ping_status"] == "Online"
    assert found.context.cpu.asked_at
    assert abs(datetime.now(UTC) - found.context.cpu.asked_at) < timedelta(minutes=5)


def test_a_mistyped_region_is_refused_and_none_at_all_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = open_sources(load(os.environ, tmp_path, store=str(tmp_path)))
    with pytest.raises(UsageError, match="'eu-wst-1' is not an AWS region with Inspector"):
        ask_sources(Vulnerabilities(SOME, source=CACHED, context=True, region="eu-wst-1"), sources)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    found = ask_sources(Vulnerabilities(SOME, source=CACHED, context=True), sources).context
    assert found
    assert found.notes == (
        "context from AWS was not read: no region is configured. Use --region, or set AWS_REGION.",
    )


def test_where_aws_cannot_be_asked_the_context_says_so(tmp_path: Path) -> None:
    sources = replace(
        open_sources(load(os.environ, tmp_path, store=str(tmp_path))), live=LiveSources()
    )
    found = ask_sources(Vulnerabilities(SOME, source=CACHED, context=True), sources).context
    assert found
    assert found.notes == ("context from AWS is not available here",)
