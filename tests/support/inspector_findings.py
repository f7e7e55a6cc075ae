"""Findings as Inspector's API returns them."""

from __future__ import annotations

from typing import Any

INSTANCE = {
    "id": "i-0123456789abcdef0",
    "type": "AWS_EC2_INSTANCE",
    "region": "eu-west-1",
    "partition": "aws",
}
"""A resource with the required fields only."""


def inspector_finding(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A finding with the required fields only, by default about INSTANCE.

    Each number gives a different ARN. ``fields`` are added or replace fields.
    """
    return {
        "findingArn": f"arn:aws:inspector2:eu-west-1:111122223333:finding/{number:032x}",
        "awsAccountId": "111122223333",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "status": "ACTIVE",
        "description": "x",
        "resources": [INSTANCE],
        "firstObservedAt": 1.7e9,
        "lastObservedAt": 1.7e9,
        "updatedAt": 1.7e9,
        **fields,
    }
