"""The types of the answer to ``TimeToFix``, and of the survival curves behind its medians."""

from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class FixTimes(TypedDict):
    """Days from first seen to patched: after ``median_days`` half of the findings are patched,
    after ``p90_days`` nine of ten; None means not reached. ``patched`` and ``unpatched`` count
    findings."""

    median_days: int | None
    p90_days: int | None
    patched: int
    unpatched: int


class FixTimesOfGroup(FixTimes):
    """The times of one group; ``value`` is its severity, owner or account."""

    value: str


class TimeToFixFacts(TypedDict):
    """``by`` is what the rows are grouped by, ``days`` how far back findings count, ``all`` the
    times over all groups."""

    by: str
    days: int
    all: FixTimes


TimeToFixAnswer: TypeAlias = ListAnswer[FixTimesOfGroup, TimeToFixFacts]


class CurveStep(TypedDict):
    """One day of a group's curve: of ``watched`` findings, ``patched`` were patched on that day and
    ``unpatched`` were last seen on it; ``share`` (1 to 0) is still unpatched after it."""

    value: str
    day: int
    watched: int
    patched: int
    unpatched: int
    share: float


class CurveFacts(TypedDict):
    """``findings`` counts the findings of all groups."""

    by: str
    days: int
    findings: int


CurvesAnswer: TypeAlias = ListAnswer[CurveStep, CurveFacts]
