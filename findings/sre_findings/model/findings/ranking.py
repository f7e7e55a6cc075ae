"""Ranks findings by risk, explains each rank, and weighs findings for the fix plan.

Unchecked (None) is never shown as "no": "not in KEV" requires KEV data. In the order, however, an
unchecked value counts like "no". Otherwise unchecked findings would come before those that are
known to be bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any

from sre_findings.model.findings.reachability import NOT_REACHABLE, REACHABLE, spell
from sre_findings.model.findings.severity import rank as place_of
from sre_findings.model.resources.image_use import UNREPORTED, Use
from sre_findings.model.sla.policy import (
    Due,
    Policy,
    days_late,
    days_left,
    due,
    sla_due,
    spell_days,
)

# What each fact adds to a finding's risk, by the parameter names of the queries. The numbers are
# whole, so sums are exact. A critical finding outweighs three high, twenty medium or a hundred low
# ones; being in KEV weighs as much as critical. Untriaged and unknown severities weigh as much as
# medium, because their actual severity is not known.
WEIGHTS: Mapping[str, float] = {
    "risk_critical": 100.0,
    "risk_high": 30.0,
    "risk_medium": 5.0,
    "risk_low": 1.0,
    "risk_informational": 0.0,
    "risk_untriaged": 5.0,
    "risk_kev": 100.0,
    "risk_observed": 50.0,
    "risk_exploit": 15.0,
    "risk_epss": 30.0,
    "risk_exposed": 20.0,
    "risk_reachable": 20.0,
    "risk_running": 10.0,
}
_BY_PLACE = tuple(
    WEIGHTS[f"risk_{s}"]
    for s in ("critical", "high", "medium", "low", "informational", "untriaged", "untriaged")
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The facts that determine a finding's rank. None means unknown.

    ``checked`` is true if the finding's details were read, which include KEV and exploitation.
    Only then do missing KEV dates, and a missing ``exploit_observed`` (the last day on which an
    exploit was observed), mean no. ``exposed`` is true if the resource can be reached from the
    internet, according to a network finding or its public address. ``reachability`` is Inspector's
    value for the code, and ``use`` is the runtime use of an image.
    """

    vulnerability_id: str
    severity: str
    first_seen: date | None
    checked: bool
    kev_added: date | None = None
    kev_due: date | None = None
    exploit_observed: date | None = None
    exploit_available: bool | None = None
    epss: float | None = None
    inspector_score: float | None = None
    exposed: bool | None = None
    fixable: bool | None = None
    reachability: str | None = None
    reachability_reason: str | None = None
    use: Use = UNREPORTED

    @property
    def kev(self) -> bool | None:
        """Whether the vulnerability is in KEV; None if that was not checked."""
        listed = self.kev_added is not None or self.kev_due is not None
        return listed or (False if self.checked else None)


_every_field = attrgetter(*(field.name for field in fields(Candidate)))


