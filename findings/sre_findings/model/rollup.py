"""Counts of findings over a scope, and how they add up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from sre_findings.model.ages import Ages, Bucket, bucketed
from sre_findings.model.severity import ORDER

ORGANIZATION = "organization"
KINDS = (ORGANIZATION, "account", "region", "owner", "type", "resource")


@dataclass(frozen=True, slots=True)
class Counts:
    """ACTIVE findings by severity. ``other`` holds severities that we do not know, so that ``total`` never lies."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    informational: int = 0
    untriaged: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(self.by_rank())

    def by_rank(self) -> tuple[int, ...]:
        """The seven numbers, worst severity first, ``other`` last."""
        return (self.critical, self.high, self.medium, self.low, self.informational, self.untriaged, self.other)

    def __add__(self, more: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(self.by_rank(), more.by_rank(), strict=True)))

    def to_json(self) -> dict[str, int]:
        """The contract's object: six severities and ``total``; ``other`` only where there is one."""
        values = {name.lower(): count for name, count in zip(ORDER, self.by_rank(), strict=False)}
        return values | ({"other": self.other} if self.other else {}) | {"total": self.total}

    @classmethod
    def from_json(cls, values: Mapping[str, int]) -> Counts:
        """The reverse of :meth:`to_json`."""
        return cls(**{f.name: values.get(f.name, 0) for f in fields(cls)})


class Scope(NamedTuple):
    """What is counted: a kind of KINDS and its value; the organization's value is empty."""

    kind: str
    value: str = ""


def resource_scope(account_id: str, region: str, resource_type: str, resource_id: str) -> Scope:
    """The scope of one resource. The id stands last: it alone may hold the separator."""
    return Scope("resource", f"{account_id}|{region}|{resource_type}|{resource_id}")


# What a night's events add to a scope's flow: why findings came, and why they went.
CAME = ("new", "onboarding", "successor", "reopened")
WENT = ("patched", "terminated", "not_scanned", "unknown")


def flow_word(kind: str, cause: str | None) -> str | None:
    """The word of CAME or WENT that an event counts as; None for a change of what stays."""
    if kind == "reopened":
        return cause or kind
    return cause if kind in ("opened", "resolved") else None


