"""The types of the answer to ``Changes``: events between two snapshots."""

from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Change(TypedDict):
    """One event of one finding. Times are ISO 8601 in UTC; None means unknown.

    ``kind`` is one of KINDS_OF_CHANGE. ``cause`` is why a finding was opened or resolved, one of
    OPENED_CAUSES or RESOLVED_CAUSES, None for other kinds. ``severity_before`` is set if the
    severity changed.
    ``exposed_since`` is when the exposure began, over all findings of ``exposure_group``;
    ``first_seen_at`` is when Inspector first observed the finding. ``reopened`` counts how often it
    was reopened. ``resource`` is the resource's name, or its ID if it has none; with account and
    region if other resources have the same name.
    """

    happened_at: str | None
    kind: str
    cause: str | None
    severity: str | None
    severity_before: str | None
    vulnerability_id: str
    title: str | None
    resource_id: str
    resource_name: str | None
    resource_type: str
    account_id: str
    region: str
    owner: str | None
    opened_at: str | None
    exposed_since: str | None
    first_seen_at: str | None
    reopened: int
    finding_arn: str
    finding_key: str
    exposure_group: str
    exposure_key: str
    snapshot_id: str
    resource: str


class Since(TypedDict):
    """The older snapshot of a comparison. ``as_of`` is when its scan began (ISO 8601)."""

    snapshot_id: str
    as_of: str


class ChangesFacts(TypedDict):
    """``since`` is the snapshot compared with, None if there is none.

    ``counts`` has the number of events by kind in KINDS_OF_CHANGE, listed or not. ``opened_by`` has
    the number of opened and reopened findings by cause in OPENED_CAUSES; ``resolved_by`` that of
    resolved findings by cause in RESOLVED_CAUSES.
    """

    since: Since | None
    counts: Mapping[str, int]
    opened_by: Mapping[str, int]
    resolved_by: Mapping[str, int]


ChangesAnswer: TypeAlias = ListAnswer[Change, ChangesFacts]
