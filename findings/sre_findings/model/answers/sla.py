"""The types of the answer to ``Sla``, and of the due days behind its numbers."""

from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Deadlines(TypedDict):
    """Open findings by deadline; each is in exactly one of the first four numbers.

    ``late_by_severity`` has the overdue findings by severity in lower case; ``other`` only if there
    are any. ``oldest_days_late`` is in days, 0 if none is overdue.
    """

    late: int
    due_this_week: int
    later: int
    no_deadline: int
    late_by_severity: Mapping[str, int]
    oldest_days_late: int


class Group(TypedDict, total=False):
    """The group of a row, under the name of what the answer is grouped by; empty for resources
    without an owner."""

    owner: str
    account: str
    region: str
    type: str


class Late(Group, Deadlines):
    """The deadlines of one group."""


class PolicyFacts(TypedDict):
    """The SLA policy in force: days per severity (None: no deadline), and the days of grace for a
    finding that CISA lists when it is already due."""

    sla: Mapping[str, int | None]
    grace_days: int


class SlaFacts(Deadlines):
    """The deadlines of all findings asked about, on the day ``today`` (ISO date), under
    ``policy``."""

    today: str
    policy: PolicyFacts


SlaAnswer: TypeAlias = ListAnswer[Late, SlaFacts]


class Due(TypedDict):
    """Open findings of one severity with one due day (ISO date); ``days_left`` is negative if
    overdue. Both are None without a deadline."""

    severity: str | None
    due_on: str | None
    days_left: int | None
    findings: int


class DueDay(Group, Due):
    """The findings of one group with one severity and due day."""


class DueDaysFacts(TypedDict):
    """``findings`` counts the open findings of all rows."""

    today: str
    policy: PolicyFacts
    findings: int


DueDaysAnswer: TypeAlias = ListAnswer[DueDay, DueDaysFacts]
