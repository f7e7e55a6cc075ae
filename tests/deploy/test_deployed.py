"""The template in an AWS emulator: deployment, schedules and change sets.

The stack starts what its schedule files define, and a change set contains only what changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from sre_schedules.schedule_file import load

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
NOT_KNOWN = {
    "FlowLogs",
    "NatAddress",
    "NatGateway",
    "PrivateRoute",
    "Scaling",
    "ScalingPolicy",
    "ServerIngress",
}
SIGNING = "signingsecretofthestackintests00"
# set by tests/at.sh, so that the function's process, with its own environment, has the same date
CALENDAR = {
    name: os.environ[name]
    for name in ("LD_PRELOAD", "SRE_CLOCK_OFFSET", "TZ")
    if name in os.environ
}
SLOT = "<aws.scheduler.scheduled-time>"


def test_the_template_deploys_except_for_what_the_emulator_lacks(deployed: Any) -> None:
    assert deployed.dropped == NOT_KNOWN
    # HostedZoneId was not set
    assert {*deployed.template["Resources"]} - {*deployed.resources} == {"Name"}


def test_the_outputs_name_what_operators_need(deployed: Any) -> None:
    outputs = deployed.outputs
    assert outputs["BucketName"] in {
        one["Name"] for one in deployed.client("s3").list_buckets()["Buckets"]
    }
    assert outputs["StoreUrl"] == f"s3://{outputs['BucketName']}/store"
    assert outputs["TableName"] in deployed.client("dynamodb").list_tables()["TableNames"]
    assert outputs["SlackState"] == "on"
    named = {one["Name"] for one in deployed.client("secretsmanager").list_secrets()["SecretList"]}
    assert {outputs["TokensSecretName"], outputs["SlackSecretName"]} <= named
    database = deployed.client("glue").get_database(Name=outputs["DatabaseName"])
    assert database["Database"]["Name"] == outputs["DatabaseName"]
    balancers = deployed.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert outputs["LoadBalancerDnsName"] in {one["DNSName"] for one in balancers}


def test_each_schedule_starts_the_command_in_its_file(deployed: Any) -> None:
    scheduler = deployed.client("scheduler")
    now = datetime(2026, 11, 30, tzinfo=UTC)
    every = [
        *load(ROOT / "schedules" / "nightly.yaml", now),
        *load(ROOT / "deploy" / "age.yaml", now),
    ]
    resources = {
        name: one
        for name, one in deployed.template["Resources"].items()
        if one["Type"] == "AWS::Scheduler::Schedule"
    }
    assert len(resources) == len(every)
    for one in every:
        name = f"{one.name.title()}Schedule"
        found = scheduler.get_schedule(Name=deployed.resources[name])
        assert found["ScheduleExpression"] == one.cron.eventbridge()
        # the emulator drops the time zone of a schedule, so the template is checked
        assert resources[name]["Properties"]["ScheduleExpressionTimezone"] == one.zone.key
        assert json.loads(found["Target"]["Input"]) == {
            "containerOverrides": [{"name": "main", "command": _command(one)}],
        }
        task = "Scan" if one.command[0] == "scan" else "Job"
        assert (
            found["Target"]["EcsParameters"]["TaskDefinitionArn"]
            == deployed.resources[f"{task}Task"]
        )
        assert found["Target"]["Arn"].endswith(f":cluster/{deployed.outputs['ClusterName']}")


def _command(one: Any) -> list[str]:
    if one.command[0] == "scan":
        return [
            *one.command[1:],
            "--slot",
            f"{one.name}/{SLOT}",
            "--attempts",
            "3",
            "--pause",
            "300",
        ]
    return list(one.command) if one.name == "age" else ["schedule", "job", one.name, "--slot", SLOT]


def test_tasks_use_the_given_images_and_may_pull_them(deployed: Any) -> None:
    assert deployed.container("Scan")["image"].endswith("/sre-scanner:1.0.0")
    assert {deployed.container(one)["image"] for one in ("Job", "Server")} == {
        deployed.container("Server")["image"]
    }
    role = deployed.resources["ExecutionRole"]
    policy = deployed.client("iam").get_role_policy(RoleName=role, PolicyName="start")[
        "PolicyDocument"
    ]
    [pulled] = [
        one["Resource"] for one in policy["Statement"] if "ecr:BatchGetImage" in one["Action"]
    ]
    names = [one.partition(":repository/")[2] for one in pulled]
    assert names == ["sre-scanner", "team/sre-server"]


def test_the_function_answers_only_requests_signed_by_slack(
    deployed: Any,
) -> None:
    functions, name = deployed.client("lambda"), deployed.outputs["SlackFunctionName"]
    found = functions.get_function_configuration(FunctionName=name)
    assert found["Handler"] == "sre_slack.handler.handle"
    variables = found["Environment"]["Variables"]
    assert variables["SRE_SERVER"] == "https://sre.example.com/mcp"
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables, **CALENDAR}}
    )
    secret = json.dumps({"signing_secrets": [SIGNING], "server_token": "", "bot_token": ""})
    deployed.client("secretsmanager").put_secret_value(
        SecretId=deployed.outputs["SlackSecretName"], SecretString=secret
    )
    status, said = _typed(deployed, "help", SIGNING)
    assert (status, "/sre-vuln-check" in said) == (200, True)
    assert _typed(deployed, "help", "a guess")[0] == 401


def _typed(deployed: Any, text: str, secret: str) -> tuple[int, str]:
    """Sends a signed Slack command through the HTTP API. Returns status and body."""
    body = urlencode(
        {
            "team_id": "T0123456",
            "channel_id": "C0123456",
            "user_id": "U0123456",
            "text": text,
            "trigger_id": "1.1.a",
            "response_url": "https://hooks.slack.com/commands/T0123456/1/a",
        }
    )
    stamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    port = deployed.url.rpartition(":")[2]
    host = urlsplit(deployed.outputs["SlackUrl"])
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Host": f"{host.netloc.partition('.')[0]}.execute-api.localhost:{port}",
    }
    connection = HTTPConnection("127.0.0.1", int(port), timeout=60)
    try:
        connection.request("POST", host.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_change_set_lists_only_what_changes(deployed: Any, change: Any) -> None:
    later = json.loads(json.dumps(deployed.template))
    later["Resources"]["DigestSchedule"]["Properties"]["ScheduleExpression"] = "cron(0 7 * * ? *)"
    found = change(later, name="later")
    changed = [
        (one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"])
        for one in found["Changes"]
    ]
    assert changed == [("Modify", "DigestSchedule")]


def conditioned(template: Any, condition: str) -> set[str]:
    """The resources that a condition creates."""
    return {
        name for name, one in template["Resources"].items() if one.get("Condition") == condition
    }


def test_the_stack_deploys_with_an_existing_vpc_and_without_slack(
    deployed: Any,
) -> None:
    networks, formation = deployed.client("ec2"), deployed.client("cloudformation")
    vpc = networks.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        networks.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24")["Subnet"]["SubnetId"]
        for number in (1, 2)
    ]
    zone = deployed.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")[
        "HostedZone"
    ]["Id"]
    given = {
        **deployed.parameters,
        "SlackEnabled": "false",
        "VpcId": vpc,
        "SubnetIds": ",".join(subnets),
        "HostedZoneId": zone.rpartition("/")[2],
        "SettingsFile": "",
        "AlarmEmail": "",
    }
    formation.create_stack(
        StackName="plain",
        TemplateBody=json.dumps(deployed.template, separators=(",", ":")),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName="plain", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    made = formation.get_paginator("list_stack_resources").paginate(StackName="plain")
    names = {one["LogicalResourceId"] for page in made for one in page["StackResourceSummaries"]}
    without = set[str]().union(
        *(conditioned(deployed.template, one) for one in ("Slack", "NewVpc", "HasEmail"))
    )
    assert names == {*deployed.template["Resources"]} - without
    [stack] = formation.describe_stacks(StackName="plain")["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert outputs["SlackState"] == "off: SlackEnabled is false"
    assert outputs["TaskSubnets"] == ",".join(subnets)
    assert "SlackUrl" not in outputs


def test_the_reader_role_trusts_only_the_two_roles_of_the_organization(deployed: Any) -> None:
    formation, outputs = deployed.client("cloudformation"), deployed.outputs
    given = {
        "ScanRoleArn": outputs["ScanRoleArn"],
        "ServerRoleArn": outputs["ServerRoleArn"],
        "ExternalId": "a-word-that-is-shared",
        "OrganizationId": "o-0123456789",
    }
    formation.create_stack(
        StackName="reader",
        TemplateBody=(ROOT / "deploy" / "member-template.json").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName="reader", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    [stack] = formation.describe_stacks(StackName="reader")["Stacks"]
    role = deployed.client("iam").get_role(RoleName="sre-inspector-reader")["Role"]
    assert [one["OutputValue"] for one in stack["Outputs"]] == [role["Arn"]]
    [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
    both = [outputs["ScanRoleArn"], outputs["ServerRoleArn"]]
    assert trusted["Principal"] == {"AWS": both}
    assert trusted["Condition"]["ArnEquals"] == {"aws:PrincipalArn": both}
    assert trusted["Condition"]["StringEquals"] == {
        "sts:ExternalId": "a-word-that-is-shared",
        "aws:PrincipalOrgID": "o-0123456789",
    }


def test_an_incomplete_slack_configuration_is_rejected(deployed: Any, change: Any) -> None:
    with pytest.raises(
        deployed.client("cloudformation").exceptions.ClientError,
        match="SlackEnabled needs LambdaCodeBucket, LambdaCodeKey",
    ):
        change(deployed.template, name="lacking", LambdaCodeKey="")
