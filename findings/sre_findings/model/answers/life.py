"""The types of the answer to ``VulnerabilityLife``: the events of a vulnerability on a resource."""

from collections.abc import Sequence
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class LifeEvent(TypedDict):
    """One event of one finding, with the snapshot that proves it. Times are ISO 8601 in UTC.

    ``kind`` and ``cause`` are those of ``Change``.
    """

    happened_at: str | None
    kind: str
    cause: str | None
    severity: str | None
    severity_before: str | None
    opened_at: str | None
    reopened: int
    finding_arn: str | None
    finding_key: str
    snapshot_id: str


class LifeFacts(TypedDict):
    """The vulnerability on the resource.

    ``life`` is open, suppressed, resolved, none or unknown; ``unknown_because`` tells why it is
    unknown. ``first_observed_on`` is the earliest day that is known. ``due_on`` is the earliest due
    date of the open findings. ``resolved_at`` and ``cause`` are those of the last event if it is
    that the finding was resolved, also if nothing proves that it still is. ``unread_snapshots`` did
    not read the account, region and type of the resource.
    """

    vulnerability_id: str
    resource_id: str
    resource_name: str | None
    resource_type: str
    account_id: str
    region: str
    life: str
    unknown_because: str | None
    first_observed_on: str | None
    due_on: str | None
    overdue: bool | None
    reopened: int
    resolved_at: str | None
    cause: str | None
    snapshots: int
    unread_snapshots: Sequence[str]


LifeAnswer: TypeAlias = ListAnswer[LifeEvent, LifeFacts]