class _EveryField:
    """The last element of a key: only identical candidates compare as equal.

    The fields become text only when two candidates are equal in all before it, which is rare.
    """

    __slots__ = ("_one",)

    def __init__(self, one: Candidate) -> None:
        self._one = one

    def _text(self) -> tuple[str, ...]:
        return tuple(map(repr, _every_field(self._one)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _EveryField) and self._text() == other._text()

    def __lt__(self, other: _EveryField) -> bool:
        return self._text() < other._text()

    __hash__ = None  # type: ignore[assignment]  # a sort key, not a member of sets


def rank(candidates: Iterable[Candidate], policy: Policy, today: date) -> list[Candidate]:
    """The candidates, highest risk first, by the policy's criteria in the policy's order.

    - kev: in KEV, by due date including the grace period; without a date last.
    - exploit: exploited in the wild, then exploit available.
    - epss: the highest EPSS first; values below ``epss_high`` count as 0.
    - score: Inspector's severity, then its score, because many findings have no score.
    - exposure: internet-facing resources.
    - reachability: reachable, then unknown, then not reachable.
    - running: images that Inspector sees running.
    - late: by days past the severity's SLA.

    Ties are broken by fixable, then oldest, then ID. The result does not depend on the order of the
    input.
    """
    return sorted(candidates, key=lambda one: _key(one, policy, today))


def _key(one: Candidate, policy: Policy, today: date) -> tuple[Any, ...]:
    first = tuple(_KEYS[name](one, policy, today) for name in policy.order)
    tie = not one.fixable, one.first_seen or date.min, one.vulnerability_id, _EveryField(one)
    return *first, *tie


def risk(one: Candidate, policy: Policy) -> float:
    """The risk of a finding. The value of a fix is the sum over the findings that it resolves.

    A finding that is worse in any respect never has a lower risk. Unknown facts add nothing, and
    neither does time: overdue findings are shown separately. The same in SQL, with columns named as
    here and with :func:`risk_parameters`::

        case severity_rank when 0 then :risk_critical when 1 then :risk_high
                           when 2 then :risk_medium when 3 then :risk_low
                           when 4 then :risk_informational else :risk_untriaged end
        + case when kev_added is not null or kev_due is not null then :risk_kev else 0 end
        + case when exploit_observed is not null then :risk_observed
               when exploit_available then :risk_exploit else 0 end
        + case when epss >= :epss_high then :risk_epss else 0 end
        + case when exposed then :risk_exposed else 0 end
        + case when reachability = 'REACHABLE' then :risk_reachable else 0 end
        + case when in_use_count > 0 then :risk_running else 0 end
    """
    return (
        _BY_PLACE[place_of(one.severity)]
        + (WEIGHTS["risk_kev"] if one.kev else 0)
        + (WEIGHTS["risk_observed"], WEIGHTS["risk_exploit"], 0)[_exploited(one)]
        + (WEIGHTS["risk_epss"] if one.epss is not None and one.epss >= policy.epss_high else 0)
        + (WEIGHTS["risk_exposed"] if one.exposed else 0)
        + (WEIGHTS["risk_reachable"] if one.reachability == REACHABLE else 0)
        + (WEIGHTS["risk_running"] if one.use.running else 0)
    )


def risk_parameters(policy: Policy) -> dict[str, float]:
    """The query parameters for :func:`risk` in SQL, by name."""
    return {**WEIGHTS, "epss_high": policy.epss_high}


def _kev_key(one: Candidate, policy: Policy, _today: date) -> tuple[bool, date]:
    on = _kev_due(one, policy)
    return not one.kev, on.on if on and on.on else date.max


def _kev_due(one: Candidate, policy: Policy) -> Due | None:
    return due(policy, one.severity, one.first_seen, one.kev_due) if one.kev_due else None


def _exploited(one: Candidate) -> int:
    """0 if exploited in the wild, 1 if an exploit is available, 2 if neither or unknown."""
    return 0 if one.exploit_observed else 1 if one.exploit_available else 2


def _high_epss(one: Candidate, policy: Policy) -> float:
    """EPSS if it is high, otherwise 0.

    Differences between low values are noise, so the next criterion decides.
    """
    return one.epss if one.epss is not None and one.epss >= policy.epss_high else 0.0


def _reached(one: Candidate) -> int:
    """0 if reachable, 2 if not reachable, 1 otherwise: unknown counts like a missing value."""
    return {REACHABLE: 0, NOT_REACHABLE: 2}.get(one.reachability or "", 1)


def _score_key(one: Candidate, _policy: Policy, _today: date) -> tuple[float, float]:
    return -_BY_PLACE[place_of(one.severity)], -(one.inspector_score or 0.0)


def _past_sla(one: Candidate, policy: Policy, today: date) -> int:
    return days_late(sla_due(policy, one.severity, one.first_seen), today)


_KEYS: Mapping[str, Callable[[Candidate, Policy, date], Any]] = {
    "kev": _kev_key,
    "exploit": lambda one, _policy, _today: _exploited(one),
    "epss": lambda one, policy, _today: -_high_epss(one, policy),
    "score": _score_key,
    "exposure": lambda one, _policy, _today: not one.exposed,
    "reachability": lambda one, _policy, _today: _reached(one),
    "running": lambda one, _policy, _today: not one.use.running,
    "late": lambda one, policy, today: -_past_sla(one, policy, today),
}


def why(one: Candidate, policy: Policy, today: date) -> str:
    """One sentence that gives the reasons for a candidate's rank, in the policy's order."""
    words = [text for name in policy.order if (text := _WORDS[name](one, policy, today))]
    words = words or [_score_words(one, policy, today)]
    sentence = "; ".join([*words, *(["no fix is available"] if one.fixable is False else [])])
    return f"{sentence[0].upper()}{sentence[1:]}."


def _kev_words(one: Candidate, policy: Policy, today: date) -> str:
    if not one.kev:
        return "KEV not checked" if one.kev is None else "not in KEV"
    deadline = _kev_due(one, policy)
    if deadline is None or one.kev_due is None:
        return "in KEV, without a due date"
    words = f"in KEV, due {deadline.on} ({_when(deadline, today)})"
    if one.first_seen is None or one.kev_due >= one.first_seen:
        return words
    return (
        f"{words}, {spell_days(policy.grace_days)} after it was first seen, because CISA's due date"
        f" {one.kev_due} had passed by then"
    )


def _when(deadline: Due, today: date) -> str:
    left = days_left(deadline, today) or 0
    if left < 0:
        return f"{spell_days(-left)} late"
    return f"in {spell_days(left)}" if left else "today"


def _exploit_words(one: Candidate, _policy: Policy, _today: date) -> str:
    if not one.checked and one.exploit_available is None and one.exploit_observed is None:
        return "exploits not checked"
    return ("exploited in the wild", "an exploit is available", "")[_exploited(one)]


def _epss_words(one: Candidate, _policy: Policy, _today: date) -> str:
    if one.epss is None:
        return ""
    return f"EPSS {one.epss:.2f}" if one.epss >= 0.01 else "EPSS below 0.01"


def _score_words(one: Candidate, _policy: Policy, _today: date) -> str:
    score = "" if one.inspector_score is None else f", Inspector score {one.inspector_score:g}"
    return f"{one.severity.lower()}{score}"


def _late_words(one: Candidate, policy: Policy, today: date) -> str:
    allowed = policy.days(one.severity)
    left = days_left(sla_due(policy, one.severity, one.first_seen), today)
    if allowed is None or left is None:
        return ""
    sla = f"its SLA of {spell_days(allowed)}"
    if left < 0:
        return f"{spell_days(-left)} past {sla}"
    return f"{spell_days(left)} left of {sla}" if left else f"the last day of {sla}"


_WORDS: Mapping[str, Callable[[Candidate, Policy, date], str]] = {
    "kev": _kev_words,
    "exploit": _exploit_words,
    "epss": _epss_words,
    "score": _score_words,
    "exposure": lambda one, _policy, _today: "reachable from the internet" if one.exposed else "",
    "reachability": lambda one, _policy, _today: spell(one.reachability, one.reachability_reason),
    "running": lambda one, _policy, _today: (
        f"an image that has it {one.use.words()}" if one.use.running else ""
    ),
    "late": _late_words,
}
