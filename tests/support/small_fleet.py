"""Fleets of a few resources in one region, with any coverage, findings and account status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sre_findings.model.resources.resource import INSTANCE
from sre_simulator.fleet import Fleet
from sre_simulator.fleet.cell import RecordedCell
from sre_simulator.fleet.finding import RecordedRow
from sre_simulator.fleet.organization import enabled

REGION, ADMIN, MEMBER = "eu-west-1", "111122223333", "444455556666"
HOST = "i-0123456789abcdef0"


def covered(at: datetime, account: str = ADMIN, name: str = HOST, **changes: Any) -> dict[str, Any]:
    """A row of ListCoverage: the packages of an instance, scanned an hour before ``at``.

    A change to None removes a field.
    """
    row = {
        "resourceType": INSTANCE,
        "resourceId": name,
        "accountId": account,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": at.timestamp() - 3600,
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def found(
    number: int,
    severity: str = "LOW",
    account: str = ADMIN,
    name: str = HOST,
    kind: str = INSTANCE,
    **changes: Any,
) -> dict[str, Any]:
    """A finding in the form of ListFindings."""
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{account}:finding/{number:032x}",
        "awsAccountId": account,
        "type": "PACKAGE_VULNERABILITY",
        "severity": severity,
        "status": "ACTIVE",
        "description": "x",
        "resources": [{"id": name, "type": kind, "region": REGION, "partition": "aws"}],
        "firstObservedAt": 1.7e9,
        "lastObservedAt": 1.7e9,
        "updatedAt": 1.7e9,
        **changes,
    }


def small_fleet(
    at: datetime,
    coverage: Sequence[dict[str, Any]],
    findings: Sequence[dict[str, Any]] = (),
    accounts: Sequence[str] = (ADMIN,),
    statuses: Mapping[str, Mapping[str, str]] | None = None,
) -> Fleet:
    """A fleet at a time. The first account administers the others.

    ``statuses`` are those of the accounts that differ from the default, which is enabled.
    """
    every = dict.fromkeys([*accounts, *(row["accountId"] for row in coverage)])
    cells = {
        (REGION, account): RecordedCell(
            account,
            REGION,
            [RecordedRow(one) for one in findings if one["findingArn"].split(":")[4] == account],
            [row for row in coverage if row["accountId"] == account],
        )
        for account in every
    }
    known = {account: enabled() for account in accounts} | dict(statuses or {})
    return Fleet(tuple(accounts), (REGION,), accounts[0], (at,), cells, known)
