"""The containers: one task definition and role per kind of task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import Fn, Token
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stack.catalog import Catalog
from stack.nag import accept
from stack.parameters import Parameters
from stack.storage import STORE, Storage
from stack.task_roles import TaskRoles

SERVER_PORT = 8080
_JOB = ("512", "2048")  # CPU and MB of reports, digests and pruning
_WRITABLE = ("tmp", "data")  # the image's volumes; the rest of the root file system is read-only


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
        work = TaskRoles(self.scope, self.given, self.kept, self.catalog)
        execution, roles = work.execution_role(self.logs.values()), work.roles()
        definitions = {
            name: self._definition(name, role, execution) for name, role in roles.items()
        }
        return Tasks(self.cluster, execution, roles, definitions, self.logs)

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
