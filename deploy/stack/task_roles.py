"""The permissions of each kind of task: its role, and ECS's own role to start it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stack.catalog import Catalog
from stack.identity import Statement, allow, allowed, below, trust, when
from stack.nag import accept
from stack.parameters import Parameters
from stack.storage import CONFIG, STORE, Storage

_INSPECTOR = [
    "inspector2:BatchGetAccountStatus",
    "inspector2:BatchGetFindingDetails",
    "inspector2:ListCoverage",
    "inspector2:GetClustersForImage",
    "inspector2:ListFindingAggregations",
    "inspector2:ListFindings",
    "inspector2:ListMembers",
]
_ROWS = ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query"]
_AROUND = ["ec2:DescribeRegions", "organizations:ListAccounts", "sts:GetCallerIdentity"]
_BESIDE = [
    "cloudwatch:GetMetricStatistics",
    "ec2:DescribeInstances",
    "ssm:DescribeInstanceInformation",
    "ssm:DescribeInstancePatchStates",
]
_BELOW = "Keys have the night in their names: the folder is the narrowest that can be said."
_REASONS = {
    "*": "These reading actions of AWS name no resources: they are allowed on * or not at all.",
    **{
        f"<Bucket.Arn>/{STORE}/{one}/*": _BELOW
        for one in ("commits", "pruned", "reports", "snapshots", "tables")
    },
    "arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:table/<Database>/*": (
        "Every table of the database is ours."
    ),
}
"""The reason for a wildcard in a role's policy."""


class TaskRoles:
    """Creates the roles. Each has only the permissions that its task needs."""

    def __init__(
        self, scope: Construct, given: Parameters, kept: Storage, catalog: Catalog
    ) -> None:
        self.scope, self.given, self.kept, self.catalog = scope, given, kept, catalog

    def roles(self) -> dict[str, iam.CfnRole]:
        """The role of each task."""
        reading, asking = self._reading(), self._asking()
        shared = {"Scan": [reading, asking], "Job": [reading], "Server": [reading, asking]}
        return {
            name: self._role(name, statements, shared[name])
            for name, statements in self._work().items()
        }

    def _reading(self) -> iam.CfnManagedPolicy:
        """The permissions of every task: to read the store, the organization's files, and the table
        with its own rows.

        Listing covers the whole bucket: otherwise S3 answers 403 instead of 404 for a missing
        object.
        """
        bucket = self.kept.bucket
        files = [bucket.attr_arn, *(below(bucket.node.id, f"/{one}/*") for one in (STORE, CONFIG))]
        policy = iam.CfnManagedPolicy(
            self.scope,
            "StorePolicy",
            policy_document=allowed(
                [
                    {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": files},
                    {"Action": _ROWS, "Resource": self.kept.table.attr_arn},
                    when(
                        "HasKey",
                        {
                            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                            "Resource": self.given.ref("KmsKeyArn"),
                        },
                    ),
                ]
            ),
        )
        for folder in (STORE, CONFIG):
            accept(policy, f"IAM5[Resource::<Bucket.Arn>/{folder}/*]", _BELOW)
        return policy

    def _asking(self) -> iam.CfnManagedPolicy:
        """The permissions to read Inspector, here or as the reader in its administrator account."""
        reader = {"Action": "sts:AssumeRole", "Resource": self.given.ref("ReaderRoleArn")}
        asked = {"Action": _INSPECTOR, "Resource": "*"}
        policy = iam.CfnManagedPolicy(
            self.scope,
            "InspectorPolicy",
            policy_document=allowed([asked, when("HasReader", reader)]),
        )
        accept(policy, "IAM5[Resource::*]", _REASONS["*"])
        return policy

    def _work(self) -> dict[str, list[Statement]]:
        """The further permissions of each task."""
        slack = when(
            "Slack", {"Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "SlackSecret"}}
        )
        return {
            "Scan": [
                {"Action": _AROUND, "Resource": "*"},
                self.catalog.publishes(),
                self._files("s3:PutObject", "commits", "snapshots", "tables"),
                self._files("s3:DeleteObject", "snapshots", "tables"),
            ],
            "Job": [
                self._files("s3:PutObject", "pruned", "reports"),
                self._files("s3:DeleteObject", "commits", "snapshots", "tables"),
                slack,
            ],
            "Server": [
                {"Action": _BESIDE, "Resource": "*"},
                {"Action": "secretsmanager:GetSecretValue", "Resource": self.kept.tokens.ref},
            ],
        }

    def _files(self, action: str, *folders: str) -> Statement:
        return {
            "Action": action,
            "Resource": [below(self.kept.bucket.node.id, f"/{STORE}/{one}/*") for one in folders],
        }

    def _role(
        self, name: str, statements: list[Statement], shared: list[iam.CfnManagedPolicy]
    ) -> iam.CfnRole:
        role = iam.CfnRole(
            self.scope,
            f"{name}Role",
            assume_role_policy_document=trust("ecs-tasks.amazonaws.com"),
            managed_policy_arns=[one.ref for one in shared],
            policies=[allow("work", statements)],
        )
        for wildcard in sorted(_wildcards(statements)):
            accept(role, f"IAM5[Resource::{wildcard}]", _REASONS[wildcard])
        return role

    def execution_role(self, written: Iterable[logs.CfnLogGroup]) -> iam.CfnRole:
        """ECS's own permissions to start a container: to pull the image and to write its log."""
        pull = [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ]
        role = iam.CfnRole(
            self.scope,
            "ExecutionRole",
            assume_role_policy_document=trust("ecs-tasks.amazonaws.com"),
            policies=[
                allow(
                    "start",
                    [
                        {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
                        {
                            "Action": pull,
                            "Resource": [
                                _repository(self.given.ref(f"{one}Image"))
                                for one in ("Scanner", "Server")
                            ],
                        },
                        {
                            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                            "Resource": [log.attr_arn for log in written],
                        },
                    ],
                )
            ],
        )
        accept(
            role,
            "IAM5[Resource::*]",
            "ecr:GetAuthorizationToken names no resource: it is allowed on * or not at all.",
        )
        return role


def _wildcards(statements: list[Statement]) -> set[str]:
    """The resources with a wildcard, in cdk-nag's notation."""
    texts = [
        one["Fn::Sub"] if isinstance(one, dict) and "Fn::Sub" in one else one
        for statement in statements
        for one in (
            statement["Resource"]
            if isinstance(statement.get("Resource"), list)
            else [statement.get("Resource")]
        )
    ]
    return {
        text.replace("${", "<").replace("}", ">")
        for text in texts
        if isinstance(text, str) and text.endswith("*")
    }


def _repository(image: dict[str, str]) -> dict[str, Any]:
    """The ARN of an image's repository, from a name such as
    111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/name:tag."""

    def part(number: int, by: str, of: Any) -> dict[str, Any]:
        return {"Fn::Select": [number, {"Fn::Split": [by, of]}]}

    name = part(0, "@", part(0, ":", part(1, ".amazonaws.com/", image)))
    arn = "arn:${AWS::Partition}:ecr:${R}:${A}:repository/${N}"
    return {"Fn::Sub": [arn, {"A": part(0, ".", image), "R": part(3, ".", image), "N": name}]}
