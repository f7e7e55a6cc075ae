"""The containers: one task definition and role per kind, so that each has only the permissions that
it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import Fn, Token
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stack.catalog import Catalog
from stack.identity import Statement, allow, allowed, below, trust, when
from stack.nag import accept
from stack.parameters import Parameters
from stack.storage import CONFIG, STORE, Storage

SERVER_PORT = 8080
_JOB = ("512", "2048")  # CPU and MB of reports, digests and pruning
_WRITABLE = ("tmp", "data")  # the image's volumes; the rest of the root file system is read-only
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


@dataclass(frozen=True)
class Tasks:
    """The cluster, its tasks, and their log group."""

    cluster: ecs.CfnCluster
    execution: iam.CfnRole
    roles: dict[str, iam.CfnRole]
    definitions: dict[str, ecs.CfnTaskDefinition]
    logs: dict[str, logs.CfnLogGroup]


class Workshop:
    """Creates task definitions that differ in permissions and size."""

    def __init__(
        self, scope: Construct, given: Parameters, kept: Storage, catalog: Catalog
    ) -> None:
        self.scope, self.given, self.kept, self.catalog = scope, given, kept, catalog
        insights = ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enabled")
        self.cluster = ecs.CfnCluster(scope, "Cluster", cluster_settings=[insights])
        days = Token.as_number(given.ref("LogDays"))
        self.logs = {
            name: logs.CfnLogGroup(scope, f"{name}Log", retention_in_days=days)
            for name in ("Scan", "Job", "Server")
        }

    def tasks(self) -> Tasks:
        """All task definitions."""
        execution, reading, asking = self._execution_role(), self._reading(), self._asking()
        shared = {"Scan": [reading, asking], "Job": [reading], "Server": [reading, asking]}
        roles = {
            name: self._role(name, statements, shared[name])
            for name, statements in self._work().items()
        }
        definitions = {
            name: self._definition(name, role, execution) for name, role in roles.items()
        }
        return Tasks(self.cluster, execution, roles, definitions, self.logs)

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

    def _execution_role(self) -> iam.CfnRole:
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
                            "Resource": [log.attr_arn for log in self.logs.values()],
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

    def _definition(
        self, name: str, role: iam.CfnRole, execution: iam.CfnRole
    ) -> ecs.CfnTaskDefinition:
        size = name if name in ("Scan", "Server") else "Job"
        made = ecs.CfnTaskDefinition(
            self.scope,
            f"{name}Task",
            cpu=_JOB[0] if size == "Job" else self.given[f"{size}Cpu"],
            memory=_JOB[1] if size == "Job" else self.given[f"{size}Memory"],
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            execution_role_arn=execution.attr_arn,
            task_role_arn=role.attr_arn,
            volumes=[ecs.CfnTaskDefinition.VolumeProperty(name=one) for one in _WRITABLE],
            container_definitions=[self._container(name, self.logs[size])],
        )
        accept(
            made,
            "ECS2",
            "The variables are settings; what is secret is read from Secrets Manager by the program"
            " itself.",
        )
        return made

    def _container(
        self, name: str, log: logs.CfnLogGroup
    ) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        return ecs.CfnTaskDefinition.ContainerDefinitionProperty(
            name="main",
            image=self.given["ScannerImage" if name == "Scan" else "ServerImage"],
            readonly_root_filesystem=True,
            user="10001:10001",
            environment=[
                ecs.CfnTaskDefinition.KeyValuePairProperty(name=key, value=Token.as_string(value))
                for key, value in sorted(self._settings(name).items())
            ],
            mount_points=[
                ecs.CfnTaskDefinition.MountPointProperty(
                    container_path=f"/{one}", source_volume=one
                )
                for one in _WRITABLE
            ],
            log_configuration=ecs.CfnTaskDefinition.LogConfigurationProperty(
                log_driver="awslogs",
                options={
                    "awslogs-group": log.ref,
                    "awslogs-region": Fn.ref("AWS::Region"),
                    "awslogs-stream-prefix": name.lower(),
                },
            ),
            **_listening(name),
        )

    def _settings(self, name: str) -> dict[str, Any]:
        """The settings of docs/operations.md that a task needs. An empty one counts as not set."""
        given = self.given
        settings: dict[str, Any] = {
            "SRE_STORE": {"Fn::Sub": "s3://${Bucket}/" + STORE},
            "SRE_TABLE": {"Fn::Sub": "dynamodb://${Table}"},
            "SRE_SETTINGS": given.ref("SettingsFile"),
        }
        if name in ("Scan", "Server"):
            settings |= {
                "SRE_READER_ROLE": given.ref("ReaderRoleArn"),
                "SRE_READER_EXTERNAL_ID": given.ref("ReaderExternalId"),
            }
        if name == "Scan":
            return settings | {"SRE_ENGINE": self.catalog.engine}
        settings["SRE_PUBLIC_URL"] = {"Fn::Sub": "https://${HostName}"}
        if name == "Server":
            tokens = {"Fn::Sub": "secretsmanager://${AWS::StackName}-tokens?region=${AWS::Region}"}
            return settings | {
                "SRE_TOKENS": tokens,
                "SRE_ALLOWED_HOSTS": given.ref("HostName"),
                "SRE_LOG": "json",
            }
        return settings | {"SRE_SLACK_SECRET_ID": {"Fn::If": ["Slack", {"Ref": "SlackSecret"}, ""]}}


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


def _listening(name: str) -> dict[str, Any]:
    if name != "Server":
        return {}
    return {
        "stop_timeout": 60,
        "command": [
            "serve",
            "--host",
            "0.0.0.0",  # noqa: S104 - in its own network, behind the load balancer
            "--port",
            str(SERVER_PORT),
        ],
        "port_mappings": [ecs.CfnTaskDefinition.PortMappingProperty(container_port=SERVER_PORT)],
    }


def _repository(image: dict[str, str]) -> dict[str, Any]:
    """The ARN of an image's repository, from a name such as
    111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/name:tag."""

    def part(number: int, by: str, of: Any) -> dict[str, Any]:
        return {"Fn::Select": [number, {"Fn::Split": [by, of]}]}

    name = part(0, "@", part(0, ":", part(1, ".amazonaws.com/", image)))
    arn = "arn:${AWS::Partition}:ecr:${R}:${A}:repository/${N}"
    return {"Fn::Sub": [arn, {"A": part(0, ".", image), "R": part(3, ".", image), "N": name}]}
