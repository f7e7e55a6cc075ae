"""The SLA policy: when a finding must be remediated, and the criteria of the risk ranking.

A finding has exactly one due date or none. Days are UTC days; the due day itself is still in time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.severity import ORDER, OTHER, Severity, rank
from sre_findings.model.toml_text import parse_toml

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.sla import PolicyFacts

CRITERIA = ("kev", "exploit", "epss", "score", "exposure", "reachability", "running", "late")
WEEK = 7
MOST_DAYS = 3650  # more is a typing error; "none" means no due date

_SEVERITIES = tuple(name.lower() for name in ORDER)
_UNTRIAGED = ORDER.index(Severity.UNTRIAGED)
_DIGITS = re.compile(r"[0-9]{1,5}\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """``sla`` has the days allowed for each of the six severities, worst first; None is no limit.

    ``grace_days`` apply if the KEV due date had passed when the finding was first seen. ``order``
    names the CRITERIA of the ranking, most important first; others are not used. An EPSS below
    ``epss_high`` counts as none.
    """

    sla: tuple[int | None, ...] = (15, 30, 90, 180, None, 30)
    grace_days: int = 7
    order: tuple[str, ...] = CRITERIA
    epss_high: float = 0.1

    def to_json(self) -> PolicyFacts:
        """The JSON object, so that an answer shows the policy that was applied."""
        return {"sla": dict(zip(_SEVERITIES, self.sla, strict=True)), "grace_days": self.grace_days}

    def days(self, severity: str) -> int | None:
        """The days that a severity may stay open. An unknown severity counts as untriaged."""
        place = rank(severity)
        return self.sla[_UNTRIAGED if place == OTHER else place]


DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Due:
    """The last day ``on`` which a finding is in time, None if there is no due date.

    ``reason`` explains the date.
    """

    on: date | None
    reason: str


def due(policy: Policy, severity: str, first_seen: date | None, kev_due: date | None) -> Due:
    """The due date of a finding.

    CISA's KEV due date replaces the SLA, whether it is earlier or later, because it is public and
    auditors use it. If it had passed when the finding was first seen, the policy's grace period
    starts on that day instead, and the reason mentions it.
    """
    if kev_due is None:
        return sla_due(policy, severity, first_seen)
    if first_seen is None or kev_due >= first_seen:
        return Due(kev_due, "CISA's KEV due date")
    grace = (
        f"CISA's KEV due date {kev_due} was past when first seen on {first_seen}:"
        f" {spell_days(policy.grace_days)} of grace"
    )
    return Due(_after(first_seen, policy.grace_days), grace)


def sla_due(policy: Policy, severity: str, first_seen: date | None) -> Due:
    """The due date by severity alone; none if it is unknown when the finding was first seen."""
    if first_seen is None:
        return Due(None, "no due date, because it is unknown when it was first seen")
    allowed = policy.days(severity)
    if allowed is None:
        return Due(None, f"no deadline for {severity.lower()}")
    return Due(
        _after(first_seen, allowed),
        f"{spell_days(allowed)} for {severity.lower()}, from {first_seen}",
    )


def days_left(due: Due, today: date) -> int | None:
    """Days until the due date: 0 on it, negative after it; None without one."""
    return None if due.on is None else (due.on - today).days


def days_late(due: Due, today: date) -> int:
    """Days past the due date; 0 if it is not past or there is none."""
    return max(0, -(days_left(due, today) or 0))


def late(due: Due, today: date) -> bool:
    """Whether the due date is past."""
    return days_late(due, today) > 0


def due_this_week(due: Due, today: date) -> bool:
    """Whether it is due today or within the next seven days."""
    left = days_left(due, today)
    return left is not None and 0 <= left <= WEEK


def spell_days(count: int) -> str:
    """A number of days in words: 1 day, 30 days."""
    return f"{count} day" if count == 1 else f"{count} days"


def _after(day: date, days: int) -> date:
    """The day that many days later, or the calendar's last day, so that no date can overflow."""
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def parse_policy(text: str) -> Policy:
    """Parses a policy in TOML: tables ``sla``, ``kev`` and ``ranking``. Missing keys keep defaults.

    Raises UsageError that names the invalid line or key.
    """
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise _wrong(str(error)) from error
    _refuse_unknown(values, ("sla", "kev", "ranking"), "")
    kev, ranking = (
        _table(values, "kev", ("grace_days",)),
        _table(values, "ranking", ("order", "epss_high")),
    )
    return Policy(
        sla=_sla(_table(values, "sla", _SEVERITIES)),
        grace_days=_grace(kev.get("grace_days", DEFAULT.grace_days)),
        order=_order(ranking.get("order", list(DEFAULT.order))),
        epss_high=_share(ranking.get("epss_high", DEFAULT.epss_high)),
    )


