"""The committed template: permissions, parameters and alarms."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sre_findings.store.schema import tables as schema

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
INSPECTOR = {
    "inspector2:BatchGetAccountStatus",
    "inspector2:BatchGetFindingDetails",
    "inspector2:GetClustersForImage",
    "inspector2:ListCoverage",
    "inspector2:ListFindingAggregations",
    "inspector2:ListFindings",
    "inspector2:ListMembers",
}
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
# "Make sure to add all of the following": Lambda developer guide, "Giving Lambda functions access
# to resources in a VPC".
INTERFACES = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}
STORE = {
    *KEY,
    "s3:GetObject",
    "s3:ListBucket",
    "dynamodb:BatchWriteItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
}
ACTIONS = {
    "ScanRole": {
        *STORE,
        *INSPECTOR,
        "sts:AssumeRole",
        "ec2:DescribeRegions",
        "organizations:ListAccounts",
        "sts:GetCallerIdentity",
        "s3:PutObject",
        "s3:DeleteObject",
        "glue:BatchCreatePartition",
        "glue:BatchDeletePartition",
        "glue:BatchGetPartition",
        "glue:CreateTable",
        "glue:GetPartitions",
        "glue:GetTable",
        "glue:UpdateTable",
    },
    "JobRole": {*STORE, "s3:PutObject", "s3:DeleteObject", "secretsmanager:GetSecretValue"},
    "ServerRole": {
        *STORE,
        *INSPECTOR,
        "sts:AssumeRole",
        "secretsmanager:GetSecretValue",
        "cloudwatch:GetMetricStatistics",
        "ec2:DescribeInstances",
        "ssm:DescribeInstanceInformation",
        "ssm:DescribeInstancePatchStates",
    },
    "ExecutionRole": {
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    },
    "SchedulerRole": {"ecs:RunTask", "iam:PassRole", "sqs:SendMessage"},
    "SlackRole": {
        *KEY,
        *INTERFACES,
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "lambda:InvokeFunction",
    },
    "FlowRole": {"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
}
# actions that AWS allows only for all resources
WITHOUT_RESOURCE = {
    *INSPECTOR,
    "ec2:DescribeRegions",
    "organizations:ListAccounts",
    "sts:GetCallerIdentity",
    "cloudwatch:GetMetricStatistics",
    "ec2:DescribeInstances",
    "ssm:DescribeInstanceInformation",
    "ssm:DescribeInstancePatchStates",
    "ecr:GetAuthorizationToken",
    *INTERFACES,
}
SERVICES = {
    "ScanRole": "ecs-tasks",
    "JobRole": "ecs-tasks",
    "ServerRole": "ecs-tasks",
    "ExecutionRole": "ecs-tasks",
    "SchedulerRole": "scheduler",
    "SlackRole": "lambda",
    "FlowRole": "vpc-flow-logs",
}
ALARMS = {
    "NoCompleteSnapshot",
    "ScanFailed",
    "ScanPartialTwice",
    "ScanThrottled",
    "DigestNotSent",
    "ServerErrors",
    "LoadBalancerErrors",
    "ScheduleNotStarted",
    "SlackErrors",
    "SlackNotAnswered",
}


def of(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """The properties of all resources of a type, by logical name."""
    return {
        name: one["Properties"]
        for name, one in template["Resources"].items()
        if one["Type"] == kind
    }


def statements(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """The permissions of a role from its own and shared policies.

    The template's conditions are taken as true.
    """
    properties = of(template, "AWS::IAM::Role")[role]
    shared = of(template, "AWS::IAM::ManagedPolicy")
    documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
    documents += [
        shared[one["Ref"]]["PolicyDocument"] for one in properties.get("ManagedPolicyArns", [])
    ]
    documents += [
        one["PolicyDocument"]
        for one in of(template, "AWS::IAM::Policy").values()
        if {"Ref": role} in one["Roles"]
    ]
    found = [one for document in documents for one in document["Statement"]]
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in found]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_each_role_has_exactly_the_permissions_listed_here(template: dict[str, Any]) -> None:
    assert {*of(template, "AWS::IAM::Role")} == {*ACTIONS}
    for role, actions in ACTIONS.items():
        found = [action for one in statements(template, role) for action in listed(one["Action"])]
        assert {*found} == actions, role
        assert not [action for action in found if "*" in action]


def test_wildcards_are_used_only_for_actions_without_resources(template: dict[str, Any]) -> None:
    for role in ACTIONS:
        for one in statements(template, role):
            if one["Resource"] == "*":
                assert {*listed(one["Action"])} <= WITHOUT_RESOURCE, role
            else:
                texts = [part.get("Fn::Sub", part) for part in listed(one["Resource"])]
                wild = [text for text in texts if "*" in str(text)]
                assert all(
                    re.fullmatch(
                        r"\$\{Bucket\.Arn\}/(store(/[a-z]+)?|config)/\*|.*:table/\$\{Database\}/\*",
                        str(text),
                    )
                    for text in wild
                ), wild


def test_roles_are_passed_only_to_containers_and_by_name(template: dict[str, Any]) -> None:
    passing = [
        one
        for role in ACTIONS
        for one in statements(template, role)
        if "iam:PassRole" in listed(one["Action"])
    ]
    [one] = passing
    assert one["Resource"] == [
        {"Fn::Sub": f"${{{name}.Arn}}"} for name in ("ExecutionRole", "JobRole", "ScanRole")
    ]
    assert one["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_each_role_belongs_to_one_service(template: dict[str, Any]) -> None:
    for role, service in SERVICES.items():
        [one] = of(template, "AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]
        assert one["Principal"] == {"Service": f"{service}.amazonaws.com"}


def test_only_the_given_reader_role_can_be_assumed(template: dict[str, Any]) -> None:
    policy = of(template, "AWS::IAM::ManagedPolicy")["InspectorPolicy"]["PolicyDocument"]
    [assumed] = [one for one in policy["Statement"] if "Fn::If" in one]
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": {"Ref": "ReaderRoleArn"}}
    assert assumed == {"Fn::If": ["HasReader", allowed, {"Ref": "AWS::NoValue"}]}


def test_no_task_has_a_public_address_or_an_open_port(
    template: dict[str, Any],
) -> None:
    assert "AssignPublicIp" not in json.dumps(template)
    groups = of(template, "AWS::EC2::SecurityGroup")
    assert {name for name, one in groups.items() if "SecurityGroupIngress" in one} == {
        "LoadBalancerGroup"
    }
    assert "0.0.0.0/0" not in json.dumps(groups["LoadBalancerGroup"])


def test_buckets_accept_only_tls(template: dict[str, Any]) -> None:
    policies = of(template, "AWS::S3::BucketPolicy")
    assert {one["Bucket"]["Ref"] for one in policies.values()} == {*of(template, "AWS::S3::Bucket")}
    for policy in policies.values():
        [denied] = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert (denied["Principal"], denied["Action"]) == ("*", "s3:*")
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_deleted_files_can_be_restored_until_they_expire(
    template: dict[str, Any],
) -> None:
    bucket = of(template, "AWS::S3::Bucket")["Bucket"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {one["Id"]: one for one in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": {"Ref": "OldVersionDays"}
    }
    expiring = [one for one in rules.values() if "ExpirationInDays" in one]
    assert [one["Prefix"] for one in expiring] == ["athena/"], (
        "snapshots are pruned, never expired: a legal hold must hold"
    )


def test_without_slack_its_resources_do_not_exist(template: dict[str, Any]) -> None:
    with_slack = {
        name for name, one in template["Resources"].items() if one.get("Condition") == "Slack"
    }
    named = {name for name in template["Resources"] if name.startswith("Slack")} | {
        "DigestSchedule",
        "WeeklySchedule",
        "DigestNotSent",
    }
    assert with_slack == named
    assert template["Outputs"]["SlackState"]["Value"] == {
        "Fn::If": ["Slack", "on", "off: SlackEnabled is false"]
    }
    assert template["Parameters"]["SlackEnabled"]["Default"] == "false"


def test_a_new_deployment_grants_no_client_access(template: dict[str, Any]) -> None:
    secrets = of(template, "AWS::SecretsManager::Secret")
    assert json.loads(secrets["TokensSecret"]["SecretString"]) == {"tokens": []}
    made = secrets["SlackSecret"]["GenerateSecretString"]
    assert json.loads(made["SecretStringTemplate"]) == {}
    assert made["GenerateStringKey"] not in ("signing_secrets", "server_token", "bot_token")


def test_unanswered_requests_and_failed_fires_are_queued(template: dict[str, Any]) -> None:
    [function] = of(template, "AWS::Lambda::Function").values()
    assert function["DeadLetterConfig"] == {"TargetArn": {"Fn::Sub": "${SlackDeadLetters.Arn}"}}
    for one in of(template, "AWS::Scheduler::Schedule").values():
        assert one["Target"]["DeadLetterConfig"] == {
            "Arn": {"Fn::Sub": "${ScheduleDeadLetters.Arn}"}
        }
    watched = {
        one["Dimensions"][0]["Value"]["Fn::Sub"]
        for one in of(template, "AWS::CloudWatch::Alarm").values()
        if one.get("Namespace") == "AWS/SQS"
    }
    assert watched == {f"${{{name}.QueueName}}" for name in of(template, "AWS::SQS::Queue")}


def test_athena_has_every_table_at_the_location_of_its_files(template: dict[str, Any]) -> None:
    tables = [one["TableInput"] for one in of(template, "AWS::Glue::Table").values()]
    assert {one["Name"] for one in tables} == {*schema.TABLES}
    for one in tables:
        assert one["StorageDescriptor"]["Location"] == {
            "Fn::Sub": f"s3://${{Bucket}}/store/tables/{one['Name']}/"
        }
        assert one["PartitionKeys"] == [{"Name": "snapshot_id", "Type": "string"}]
        assert "Columns" not in one["StorageDescriptor"], "they belong to the version that scans"


def test_the_example_has_every_parameter_and_each_value_is_allowed(
    template: dict[str, Any],
) -> None:
    given = json.loads((DEPLOY / "parameters.example.json").read_text(encoding="utf-8"))
    assert [one["ParameterKey"] for one in given] == [*template["Parameters"]]
    for one in given:
        parameter, value = template["Parameters"][one["ParameterKey"]], one["ParameterValue"]
        assert re.search(parameter.get("AllowedPattern", ""), value), one
        assert value in parameter.get("AllowedValues", [value]), one
        assert (
            "MinValue" not in parameter
            or parameter["MinValue"] <= int(value) <= parameter["MaxValue"]
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ScannerImage", "sre-scanner:1.0.0"),
        ("ScannerImage", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/sre-scanner"),
        ("HostName", "https://sre.example.com"),
        ("CertificateArn", "sre.example.com"),
        ("ClientCidr", "everybody"),
        ("VpcId", "my-vpc"),
        ("VpcCidr", "10.0.0.0/8"),
        ("SettingsFile", "sre-ops.toml"),
        ("ReaderRoleArn", "sre-inspector-reader"),
        ("ReaderExternalId", "short"),
        ("ScanCpu", "300"),
        ("SlackGroups", "C0123456"),
        ("AlarmEmail", "nobody"),
        ("KmsKeyArn", "alias/key"),
        # an IAM policy cannot grant access by an alias
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:111122223333:alias/key"),
    ],
)
def test_invalid_parameter_values_are_rejected(
    template: dict[str, Any], name: str, value: str
) -> None:
    assert not re.search(template["Parameters"][name]["AllowedPattern"], value)


def test_every_parameter_has_a_description_as_in_the_readme(template: dict[str, Any]) -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for name, one in template["Parameters"].items():
        assert one["Description"].endswith(".")
        default = (
            f"`{one['Default']}`"
            if one.get("Default")
            else "empty"
            if "Default" in one
            else "**must be given**"
        )
        assert f"| `{name}` | {default} | {one['Description']} |" in page


def test_each_alarm_notifies_and_links_to_its_runbook_entry(
    template: dict[str, Any],
) -> None:
    alarms = of(template, "AWS::CloudWatch::Alarm")
    assert {*alarms} == ALARMS
    for name, one in alarms.items():
        assert one["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert one["AlarmDescription"].endswith(f"docs/runbook.md#{name.lower()}")


def test_ecs_events_reach_the_topic_without_an_unsupported_condition(
    template: dict[str, Any],
) -> None:
    """Topic policies for EventBridge support no Condition blocks.

    EventBridge user guide, "Amazon SNS permissions".
    """
    [policy] = of(template, "AWS::SNS::TopicPolicy").values()
    allowed = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    [notice] = [
        one for one in allowed if "events.amazonaws.com" in listed(one["Principal"]["Service"])
    ]
    assert "Condition" not in notice
    assert [
        one
        for one in allowed
        if "Condition" in one and one["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]


def test_a_failed_deployment_does_not_block_the_next_one(
    template: dict[str, Any],
) -> None:
    """Retained resources must not block a later deployment.

    Retain also applies to the rollback of a first deployment, and a resource that a condition
    removed must be able to return.
    """
    retained = {name: one for name, one in template["Resources"].items() if "DeletionPolicy" in one}
    assert {*retained} == {"AccessLogs", "Bucket", "Table", "TokensSecret"}
    for name, one in retained.items():
        named = {*one["Properties"]} & {"Name", "BucketName", "TableName"}
        assert one["DeletionPolicy"] == ("RetainExceptOnCreate" if named else "Retain"), name
        assert "Condition" not in one
    assert "deletion_protection" not in json.dumps(
        of(template, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    )


def test_the_server_starts_after_its_route_to_the_internet_exists(template: dict[str, Any]) -> None:
    """Without the route no image can be pulled, and three failed tasks end the deployment.

    DependsOn does not support conditions.
    """
    service = template["Resources"]["Service"]
    assert service["Metadata"] == {"After": {"Fn::If": ["NewVpc", {"Ref": "PrivateRoute"}, ""]}}
    assert "PrivateRoute" not in service["DependsOn"]


def test_flow_logs_go_to_a_log_group_not_to_a_bucket(
    template: dict[str, Any],
) -> None:
    """EC2 overwrites the policy of a bucket that receives flow logs.

    VPC user guide, "Amazon S3 bucket permissions for flow logs".
    """
    [flow] = of(template, "AWS::EC2::FlowLog").values()
    assert flow["LogGroupName"] == {"Ref": "FlowLog"}
    assert not {"LogDestination", "LogDestinationType"} & {*flow}


def test_missing_metrics_trigger_the_alarms_that_need_them(template: dict[str, Any]) -> None:
    missing = {
        name: one["TreatMissingData"]
        for name, one in of(template, "AWS::CloudWatch::Alarm").items()
    }
    assert {name for name, how in missing.items() if how == "breaching"} == {
        "NoCompleteSnapshot",
        "DigestNotSent",
    }
    late = of(template, "AWS::CloudWatch::Alarm")["NoCompleteSnapshot"]
    assert (late["Threshold"], late["ComparisonOperator"]) == (26, "GreaterThanThreshold")
    digest = of(template, "AWS::CloudWatch::Alarm")["DigestNotSent"]
    assert digest["Period"] * digest["EvaluationPeriods"] == 26 * 3600


def test_the_diagram_shows_the_resources_of_the_template(template: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## In AWS")[2]
    picture = page.partition("```mermaid")[2].partition("```")[0]
    shown = {
        *re.findall(
            r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b",
            re.sub(r"\(\[.*?\]\)|-- .*? -->|-\. .*? \.->", " ", picture),
        )
    }
    assert len(shown) > 15
    assert shown <= {*template["Resources"]}


def test_an_older_stack_can_be_updated_in_one_request() -> None:
    assert (DEPLOY / "template.json").stat().st_size < 51_200
    assert (DEPLOY / "member-template.json").stat().st_size < 51_200
