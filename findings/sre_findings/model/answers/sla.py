"""The types of the answer to ``Sla``, and of the due dates behind its numbers."""

from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Deadlines(TypedDict):
    """Open findings by due date; each finding is in exactly one of the first four numbers.

    ``late_by_severity`` has the overdue findings by lower-case severity, with ``other`` only if
    there are any. ``oldest_days_late`` is 0 if none is overdue.
    """

    late: int
    due_this_week: int
    later: int
    no_deadline: int
    late_by_severity: Mapping[str, int]
    oldest_days_late: int


class Group(TypedDict, total=False):
    """The group of a row, under the key that the answer is grouped by.

    The value is empty for resources without an owner.
    """

    owner: str
    account: str
    region: str
    type: str


class Late(Group, Deadlines):
    """The findings of one group by due date."""


class PolicyFacts(TypedDict):
    """The SLA policy in force: days per severity, None without a due date.

    ``grace_days`` apply to a finding whose KEV due date has already passed when it is first seen.
    """

    sla: Mapping[str, int | None]
    grace_days: int


class SlaFacts(Deadlines):
    """All findings in scope by due date, on the day ``today`` (ISO date), under ``policy``."""

    today: str
    policy: PolicyFacts


SlaAnswer: TypeAlias = ListAnswer[Late, SlaFacts]


class Due(TypedDict):
    """Open findings of one severity with the same due date (ISO date).

    ``days_left`` is negative if they are overdue. Both are None without a due date.
    """

    severity: str | None
    due_on: str | None
    days_left: int | None
    findings: int


class DueDay(Group, Due):
    """The findings of one group with the same severity and due date."""


class DueDaysFacts(TypedDict):
    """``findings`` counts the open findings of all rows."""

    today: str
    policy: PolicyFacts
    findings: int


DueDaysAnswer: TypeAlias = ListAnswer[DueDay, DueDaysFacts]
