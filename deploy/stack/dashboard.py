"""The dashboard: scans, the server, Slack, and undelivered messages."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stack.alarms import NAMESPACE

_ERRORS = ("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count")
# the namespace of the metrics in the server's log lines (sre_mcp.logs)
_SERVER = "SreOperationsAssistant"


def dashboard(scope: Construct) -> None:
    """One page of six charts. Those of Slack are empty if Slack is disabled."""
    balancer = [
        "AWS/ApplicationELB",
        "RequestCount",
        "LoadBalancer",
        "${LoadBalancer.LoadBalancerFullName}",
    ]
    charts = [
        (
            "Newest complete snapshot: age in hours",
            "Maximum",
            _of(NAMESPACE, "SnapshotAgeHours", "PartialNights"),
        ),
        ("Jobs", "Sum", _of(NAMESPACE, "ScansFailed", "ScanThrottles", "DigestsSent")),
        ("Calls of the server", "Sum", _of(_SERVER, "Calls", "Failures")),
        ("Load balancer", "Sum", [balancer, *([".", one, ".", "."] for one in _ERRORS)]),
    ]
    body = json.dumps({"widgets": [_widget(*one) for one in charts]}, separators=(",", ":"))
    cloudwatch.CfnDashboard(
        scope, "Dashboard", dashboard_name=Fn.ref("AWS::StackName"), dashboard_body=Fn.sub(body)
    )


def _of(namespace: str, first: str, *more: str) -> list[Any]:
    """Metrics of one namespace, which CloudWatch allows to omit after the first line."""
    return [[namespace, first], *([".", one] for one in more)]


def _widget(title: str, statistic: str, metrics: list[Any]) -> dict[str, Any]:
    chart = {"title": title, "region": "${AWS::Region}", "stat": statistic, "metrics": metrics}
    return {"type": "metric", "width": 12, "height": 6, "properties": chart}
