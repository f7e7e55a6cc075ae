"""Data from other AWS services that is optional for a scan.

The data is the caller, the enabled regions and the names of accounts. Each service is called once,
with a short timeout. A failure is noted in the completeness check and never ends the scan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sre_findings.aws_errors import first_line, sdk_errors
from sre_findings.inspector.aws_clients import Make, clients
from sre_findings.inspector.credentials import Who
from sre_findings.inspector.regions import configured_region, known_regions
from sre_findings.model.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The data of other services.

    It has the ``regions`` to scan if none are configured, the caller's ARN, account names by id,
    and notes about what is unknown.
    """

    regions: tuple[str, ...] = ()
    caller: str = ""
    account_names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def discover(profile: Who, environ: Mapping[str, str], *, regions: bool) -> Discovery:
    """Queries STS and Organizations, and with ``regions`` EC2 for the enabled regions.

    If only Inspector's endpoint is overridden, the other services are not called (see
    ``neighbours``). Raises UsageError if a region is needed and none is known.
    """
    home = (
        configured_region(profile, environ) if regions else environ.get("AWS_REGION", "us-east-1")
    )
    notes: list[str] = []
    make = clients(profile, home, environ, read_timeout=10)
    return Discovery(
        regions=_ask("EC2", _enabled_regions, make, notes, (home,)) if regions else (),
        caller=_ask("STS", lambda of: str(of("sts").get_caller_identity()["Arn"]), make, notes, ""),
        account_names=_ask("Organizations", _account_names, make, notes, {}),
        notes=tuple(notes),
    )


def _ask(
    service: str, question: Callable[[Make], T], make: Make, notes: list[str], otherwise: T
) -> T:
    """Returns the result, or ``otherwise`` and a note with the reason."""
    failures: tuple[type[Exception], ...] = (UsageError, *sdk_errors())
    try:
        return question(make)
    except failures as error:
        what = (
            f"only {otherwise[0]} was scanned"
            if isinstance(otherwise, tuple)
            else f"{service} could not be read"
        )
        notes.append(f"{what}: {service}: {first_line(error)}")
        return otherwise


def _enabled_regions(make: Make) -> tuple[str, ...]:
    """Returns the regions enabled in the account in which Inspector exists.

    Source: EC2 DescribeRegions.
    """
    names = {region["RegionName"] for region in make("ec2").describe_regions()["Regions"]}
    return tuple(sorted(names & set(known_regions())))


def _account_names(make: Make) -> dict[str, str]:
    """Returns account names by id.

    Source: Organizations ListAccounts, which only the management account and delegated
    administrators may call.
    """
    pages = make("organizations").get_paginator("list_accounts").paginate()
    return {account["Id"]: account["Name"] for page in pages for account in page["Accounts"]}
