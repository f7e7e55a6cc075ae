"""The types of the answer to ``TimeToFix``, and of the survival curves behind its medians."""

from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class FixTimes(TypedDict):
    """Days from first observation to patch: the median and the 90th percentile.

    Each is None if it has not been reached. ``patched`` and ``unpatched`` count findings.
    """

    median_days: int | None
    p90_days: int | None
    patched: int
    unpatched: int


class FixTimesOfGroup(FixTimes):
    """The times of one group; ``value`` is its severity, owner or account."""

    value: str


class TimeToFixFacts(TypedDict):
    """``by`` is the grouping of the rows, and ``days`` how far back findings count.

    ``all`` has the times over all groups.
    """

    by: str
    days: int
    all: FixTimes


TimeToFixAnswer: TypeAlias = ListAnswer[FixTimesOfGroup, TimeToFixFacts]


class CurveStep(TypedDict):
    """One day of a group's survival curve.

    Of ``watched`` findings, ``patched`` were patched on that day and ``unpatched`` were last
    observed on it. ``share`` (1 to 0) is the share still unpatched after it.
    """

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
