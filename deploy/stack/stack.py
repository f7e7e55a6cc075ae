"""The stacks: the whole product in one account, and the role with which it reads Inspector in
another."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, CfnParameter, DefaultStackSynthesizer, Fn, Stack, Token
from aws_cdk import aws_iam as iam
from constructs import Construct

from stack.alarms import alarms
from stack.catalog import catalog
from stack.dashboard import dashboard
from stack.identity import allow
from stack.nag import accept
from stack.network import network
from stack.parameters import Parameters
from stack.schedules import schedules
from stack.server import server
from stack.slack import slack
from stack.storage import STORE, storage
from stack.tasks import Workshop

_READS = [
    "inspector2:BatchGetAccountStatus",
    "inspector2:BatchGetFindingDetails",
    "inspector2:GetClustersForImage",
    "inspector2:ListCoverage",
    "inspector2:ListFindingAggregations",
    "inspector2:ListFindings",
    "inspector2:ListMembers",
    "ec2:DescribeRegions",
    "organizations:ListAccounts",
]


class _Plain(Stack):
    """A stack of resources only: no assets, no bootstrap, any account and region."""

    def __init__(self, scope: Construct, name: str, description: str) -> None:
        bare = DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
        super().__init__(scope, name, synthesizer=bare, description=description)


class Whole(_Plain):
    """The whole product in one account and region."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "sre-operations-assistant", "SRE Operations Assistant")
        given = Parameters(self)
        kept = storage(self, given)
        net = network(self, given)
        view = catalog(self, kept)
        tasks = Workshop(self, given, kept, view).tasks()
        lost = schedules(self, given, tasks, net)
        service = server(self, given, kept, net, tasks)
        command = slack(self, given, kept, net)
        topic = alarms(self, given, tasks, service, command, lost)
        dashboard(self)
        always = {
            "BucketName": kept.bucket.ref,
            "StoreUrl": Fn.sub("s3://${Bucket}/" + STORE),
            "TableName": kept.table.ref,
            "ClusterName": tasks.cluster.ref,
            "TokensSecretName": Fn.sub("${AWS::StackName}-tokens"),
            "LoadBalancerDnsName": service.balancer.attr_dns_name,
            "DatabaseName": view.database.ref,
            "AlarmTopicArn": topic.ref,
            "ScanRoleArn": tasks.roles["Scan"].attr_arn,
            "ServerRoleArn": tasks.roles["Server"].attr_arn,
            "TaskSubnets": Fn.join(",", net.subnets),
            "TaskSecurityGroup": net.tasks.attr_group_id,
            "SlackState": Fn.condition_if("Slack", "on", "off: SlackEnabled is false"),
            **{f"{name}LogGroup": log.ref for name, log in tasks.logs.items()},
            **{f"{name}TaskDefinition": made.ref for name, made in tasks.definitions.items()},
        }
        with_slack = {
            "SlackUrl": Fn.sub(
                "https://${SlackApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/slack"
            ),
            "SlackSecretName": Fn.sub("${AWS::StackName}-slack"),
            "SlackFunctionName": command.function.ref,
        }
        for name, value in always.items():
            CfnOutput(self, name, value=_text(value))
        for name, value in with_slack.items():
            CfnOutput(self, name, value=_text(value), condition=given.conditions["Slack"])


class Member(_Plain):
    """The role with which the scan and the server read Inspector in its delegated administrator
    account, or in a member account."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope,
            "sre-inspector-reader",
            "SRE Operations Assistant: the role by which it reads Amazon Inspector here",
        )
        reader = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"
        scan = self._given("ScanRoleArn", "ScanRoleArn of the main stack's outputs.", reader)
        serve = self._given("ServerRoleArn", "ServerRoleArn of the main stack's outputs.", reader)
        secret = self._given(
            "ExternalId",
            "A random word of 16 letters or more: ReaderExternalId of the main stack.",
            "^[A-Za-z0-9+=,.@:/_-]{16,}$",
        )
        organization = self._given(
            "OrganizationId",
            "The organization that both accounts belong to.",
            "^o-[a-z0-9]{10,32}$",
        )
        role = iam.CfnRole(
            self,
            "Reader",
            role_name="sre-inspector-reader",
            description="Reads Amazon Inspector for the SRE Operations Assistant.",
            max_session_duration=3600,
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": [scan, serve]},
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {
                                "sts:ExternalId": secret,
                                "aws:PrincipalOrgID": organization,
                            },
                            "ArnEquals": {"aws:PrincipalArn": [scan, serve]},
                        },
                    }
                ],
            },
            policies=[allow("read", [{"Action": _READS, "Resource": "*"}])],
        )
        accept(
            role,
            "IAM5[Resource::*]",
            "Inspector, EC2 and Organizations allow these reading actions on * or not at all.",
        )
        CfnOutput(
            self,
            "ReaderRoleArn",
            value=role.attr_arn,
            description="ReaderRoleArn of the main stack.",
        )

    def _given(self, name: str, description: str, pattern: str) -> dict[str, str]:
        CfnParameter(self, name, description=description, allowed_pattern=pattern)
        return {"Ref": name}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else Token.as_string(value)
