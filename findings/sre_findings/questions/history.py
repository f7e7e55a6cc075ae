"""Questions about trends, changes and due dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.questions.filters import EVERYWHERE, Filters
from sre_findings.questions.question import ListQuestion, Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.changes import ChangesAnswer, ChangesFacts
    from sre_findings.model.answers.sla import DueDaysAnswer, SlaAnswer
    from sre_findings.model.answers.time_to_fix import CurvesAnswer, TimeToFixAnswer
    from sre_findings.model.answers.trend import TrendAnswer


KINDS_OF_CHANGE = (
    "opened",
    "reopened",
    "resolved",
    "severity_raised",
    "severity_lowered",
    "fix_appeared",
    "exploit_appeared",
    "kev_appeared",
    "suppressed",
    "unsuppressed",
    "exposure_ended",
)


@dataclass(frozen=True, slots=True)
class Changes(Question["ChangesAnswer"]):
    """The changes after the snapshot of ``since`` up to that of ``as_of``.

    Without both, they are the changes between the two newest complete snapshots. ``count``
    events are listed (0: all). ``count`` and ``kinds`` limit the list but not the counts.
    """

    name = "changes"

    since: str | None = None
    as_of: str | None = None
    kinds: Sequence[str] = ()
    count: int = 25
    filters: Filters = EVERYWHERE

    def without_snapshot(self) -> ChangesAnswer:
        """See Question."""
        from sre_findings.model.answers.list_answer import no_snapshot

        return no_snapshot("events", no_changes())


def no_changes() -> ChangesFacts:
    """The numbers of an answer that compares nothing."""
    from sre_findings.model.snapshots.rollup import OPENED_CAUSES, RESOLVED_CAUSES

    return {
        "since": None,
        "counts": dict.fromkeys(KINDS_OF_CHANGE, 0),
        "resolved_by": dict.fromkeys(RESOLVED_CAUSES, 0),
        "opened_by": dict.fromkeys(OPENED_CAUSES, 0),
    }


@dataclass(frozen=True, slots=True)
class Trend(ListQuestion["TrendAnswer"]):
    """The daily counts of a scope over ``days`` days.

    ``kind`` and ``value`` identify the scope. The default is everything.
    """

    name = "trend"
    list_name = "nights"

    days: int = 90
    kind: str = "organization"
    value: str = ""
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Sla(Question["SlaAnswer"]):
    """Overdue findings and due dates, in total and by owner, account, region or type.

    For a single ``resource``, only the total is returned.
    """

    name = "sla"

    by: str = "owner"
    owners: Sequence[str] = ()
    resource: str | None = None
    as_of: str | None = None

    def without_snapshot(self) -> SlaAnswer:
        """See Question. The list has the name of the grouping."""
        from sre_findings.model.answers.list_answer import no_snapshot

        return no_snapshot(f"{self.by}s")


@dataclass(frozen=True, slots=True)
class DueDates(ListQuestion["DueDaysAnswer"]):
    """Open findings by due date, and by owner, account, region or type."""

    name = "due-dates"
    list_name = "deadlines"

    by: str = "owner"
    owners: Sequence[str] = ()
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class TimeToFix(ListQuestion["TimeToFixAnswer"]):
    """The time to remediate over ``days`` days, by severity, owner or account."""

    name = "time-to-fix"
    list_name = "groups"

    by: str = "severity"
    days: int = 365
    as_of: str | None = None
    filters: Filters = EVERYWHERE


@dataclass(frozen=True, slots=True)
class SurvivalCurves(ListQuestion["CurvesAnswer"]):
    """The survival curves behind the medians of TimeToFix, which has the same fields."""

    name = "survival"
    list_name = "steps"

    by: str = "severity"
    days: int = 365
    as_of: str | None = None
    filters: Filters = EVERYWHERE
