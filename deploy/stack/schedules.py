"""EventBridge Scheduler: the schedules in schedules/nightly.yaml, read by the product's own
code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sre_schedules.schedule import Schedule
from sre_schedules.schedule_file import load
from stack.identity import allow, trust
from stack.nag import accept
from stack.network import Network
from stack.parameters import Parameters
from stack.tasks import Tasks

ROOT = Path(__file__).resolve().parents[2]
NIGHTLY, AGE = ROOT / "schedules" / "nightly.yaml", ROOT / "deploy" / "age.yaml"
SLOT = "<aws.scheduler.scheduled-time>"
"""EventBridge Scheduler replaces this with the fire time, such as 2026-11-30T01:00:00Z."""
_TASK_OF = {"scan": "Scan", "report": "Job", "digest": "Job", "snapshots": "Job"}


@dataclass(frozen=True)
class Timed:
    """A schedule of a file, its task, and the arguments of its container."""

    schedule: Schedule
    task: str
    command: tuple[str, ...]

    @property
    def gap(self) -> timedelta:
        """The longest time between two of the next hundred fires."""
        fires = self.schedule.cron.fires(self.schedule.zone, datetime(2026, 1, 1, tzinfo=UTC))
        moments = [next(fires) for _ in range(100)]
        return max(after - before for before, after in pairwise(moments))


def timed() -> list[Timed]:
    """All schedules of the stack: the nightly ones, and the one that reports the age of the newest
    complete snapshot."""
    nightly = [Timed(one, _TASK_OF[one.command[0]], _command(one)) for one in _loaded(NIGHTLY)]
    return [*nightly, *(Timed(one, "Job", one.command) for one in _loaded(AGE))]


def _loaded(path: Path) -> Sequence[Schedule]:
    return load(path, datetime.now(UTC))


def _command(one: Schedule) -> tuple[str, ...]:
    """The scanner takes its slot itself. All other jobs are run by ``sre-cli schedule job``, which
    claims the slot."""
    if one.command[0] == "scan":
        tries = ("--attempts", str(one.attempts), "--pause", str(int(one.pause.total_seconds())))
        return (*one.command[1:], "--slot", f"{one.name}/{SLOT}", *tries)
    return ("schedule", "job", one.name, "--slot", SLOT)


def schedules(scope: Construct, given: Parameters, tasks: Tasks, net: Network) -> sqs.CfnQueue:
    """The schedules, and the queue for fires for which no task could be started."""
    lost = queue(scope, "ScheduleDeadLetters")
    accept(lost, "SQS3", "It is the schedules' queue of dead letters itself.")
    role = _role(scope, tasks, lost)
    for one in timed():
        made = scheduler.CfnSchedule(
            scope,
            f"{''.join(word.title() for word in one.schedule.name.split('-'))}Schedule",
            schedule_expression=one.schedule.cron.eventbridge(),
            schedule_expression_timezone=one.schedule.zone.key,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=_target(one, tasks, net, role, lost),
        )
        if one.schedule.command[0] == "digest":
            made.cfn_options.condition = given.conditions["Slack"]
    return lost


def _target(one: Timed, tasks: Tasks, net: Network, role: iam.CfnRole, lost: sqs.CfnQueue) -> Any:
    overrides = {"containerOverrides": [{"name": "main", "command": list(one.command)}]}
    return scheduler.CfnSchedule.TargetProperty(
        arn=tasks.cluster.attr_arn,
        role_arn=role.attr_arn,
        input=json.dumps(overrides, separators=(",", ":")),
        dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=lost.attr_arn),
        ecs_parameters=scheduler.CfnSchedule.EcsParametersProperty(
            task_definition_arn=tasks.definitions[one.task].ref,
            launch_type="FARGATE",
            network_configuration=scheduler.CfnSchedule.NetworkConfigurationProperty(
                awsvpc_configuration=scheduler.CfnSchedule.AwsVpcConfigurationProperty(
                    subnets=net.subnets, security_groups=[net.tasks.attr_group_id]
                )
            ),
        ),
    )


def _role(scope: Construct, tasks: Tasks, lost: sqs.CfnQueue) -> iam.CfnRole:
    """The scheduler's permissions: to start these tasks in this cluster with their roles, and to
    queue what it could not start."""
    used = sorted({one.task for one in timed()})
    return iam.CfnRole(
        scope,
        "SchedulerRole",
        assume_role_policy_document=trust(
            "scheduler.amazonaws.com", StringEquals={"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        ),
        policies=[
            allow(
                "start",
                [
                    {
                        "Action": "ecs:RunTask",
                        "Resource": [tasks.definitions[name].ref for name in used],
                        "Condition": {"ArnEquals": {"ecs:cluster": tasks.cluster.attr_arn}},
                    },
                    {
                        "Action": "iam:PassRole",
                        "Resource": [
                            tasks.execution.attr_arn,
                            *(tasks.roles[name].attr_arn for name in used),
                        ],
                        "Condition": {
                            "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                        },
                    },
                    {"Action": "sqs:SendMessage", "Resource": lost.attr_arn},
                ],
            )
        ],
    )


def queue(scope: Construct, name: str) -> sqs.CfnQueue:
    """An encrypted dead-letter queue that keeps messages for two weeks."""
    made = sqs.CfnQueue(
        scope, name, message_retention_period=1_209_600, sqs_managed_sse_enabled=True
    )
    accept(
        made, "SQS4", "Only services of AWS write to it, with a role of this stack and over TLS."
    )
    return made