@dataclass(frozen=True, slots=True)
class Rollup:
    """What one scope holds: ACTIVE findings by severity, and how many are suppressed, fixable and exploitable.

    ``fixable``, ``exploitable``, ``kev`` and ``unchecked`` are of the ACTIVE ones; ``unchecked`` are those of which nobody
    knows whether CISA lists them. ``resources`` counts resources with any such finding. ``ages`` are there for every scope
    but single resources. ``flow`` is what one night changed, a number a word of CAME and WENT; absent words are 0.
    """

    counts: Counts = Counts()
    suppressed: int = 0
    fixable: int = 0
    exploitable: int = 0
    resources: int = 0
    kev: int = 0
    unchecked: int = 0
    ages: Ages = field(default_factory=Ages)
    flow: Mapping[str, int] = field(default_factory=dict)

    @property
    def stock(self) -> Rollup:
        """The same without its flow: what stays true until something changes."""
        return replace(self, flow={})

    def to_json(self) -> dict[str, Any]:
        """What answers say of it. ``kev`` is None where nothing was checked, which is not the same as none."""
        return {
            "counts": self.counts.to_json(),
            "suppressed": self.suppressed,
            "fixable": self.fixable,
            "exploitable": self.exploitable,
            "resources": self.resources,
            "kev": None if self.unchecked and self.unchecked == self.counts.total else self.kev,
            "kev_unchecked": self.unchecked,
        }

    def to_row(self) -> dict[str, Any]:
        """Plain data for the table; what is nothing is left out."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        more = {"ages": self.ages.to_json(), "flow": dict(self.flow)}
        return {"counts": self.counts.to_json()} | {name: value for name, value in (numbers | more).items() if value}

    @classmethod
    def from_row(cls, values: Mapping[str, Any]) -> Rollup:
        """The reverse of :meth:`to_row`."""
        numbers = {name: int(values.get(name, 0)) for name in _NUMBERS}
        return cls(Counts.from_json(values["counts"]), **numbers, ages=Ages.from_json(values.get("ages", {})),
                   flow=values.get("flow", {}))  # fmt: skip


_NUMBERS = ("suppressed", "fixable", "exploitable", "resources", "kev", "unchecked")
_COUNTS = tuple(f.name for f in fields(Counts))
Place = tuple[str, str, str, str]
"""Account, region, type and id of a resource."""


class _Sum:
    """One scope while it is added up."""

    __slots__ = ("ages", "flow", "numbers")

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.ages: Counter[Bucket] = Counter()
        self.flow: Counter[str] = Counter()

    def rollup(self) -> Rollup:
        """The sum so far."""
        counts = Counts(*(self.numbers[name] for name in _COUNTS))
        numbers = {name: self.numbers[name] for name in _NUMBERS}
        return Rollup(counts, **numbers, ages=bucketed(self.ages.items()), flow=dict(self.flow))


def rollups(
    resources: Iterable[Mapping[str, Any]], ages: Iterable[Mapping[str, Any]] = (), flows: Iterable[Mapping[str, Any]] = ()
) -> dict[Scope, Rollup]:
    """Every scope's rollup, from rows of ``resources`` and ``ages`` and from events counted by ``word`` (see CAME, WENT).

    The organization has one even without any resource.
    """
    sums: dict[Scope, _Sum] = {Scope(ORGANIZATION): _Sum()}
    owners: dict[Place, str] = {}
    for row in resources:
        owners[_place(row)] = row["owner"] or ""
        _add_resource(sums, row)
    for row in ages:
        _add_age(sums, row, owners.get(_place(row), ""))
    for row in flows:
        for scope in (resource_scope(*_place(row)), *_shared_scopes(row, row["owner"] or "")):
            sums.setdefault(scope, _Sum()).flow[row["word"]] += int(row["count"])
    return {scope: total.rollup() for scope, total in sums.items()}


def _place(row: Mapping[str, Any]) -> Place:
    return row["account_id"], row["region"], row["resource_type"], row["resource_id"]


def _shared_scopes(row: Mapping[str, Any], owner: str) -> tuple[Scope, ...]:
    """The scopes that a resource shares with others."""
    return (Scope(ORGANIZATION), Scope("account", row["account_id"]), Scope("region", row["region"]),
            Scope("type", row["resource_type"]), Scope("owner", owner))  # fmt: skip


def _add_resource(sums: dict[Scope, _Sum], row: Mapping[str, Any]) -> None:
    """A resource's share of each scope it is in: findings counted at another resource count there alone."""
    own = {name: int(row[name]) for name in (*_COUNTS, "suppressed", "fixable", "exploitable")}
    own["resources"] = int(any(own[name] for name in (*_COUNTS, "suppressed")))
    sums.setdefault(resource_scope(*_place(row)), _Sum()).numbers.update(own)
    elsewhere = json.loads(row["counted_elsewhere"]) if row["counted_elsewhere"] else {}
    shared = {name: number - elsewhere.get(name, 0) for name, number in own.items()}
    for scope in _shared_scopes(row, row["owner"] or ""):
        sums.setdefault(scope, _Sum()).numbers.update(shared)


def _add_age(sums: dict[Scope, _Sum], row: Mapping[str, Any], owner: str) -> None:
    kev = row["kev_due"] is not None
    own = sums.setdefault(resource_scope(*_place(row)), _Sum()).numbers
    own.update(kev=int(row["findings"]) * kev, unchecked=int(row["unchecked"]))
    age = Bucket(int(row["severity_rank"]), str(row["opened_on"]), str(row["kev_due"]) if kev else "")
    shared = int(row["shared"])
    unchecked = min(int(row["unchecked"]), shared)
    for scope in _shared_scopes(row, owner):
        total = sums.setdefault(scope, _Sum())
        total.ages[age] += shared
        total.numbers.update(kev=shared * kev, unchecked=unchecked)
