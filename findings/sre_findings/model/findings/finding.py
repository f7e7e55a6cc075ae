"""A finding in the short form used by all answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import UsageError
from sre_findings.model.findings import severity
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import iso, iso_date

if TYPE_CHECKING:  # only type checkers need the types of the JSON
    from sre_findings.model.findings.finding_json import FindingJson, PackageJson

STATUSES = ("ACTIVE", "SUPPRESSED", "CLOSED")
NO_ARN = "sre:finding/"
"""Prefix of the ID that the product gives a finding without an ARN; its SHA-256 follows."""
UNDECODED = "_undecoded"
"""The key in ``extra`` for texts that are not valid Unicode, by field, in escaped form."""


@dataclass(frozen=True, slots=True)
class Package:
    """A vulnerable package of a finding. ``fixed_in`` is None if no fixed version is known.

    ``reachability`` and its reason are Inspector's values; None, UNKNOWN and unrecognized values
    all mean unknown.
    """

    name: str
    version: str
    fixed_in: str | None = None
    manager: str | None = None
    path: str | None = None
    reachability: str | None = None
    reachability_reason: str | None = None
    purl: str | None = None

    def to_json(self) -> PackageJson:
        """Plain data."""
        return {
            "name": self.name,
            "version": self.version,
            "fixed_in": self.fixed_in,
            "manager": self.manager,
            "path": self.path,
            "reachability": self.reachability,
            "reachability_reason": self.reachability_reason,
            "purl": self.purl,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one resource.

    Scores are Inspector's and FIRST's; None means that there is none. A time is None if Inspector
    sent none or an invalid one. ``not_understood`` names the unknown fields and values in it.
    ``accepted`` is set if a suppression rule covers the finding, with the rule's owner, reason and
    expiry date; the finding still counts as open. ``reachability`` is REACHABLE, NOT_REACHABLE,
    UNKNOWN, or None without data, which means unknown too. ``kev`` is None if the vulnerability was
    not checked against KEV. ``exploit_observed`` is the last day on which an attack was observed.
    ``due`` is the due date under the SLA policy, ``days_left`` the days until then, negative after
    it; both are None if there is none. ``overdue`` is None if that is not known. ``claim`` is set
    if a person has taken the finding; see ``Claim.mark``.
    """

    finding_arn: str
    vulnerability_id: str | None
    severity: str
    status: str
    type: str
    title: str | None
    packages: Sequence[Package]
    fix_available: str | None
    exploit_available: str | None
    epss_score: float | None
    inspector_score: float | None
    first_observed_at: datetime | None
    last_observed_at: datetime | None
    resource_id: str
    resource_type: str
    resource_name: str
    account_id: str
    region: str
    owner: str | None = None
    accepted: Mapping[str, str] | None = None
    not_understood: str | None = None
    reachability: str | None = None
    reachability_reason: str | None = None
    kev: bool | None = None
    kev_due: date | None = None
    exploit_observed: date | None = None
    due: date | None = None
    days_left: int | None = None
    overdue: bool | None = None
    claim: Mapping[str, str] | None = None

    @property
    def fixed_in(self) -> str | None:
        """The versions that fix the finding, each once, in the order of its packages."""
        versions = dict.fromkeys(p.fixed_in for p in self.packages if p.fixed_in)
        return ", ".join(versions) or None

    @property
    def installed(self) -> str | None:
        """The installed versions, each once."""
        return ", ".join(dict.fromkeys(p.version for p in self.packages if p.version)) or None

    def to_json(self) -> FindingJson:
        """The JSON object. Times are ISO 8601 in UTC."""
        # Written out for speed, because it is called once per finding.
        first, last = self.first_observed_at, self.last_observed_at
        return {
            "finding_arn": self.finding_arn,
            "vulnerability_id": self.vulnerability_id,
            "severity": self.severity,
            "status": self.status,
            "type": self.type,
            "title": self.title,
            "packages": [one.to_json() for one in self.packages],
            "fix_available": self.fix_available,
            "exploit_available": self.exploit_available,
            "epss_score": self.epss_score,
            "inspector_score": self.inspector_score,
            "first_observed_at": iso(first),
            "last_observed_at": iso(last),
            "resource_id": self.resource_id,
            "resource_type": self.resource_type,
            "resource_name": self.resource_name,
            "account_id": self.account_id,
            "region": self.region,
            "owner": self.owner,
            "accepted": dict(self.accepted) if self.accepted is not None else None,
            "not_understood": self.not_understood,
            "reachability": self.reachability,
            "reachability_reason": self.reachability_reason,
            "fixed_in": self.fixed_in,
            "kev": self.kev,
            "kev_due": iso_date(self.kev_due),
            "exploit_observed": iso_date(self.exploit_observed),
            "due": iso_date(self.due),
            "days_left": self.days_left,
            "overdue": self.overdue,
            "claim": dict(self.claim) if self.claim is not None else None,
        }


def worst_first(one: Finding) -> tuple[Any, ...]:
    """The sort key, with the same order as resource_findings.sql.

    Within a severity, findings in KEV come first, by due date, and then those with an exploit.
    """
    return (
        severity.rank(one.severity),
        not one.kev,
        (one.kev_due or date.max) if one.kev else date.max,
        one.exploit_available != "YES" and one.exploit_observed is None,
        one.status,
        math.inf if one.inspector_score is None else -one.inspector_score,
        (one.vulnerability_id is None, one.vulnerability_id or ""),
        one.finding_arn,
    )


def parse_status(text: str) -> str:
    """Parses a finding status in any case. Raises UsageError for any other text."""
    value = text.strip().upper()
    if value not in STATUSES:
        raise UsageError(
            phrase("{!r} is not a finding status", text),
            do=phrase("Use one of: {}.", ", ".join(STATUSES)),
        )
    return value


def is_open(status: str | None) -> bool:
    """Whether a finding counts as open: any status except SUPPRESSED and CLOSED.

    An unknown status counts as open, to be safe.
    """
    return status not in ("SUPPRESSED", "CLOSED")