def parse_sla(text: str, policy: Policy = DEFAULT) -> Policy:
    """``policy`` with the days in a text such as ``critical=7,high=30,low=none`` (``SRE_SLA``).

    Raises UsageError that names the invalid part.
    """
    changed: dict[str, int | None] = {}
    for part in text.split(","):
        severity, days = _pair(part)
        if severity in changed:
            raise _wrong_sla(f"{severity} is there twice")
        changed[severity] = days
    return replace(policy, sla=_replaced(policy.sla, changed))


def _pair(part: str) -> tuple[str, int | None]:
    name, _, value = (piece.strip().lower() for piece in part.partition("="))
    if name not in _SEVERITIES:
        raise _wrong_sla(f"{name!r} is not a severity: {', '.join(_SEVERITIES)}")
    if value == "none":
        return name, None
    if not _DIGITS.match(value) or int(value) > MOST_DAYS:
        raise _wrong_sla(f"{name} is {value!r}, not 0 to {MOST_DAYS} days or none")
    return name, int(value)


def _replaced(
    sla: Sequence[int | None], changed: Mapping[str, int | None]
) -> tuple[int | None, ...]:
    return tuple(changed.get(name, days) for name, days in zip(_SEVERITIES, sla, strict=True))


def _wrong_sla(why: str) -> UsageError:
    return UsageError(
        "the SLA cannot be read", why=why, do="Example: critical=7,high=30,informational=none."
    )


def _wrong(why: str) -> UsageError:
    return UsageError(
        "the policy cannot be read",
        why=why,
        do='Example: [sla] critical = 15, informational = "none".',
    )


def _refuse_unknown(values: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Raises UsageError for an unknown key, because a mistyped key would have no effect."""
    if unknown := sorted(values.keys() - set(known)):
        raise _wrong(f"{where}{unknown[0]!r} is not one of {', '.join(known)}")


def _table(values: Mapping[str, Any], name: str, keys: Sequence[str]) -> Mapping[str, Any]:
    found = values.get(name, {})
    if not isinstance(found, dict):
        raise _wrong(f"{name} must be a table, under [{name}]")
    _refuse_unknown(found, keys, f"{name}: ")
    return found


def _sla(table: Mapping[str, Any]) -> tuple[int | None, ...]:
    for name, value in table.items():
        if value != "none" and not _whole(value):
            raise _wrong(f'sla.{name} must be 0 to {MOST_DAYS} days, or "none"')
    return _replaced(
        DEFAULT.sla, {name: None if value == "none" else value for name, value in table.items()}
    )


def _grace(value: Any) -> int:
    if not _whole(value):
        raise _wrong(f"kev.grace_days must be 0 to {MOST_DAYS} days")
    return int(value)


def _whole(value: Any) -> bool:
    """Whether it is a valid number of days. TOML's true, which equals 1 in Python, is not."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS


def _order(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise _wrong(f"ranking.order must be a list of some of {', '.join(CRITERIA)}")
    for place, name in enumerate(value):
        if name not in CRITERIA:
            raise _wrong(f"ranking.order: {name!r} is not one of {', '.join(CRITERIA)}")
        if name in value[:place]:
            raise _wrong(f"ranking.order: {name!r} is there twice")
    return tuple(value)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _wrong("ranking.epss_high must be a number from 0 to 1")
    return float(value)
