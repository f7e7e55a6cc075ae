"""The types of the answer to ``Trend``: counts per day."""

from collections.abc import Sequence
from typing import NotRequired, TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class OtherSeverities(TypedDict, total=False):
    """``other`` counts open findings of an unknown severity; absent if there are none."""

    other: int


class TrendDay(TypedDict):
    """One day, from its newest complete snapshot, or its newest one if none is complete.

    ``date`` is the day and ``as_of`` when the scan began (ISO 8601, UTC). ``state`` is complete or
    partial. ``pruned`` is true if the snapshot's findings are deleted. ``critical`` to ``total``
    count open findings. ``kev`` is None if no finding was checked. ``came`` counts the findings
    that were opened or reopened, and ``went`` those that were resolved, in all snapshots of the
    day; ``new`` to ``unknown`` split them by cause.
    """

    date: str
    as_of: str
    snapshot_id: str
    state: str
    pruned: bool
    critical: int
    high: int
    medium: int
    low: int
    informational: int
    untriaged: int
    other: NotRequired[int]
    total: int
    suppressed: int
    kev: int | None
    came: int
    went: int
    new: int
    onboarding: int
    successor: int
    reopened: int
    patched: int
    terminated: int
    not_scanned: int
    unknown: int


class TrendScope(TypedDict):
    """The scope: a kind such as ``owner``, and its value, which is empty for everything."""

    kind: str
    value: str


class TrendFacts(TypedDict):
    """``days`` is the number of days requested.

    ``missing_days`` are the ISO dates between the first and the last day without a snapshot.
    """

    scope: TrendScope
    days: int
    missing_days: Sequence[str]


TrendAnswer: TypeAlias = ListAnswer[TrendDay, TrendFacts]
