"""The settings of a deployment: all parameters of the template, and the conditions that follow from
them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import (
    CfnCondition,
    CfnParameter,
    CfnRule,
    CfnRuleAssertion,
    Fn,
    ICfnConditionExpression,
    ICfnRuleConditionExpression,
)
from constructs import Construct

_ECR = (
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9._/-]+(:[\w.-]+|@sha256:[0-9a-f]{64})"
)
_ROLE = r"(arn:aws[a-z-]*:iam::[0-9]{12}:role/.+)?"
_CIDR = r"[0-9.]{7,15}/[0-9]{1,2}"
_CPU = "(256|512|1024|2048|4096)"


@dataclass(frozen=True)
class Choice:
    """One parameter. ``pattern`` is a regular expression for its value, ``allowed`` a list of
    values. Without a default it is required."""

    name: str
    description: str
    default: str | None = None
    pattern: str = ""
    allowed: tuple[str, ...] = ()
    kind: str = "String"
    low: int | None = None
    high: int | None = None


def _number(name: str, description: str, default: int, low: int, high: int) -> Choice:
    return Choice(name, description, str(default), kind="Number", low=low, high=high)


CHOICES = (
    Choice("ScannerImage", "Image of scanner/Dockerfile in ECR.", None, _ECR),
    Choice("ServerImage", "Image of mcp/Dockerfile in ECR.", None, _ECR),
    Choice(
        "HostName", "Name by which clients call the server.", None, r"[a-z0-9-]+(\.[a-z0-9-]+)+"
    ),
    Choice(
        "CertificateArn",
        "ACM certificate of HostName, in this region.",
        None,
        r"arn:aws[a-z-]*:acm:.+",
    ),
    Choice(
        "HostedZoneId",
        "Route 53 zone for HostName. Empty: add the record yourself.",
        "",
        r"(Z[A-Z0-9]+)?",
    ),
    Choice("ClientCidr", "Addresses that may call the server.", "10.0.0.0/8", _CIDR),
    Choice(
        "VpcId", "Existing VPC. Empty: a new one with a NAT gateway.", "", r"(vpc-[0-9a-f]{8,17})?"
    ),
    Choice(
        "SubnetIds",
        "Its subnets, in two zones, with a route to NAT.",
        "",
        kind="CommaDelimitedList",
    ),
    Choice(
        "VpcCidr",
        "Addresses of the new VPC.",
        "10.60.0.0/16",
        r"[0-9.]{7,15}/(1[6-9]|2[0-4])",
    ),
    Choice(
        "SettingsFile",
        "More settings: s3://BucketName/config/sre-ops.toml.",
        "",
        r"(s3://[a-z0-9.-]+/config/.+)?",
    ),
    Choice(
        "ReaderRoleArn",
        "Role of member-template.json. Empty: Inspector's administrator is here.",
        "",
        _ROLE,
    ),
    Choice("ReaderExternalId", "External ID that this role requires.", "", r"([\w+=,.@:/-]{16,})?"),
    Choice("SlackEnabled", "Digests and answers in Slack.", "false", allowed=("false", "true")),
    Choice("LambdaCodeBucket", "Bucket of sre-slack.zip (make zip).", "", r"([a-z0-9.-]{3,63})?"),
    Choice("LambdaCodeKey", "Key of sre-slack.zip; a new one for each build.", ""),
    Choice(
        "LambdaRuntime",
        "Python that built the zip.",
        "python3.13",
        allowed=("python3.11", "python3.12", "python3.13"),
    ),
    Choice(
        "SlackGroups",
        "Slack user groups with access: S0123456,S0234567.",
        "",
        r"(S[A-Z0-9]+(,S[A-Z0-9]+)*)?",
    ),
    Choice(
        "AlarmEmail",
        "Email for alarms. Empty: subscribe to AlarmTopicArn.",
        "",
        r"([^@\s]+@[^@\s]+)?",
    ),
    Choice(
        "KmsKeyArn",
        "Key for bucket and tables. Empty: AWS's own.",
        "",
        r"(arn:aws[a-z-]*:kms:.+:key/.+)?",
    ),
    Choice("ScanCpu", "CPU of a scan; 256 is 0.25 vCPU.", "256", _CPU),
    _number("ScanMemory", "MB of a scan; see Fargate's sizes for its CPU.", 512, 512, 30720),
    Choice("ServerCpu", "CPU of a server task.", "512", _CPU),
    _number("ServerMemory", "MB of a server task.", 2048, 1024, 30720),
    _number("ServerTasksLeast", "Minimum server tasks.", 2, 1, 50),
    _number("ServerTasksMost", "Maximum server tasks.", 4, 1, 50),
    Choice(
        "LogDays",
        "Days to keep logs.",
        "90",
        allowed=("30", "60", "90", "180", "365", "731", "1827"),
        kind="Number",
    ),
    _number("OldVersionDays", "Days to keep deleted and replaced files.", 30, 1, 3650),
)

_GIVEN = {
    "HasZone": "HostedZoneId",
    "HasReader": "ReaderRoleArn",
    "HasEmail": "AlarmEmail",
    "HasKey": "KmsKeyArn",
}


class Parameters:
    """The parameters of a stack; ``conditions`` by name."""

    def __init__(self, scope: Construct) -> None:
        self._made = {one.name: _parameter(scope, one) for one in CHOICES}
        self.conditions = {
            name: self._condition(scope, name, Fn.condition_not(self.empty(of)))
            for name, of in _GIVEN.items()
        }
        self.conditions["NewVpc"] = self._condition(scope, "NewVpc", self.empty("VpcId"))
        slack = Fn.condition_equals(self["SlackEnabled"], "true")
        self.conditions["Slack"] = self._condition(scope, "Slack", slack)
        _rules(scope, self)

    def __getitem__(self, name: str) -> str:
        """A reference to a parameter."""
        return self._made[name].value_as_string

    def ref(self, name: str) -> Any:
        """The same as plain JSON, for texts and policies."""
        self._made[name]  # raises an error for an unknown name
        return {"Ref": name}

    def list(self, name: str) -> list[str]:
        """A reference to a list."""
        return self._made[name].value_as_list

    def empty(self, name: str) -> ICfnConditionExpression:
        """Whether a parameter is empty."""
        return Fn.condition_equals(self[name], "")

    @staticmethod
    def _condition(
        scope: Construct, name: str, expression: ICfnConditionExpression
    ) -> CfnCondition:
        return CfnCondition(scope, name, expression=expression)


def _parameter(scope: Construct, one: Choice) -> CfnParameter:
    return CfnParameter(
        scope,
        one.name,
        type=one.kind,
        description=one.description,
        default=one.default,
        allowed_pattern=f"^{one.pattern}$" if one.pattern else None,
        allowed_values=list(one.allowed) or None,
        min_value=one.low,
        max_value=one.high,
    )


def _rules(scope: Construct, given: Parameters) -> None:
    """Rules for parameters that belong together: an incomplete deployment is rejected before
    anything is created."""
    slack = Fn.condition_equals(given["SlackEnabled"], "true")
    subnets = Fn.condition_not(Fn.condition_contains(given.list("SubnetIds"), ""))
    whole = Fn.condition_and(
        *(_given(given, name) for name in ("LambdaCodeBucket", "LambdaCodeKey", "SettingsFile"))
    )
    _rule(
        scope,
        "Slack",
        slack,
        whole,
        "SlackEnabled needs LambdaCodeBucket, LambdaCodeKey and SettingsFile",
    )
    _rule(scope, "Subnets", _given(given, "VpcId"), subnets, "VpcId needs SubnetIds")
    _rule(
        scope,
        "Reader",
        _given(given, "ReaderRoleArn"),
        _given(given, "ReaderExternalId"),
        "ReaderRoleArn needs ReaderExternalId",
    )


def _rule(
    scope: Construct,
    name: str,
    when: ICfnRuleConditionExpression,
    needed: ICfnRuleConditionExpression,
    said: str,
) -> None:
    assertion = CfnRuleAssertion(assert_=needed, assert_description=said)
    CfnRule(scope, f"{name}Rule", rule_condition=when, assertions=[assertion])


def _given(given: Parameters, name: str) -> ICfnRuleConditionExpression:
    return Fn.condition_not(given.empty(name))
