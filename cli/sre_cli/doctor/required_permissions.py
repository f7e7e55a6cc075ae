"""The AWS permissions that the assistant needs, each with a harmless call that checks it.

Actions that no harmless call covers (starting a query, writing partitions, sending mail) are
checked with IAM's policy simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sre_cli.doctor.identity import Caller
from sre_findings.settings import Settings

EVERYTHING, SCAN, JOBS, SERVER = PARTS = ("everything", "scan", "jobs", "server")
"""The permissions to check: all, or those of the role of one task."""


@dataclass(frozen=True, slots=True)
class Need:
    """One permission.

    ``without`` is what does not work without it. An ``optional`` permission that is missing is a
    warning, not a failure. ``asked`` has the arguments of the call, None for the policy simulator.
    ``parts`` are the parts that need it. ``as_reader`` calls are made with the role that reads
    Inspector, if there is one.
    """

    action: str
    without: str
    asked: Mapping[str, Any] | None = None
    optional: bool = False
    resource: str = "*"
    parts: tuple[str, ...] = (SCAN, SERVER)
    as_reader: bool = False


def needs(
    settings: Settings, caller: Caller, region: str, now: datetime, part: str = EVERYTHING
) -> list[Need]:
    """Returns the permissions that ``part`` needs with these settings.

    Those of the store and the table are left out; ``storage`` checks them.
    """
    every = [
        *_scan(caller, region),
        *_context(caller, region, now),
        *_secrets(settings, caller),
        *_engine(settings, caller),
        *_mail(settings),
    ]
    return [one for one in every if part in (EVERYTHING, *one.parts)]


def _scan(caller: Caller, region: str) -> list[Need]:
    finding = f"arn:{caller.partition}:inspector2:{region}:{caller.account}:finding/{'0' * 32}"
    active = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}
    counts = {"aggregationType": "ACCOUNT", "maxResults": 1}
    found = [
        Need(
            "inspector2:ListFindings",
            "no scans",
            {"maxResults": 1, "filterCriteria": active},
        ),
        Need(
            "inspector2:ListCoverage",
            "snapshots are partial: coverage is unknown",
            {"maxResults": 1},
        ),
        Need(
            "inspector2:BatchGetAccountStatus",
            "snapshots are partial: whether Inspector is on is unknown",
            {},
        ),
        Need(
            "inspector2:BatchGetFindingDetails",
            "KEV due dates and EPSS are unknown",
            {"findingArns": [finding]},
        ),
        Need(
            "inspector2:ListFindingAggregations",
            "counts are not compared with Inspector's",
            counts,
        ),
        Need(
            "inspector2:ListMembers",
            "member accounts are unknown",
            {"maxResults": 1},
            optional=True,
        ),
        Need(
            "ec2:DescribeRegions",
            "without --region, only the configured region is scanned",
            {},
            optional=True,
            parts=(SCAN,),
        ),
        Need(
            "organizations:ListAccounts",
            "accounts have no names",
            {"MaxResults": 1},
            optional=True,
            parts=(SCAN,),
        ),
    ]
    return [replace(one, as_reader=True) for one in found]


def _context(caller: Caller, region: str, now: datetime) -> list[Need]:
    """Returns the permissions for ``vulnerabilities --context``."""
    instance, without = f"i-{'0' * 17}", "--context omits it"
    image = (
        f"arn:{caller.partition}:ecr:{region}:{caller.account}:repository/none/sha256:{'0' * 64}"
    )
    hour = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Period": 3600,
        "Statistics": ["Average"],
        "StartTime": now - timedelta(hours=1),
        "EndTime": now,
        "Dimensions": [{"Name": "InstanceId", "Value": instance}],
    }
    calls: dict[str, dict[str, Any]] = {
        "ec2:DescribeInstances": {"MaxResults": 5},
        "ssm:DescribeInstanceInformation": {"MaxResults": 5},
        "ssm:DescribeInstancePatchStates": {"InstanceIds": [instance]},
        "cloudwatch:GetMetricStatistics": hour,
        "inspector2:GetClustersForImage": {"filter": {"resourceId": image}, "maxResults": 1},
    }
    return [
        Need(action, without, asked, optional=True, parts=(SERVER,))
        for action, asked in calls.items()
    ]


def _secrets(settings: Settings, caller: Caller) -> list[Need]:
    place = urlsplit(settings.tokens)
    if place.scheme != "secretsmanager":
        return []
    name = f"{place.netloc}{place.path}"
    arn = (
        name
        if name.startswith("arn:")
        else f"arn:{caller.partition}:secretsmanager:*:{caller.account}:secret:{name}-*"
    )
    asked = {"SecretId": name}
    return [
        Need(
            "secretsmanager:GetSecretValue",
            "the server rejects every client",
            asked,
            resource=arn,
            parts=(SERVER,),
        )
    ]


def _engine(settings: Settings, caller: Caller) -> list[Need]:
    """Returns the permissions of Athena, if it is the engine."""
    if not settings.engine.startswith("athena://"):
        return []
    group = urlsplit(settings.engine).path.strip("/")
    place = f"arn:{caller.partition}:athena:*:{caller.account}:workgroup/{group}"
    starts = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution")
    writes = (
        "CreateTable",
        "UpdateTable",
        "GetTable",
        "GetPartitions",
        "BatchGetPartition",
        "BatchCreatePartition",
        "BatchDeletePartition",
    )
    return [
        Need(
            "athena:GetWorkGroup",
            "no queries on Athena",
            {"WorkGroup": group},
            resource=place,
            parts=(JOBS, SERVER),
        ),
        *(
            Need(f"athena:{name}", "no queries on Athena", resource=place, parts=(JOBS, SERVER))
            for name in starts
        ),
        *(
            Need(f"glue:{name}", "Athena does not see new snapshots", parts=(SCAN,))
            for name in writes
        ),
    ]


def _mail(settings: Settings) -> list[Need]:
    if not settings.smtp.startswith("ses://"):
        return []
    return [
        Need(f"ses:{name}", "no mail is sent", parts=(JOBS,))
        for name in ("SendEmail", "SendRawEmail")
    ]
