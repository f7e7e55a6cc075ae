"""The types of the answer to ``Exposure``: where a vulnerability or a package is present."""

from collections.abc import Sequence
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Exposed(TypedDict):
    """One finding. ``installed`` and ``fixed_in`` are versions of ``package``.

    ``fix_available`` is YES, NO or PARTIAL. ``resource`` is the resource's name, or its ID if it
    has none; with account and region if other resources have the same name. ``kev`` is None if it
    was not checked whether the vulnerability is in KEV.
    """

    severity: str | None
    vulnerability_id: str
    status: str
    resource_id: str
    resource_name: str | None
    resource_type: str
    account_id: str
    region: str
    owner: str | None
    package: str | None
    installed: str | None
    fixed_in: str | None
    fix_available: str | None
    reachability: str | None
    reachability_reason: str | None
    first_observed_at: str | None
    title: str | None
    finding_arn: str
    kev: bool | None
    resource: str


class ExposureFacts(TypedDict):
    """``text`` is the search text, ``matched`` the package names that it matches.

    ``resources`` counts the resources with open findings; ``open`` and ``suppressed`` count
    findings.
    """

    text: str
    matched: Sequence[str]
    resources: int
    open: int
    suppressed: int


ExposureAnswer: TypeAlias = ListAnswer[Exposed, ExposureFacts]
