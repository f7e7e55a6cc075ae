"""The types of a finding's JSON, as ``Finding.to_json`` returns it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict


class PackageJson(TypedDict):
    """A vulnerable package; see ``Package``."""

    name: str
    version: str
    fixed_in: str | None
    manager: str | None
    path: str | None
    reachability: str | None
    reachability_reason: str | None
    purl: str | None


class FindingJson(TypedDict):
    """One finding; see ``Finding``. Times are ISO 8601 in UTC.

    ``fixed_in`` has the versions that fix it, over all packages, separated by commas. ``kev`` is
    null if the vulnerability was not checked against KEV. ``claim`` has ``by``,
    ``name``, ``until``, ``taken_at`` and ``state`` (live or lapsed) if a person has taken the
    finding. It is also null if claims are not known, which ``claims_known`` or a note of the answer
    says.
    """

    finding_arn: str
    vulnerability_id: str | None
    severity: str
    status: str
    type: str
    title: str | None
    packages: Sequence[PackageJson]
    fix_available: str | None
    exploit_available: str | None
    epss_score: float | None
    inspector_score: float | None
    first_observed_at: str | None
    last_observed_at: str | None
    resource_id: str
    resource_type: str
    resource_name: str
    account_id: str
    region: str
    owner: str | None
    accepted: Mapping[str, str] | None
    not_understood: str | None
    reachability: str | None
    reachability_reason: str | None
    fixed_in: str | None
    kev: bool | None
    kev_due: str | None
    exploit_observed: str | None
    due: str | None
    days_left: int | None
    overdue: bool | None
    claim: Mapping[str, str] | None
