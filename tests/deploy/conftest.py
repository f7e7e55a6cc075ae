"""``deploy/template.json``, deployed once into an AWS emulator.

Only resource types that the emulator does not support are left out.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.aws_emulator import aws_emulator

from sre_simulator.aws_lambda.function import REGION

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"  # the emulator's default account
STACK, CODE = "sre", "sre-code"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PARAMETERS = {
    "ScannerImage": f"{REGISTRY}/sre-scanner:1.0.0",
    "ServerImage": f"{REGISTRY}/team/sre-server:1.0.0",
    "HostName": "sre.example.com",
    "CertificateArn": (
        f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
    ),
    "SlackEnabled": "true",
    "LambdaCodeBucket": CODE,
    "LambdaCodeKey": "sre-slack-1.zip",
    "LambdaRuntime": f"python3.{sys.version_info.minor}",
    "AlarmEmail": "sre@example.com",
    "SettingsFile": "s3://sre-settings/config/sre-ops.toml",
}
# set by tests/at.sh, so that processes with their own environment have the same date
CALENDAR = {
    name: os.environ[name]
    for name in ("LD_PRELOAD", "SRE_CLOCK_OFFSET", "TZ")
    if name in os.environ
}
_UNKNOWN = re.compile(r"Unrecognized resource types: \[([^\]]+)\]")
_NAMED = re.compile(r"\$\{([A-Za-z0-9]+)")


@dataclass(frozen=True)
class Deployed:
    """A stack in the emulator.

    It has the emulator's URL, the outputs, the physical ids by logical name, the template, and the
    names that are left out.
    """

    url: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    template: Mapping[str, Any]
    dropped: frozenset[str]
    parameters: Mapping[str, str] = field(default_factory=lambda: dict(PARAMETERS))

    def client(self, service: str) -> Any:
        """A client for the emulator."""
        return client(service, self.url)

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point a process to the emulator, without a role or region."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "TESTING",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def settings(self, task: str) -> dict[str, str]:
        """The environment variables of the Scan, Job or Server container."""
        return {one["name"]: one["value"] for one in self.container(task)["environment"]}

    def container(self, task: str) -> Any:
        """The container of an ECS task."""
        found = self.client("ecs").describe_task_definition(
            taskDefinition=self.resources[f"{task}Task"]
        )
        return found["taskDefinition"]["containerDefinitions"][0]


def client(service: str, url: str) -> Any:
    """A client for the emulator, which accepts any credentials."""
    make: Any = boto3.client  # the stubs require each service's name as a literal
    return make(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="TESTING",
        aws_secret_access_key="testing",
    )


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The committed template."""
    found: dict[str, Any] = json.loads(
        (ROOT / "deploy" / "template.json").read_text(encoding="utf-8")
    )
    return found


@pytest.fixture(scope="session")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs ministack on the loopback for the whole session, and returns its URL."""
    with aws_emulator(tmp_path_factory.mktemp("emulated"), **CALENDAR) as url:
        yield url


Change = Callable[..., Any]


@pytest.fixture(scope="session")
def change(emulated: str) -> Change:
    """Creates a change set of the stack and returns its changes.

    ``change(template, kind="UPDATE", LogDays="30")``
    """
    formation = client("cloudformation", emulated)

    def made(
        template: Mapping[str, Any], kind: str = "UPDATE", name: str = "change", **parameters: str
    ) -> Any:
        given = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in {**PARAMETERS, **parameters}.items()
        ]
        formation.create_change_set(
            StackName=STACK,
            ChangeSetName=name,
            ChangeSetType=kind,
            Parameters=given,
            TemplateBody=json.dumps(template, separators=(",", ":")),
            Capabilities=["CAPABILITY_IAM"],
        )
        return _until(
            lambda: formation.describe_change_set(StackName=STACK, ChangeSetName=name), "Status"
        )

    return made


@pytest.fixture(scope="session")
def deployed(emulated: str, template: dict[str, Any], change: Change, slack_zip: Path) -> Deployed:
    """The stack with Slack and its own VPC, deployed as by ``aws cloudformation deploy``."""
    code, formation = client("s3", emulated), client("cloudformation", emulated)
    code.create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": REGION})
    code.put_object(Bucket=CODE, Key=PARAMETERS["LambdaCodeKey"], Body=slack_zip.read_bytes())
    known, dropped = _known_to(change, formation, template)
    change(known, "CREATE", "first")
    formation.execute_change_set(StackName=STACK, ChangeSetName="first")
    stack = _until(lambda: formation.describe_stacks(StackName=STACK)["Stacks"][0], "StackStatus")
    assert stack["StackStatus"] == "CREATE_COMPLETE", _failures(formation)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return Deployed(emulated, outputs, _resources(formation), known, dropped)


def _known_to(
    change: Change, formation: Any, template: dict[str, Any]
) -> tuple[dict[str, Any], frozenset[str]]:
    """Returns the template without unsupported types, and the names that are left out.

    References to these types are removed too. In the metadata of a resource a reference only
    defines an order, and is removed with its target.
    """
    try:
        change(template, "CREATE", "probe")
    except formation.exceptions.ClientError as error:
        if (found := _UNKNOWN.search(str(error))) is None:
            raise
        types = {one.strip() for one in found[1].split(",")}
    else:
        return template, frozenset()
    every = {
        name: {key: value for key, value in one.items() if key != "Metadata"}
        for name, one in template["Resources"].items()
    }
    dropped = {name for name, one in every.items() if one["Type"] in types}
    while more := {
        name for name, one in every.items() if name not in dropped and _named(one) & dropped
    }:
        dropped |= more
    return {
        **template,
        "Resources": {name: one for name, one in every.items() if name not in dropped},
    }, frozenset(dropped)


def _named(value: Any) -> set[str]:
    """The logical names that a resource refers to."""
    if isinstance(value, str):
        return set(_NAMED.findall(value))
    if isinstance(value, list):
        return set[str]().union(*map(_named, value))
    if not isinstance(value, dict):
        return set()
    said = {one for key in ("Ref", "DependsOn") for one in _texts(value.get(key))}
    return said.union(*(_named(one) for one in value.values()))


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _until(look: Callable[[], Any], status: str) -> Any:
    """Calls ``look`` until its status is no longer pending or in progress; returns the result."""
    for _ in range(1200):
        found = look()
        if not found[status].endswith(("PENDING", "IN_PROGRESS")):
            return found
        time.sleep(0.05)
    raise TimeoutError


def _failures(formation: Any) -> list[str]:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    return [
        f"{one['LogicalResourceId']}: {one['ResourceStatus']} {one.get('ResourceStatusReason')}"
        for one in events
    ]


def _resources(formation: Any) -> dict[str, str]:
    found = formation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in found
        for one in page["StackResourceSummaries"]
    }
