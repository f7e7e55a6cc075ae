"""The type of the answer to ``SnapshotList``: the committed snapshots."""

from collections.abc import Mapping, Sequence
from typing import Never, NotRequired, TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class SnapshotItem(TypedDict):
    """One committed snapshot: the JSON of a ``Commit``, which documents the fields.

    Times are ISO 8601. A gap is account, region, resource type, scan type and state. ``causes`` are
    the reasons as data; the key is absent if the snapshot is complete.
    """

    sequence: int
    snapshot_id: str
    started_at: str
    ended_at: str
    manifest_sha256: str
    state: str
    claim: str
    totals: Mapping[str, int]
    gaps: Sequence[Sequence[str]]
    account_names: Mapping[str, str]
    slot: str
    schema: int
    layout: int
    reasons: Sequence[str]
    causes: NotRequired[Sequence[Mapping[str, str]]]


SnapshotsAnswer: TypeAlias = ListAnswer[SnapshotItem, Never]
