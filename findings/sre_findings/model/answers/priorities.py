"""The types of the answer to ``Priorities``: vulnerabilities ranked by risk."""

from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Priority(TypedDict):
    """One vulnerability. ``place`` is its rank from 1, ``why`` the reason in one sentence.

    Scores are Inspector's (0 to 10) and EPSS (0 to 1); days are ISO dates, times ISO 8601. ``kev``
    is None without KEV data. ``reachability`` is REACHABLE, NOT_REACHABLE or UNKNOWN.
    ``in_use_count`` is the number of running containers of its images. ``findings``,
    ``reachable_findings`` and ``resources`` are counts.
    """

    place: int
    vulnerability_id: str
    severity: str
    kev: bool | None
    exploit_available: bool | None
    exploit_observed: str | None
    exposed: bool | None
    reachability: str
    reachability_reason: str | None
    in_use_count: int | None
    last_in_use_at: str | None
    fix_available: bool | None
    example_resource: str
    first_observed_on: str | None
    why: str
    title: str | None
    type: str
    inspector_score: float | None
    epss_score: float | None
    kev_added: str | None
    kev_due: str | None
    kev_action: str | None
    findings: int
    reachable_findings: int
    resources: int


class PrioritiesFacts(TypedDict):
    """``today`` is the day of the ranking (ISO date)."""

    today: str


PrioritiesAnswer: TypeAlias = ListAnswer[Priority, PrioritiesFacts]
