"""Counts of findings in a scope, and their sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.severity import ORDER

ORGANIZATION = "organization"
KINDS = (ORGANIZATION, "account", "region", "owner", "type", "resource")


@dataclass(frozen=True, slots=True)
class Counts:
    """ACTIVE findings by severity. ``other`` holds severities that we do not know, so that
    ``total`` never lies."""

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
        return (
            self.critical,
            self.high,
            self.medium,
            self.low,
            self.informational,
            self.untriaged,
            self.other,
        )

    def __add__(self, more: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(self.by_rank(), more.by_rank(), strict=True)))

    def to_json(self) -> dict[str, int]:
        """The contract's object: six severities and ``total``; ``other`` only where there is
        one."""
        values = {name.lower(): count for name, count in zip(ORDER, self.by_rank(), strict=False)}
        return values | ({"other": self.other} if self.other else {}) | {"total": self.total}

    @classmethod
    def from_json(cls, values: Mapping[str, int]) -> Counts:
        """The reverse of :meth:`to_json`."""
        return cls(**{f.name: values.get(f.name, 0) for f in fields(cls)})


def check_kind(kind: str) -> str:
    """The kind of scope. Raises UsageError for any other text."""
    if kind not in KINDS:
        raise UsageError(
            f"there is no scope of kind {kind!r}", do=f"Use one of: {', '.join(KINDS)}."
        )
    return kind


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


@dataclass(frozen=True, slots=True)
class Rollup:
    """What one scope holds: ACTIVE findings by severity, and how many are suppressed, fixable and
    exploitable.

    ``fixable``, ``exploitable``, ``kev`` and ``unchecked`` are of the ACTIVE ones; ``unchecked``
    are those of which nobody knows whether CISA lists them. ``resources`` counts resources with any
    such finding. ``flow`` is what one night changed, a number a word of CAME and WENT; absent words
    are 0.
    """

    counts: Counts = Counts()
    suppressed: int = 0
    fixable: int = 0
    exploitable: int = 0
    resources: int = 0
    kev: int = 0
    unchecked: int = 0
    flow: Mapping[str, int] = field(default_factory=dict)

    @property
    def stock(self) -> Rollup:
        """The same without its flow: what stays true until something changes."""
        return replace(self, flow={})

    def __add__(self, more: Rollup) -> Rollup:
        """The sum of two that have no finding in common."""
        numbers = {name: getattr(self, name) + getattr(more, name) for name in _NUMBERS}
        flow = {
            word: self.flow.get(word, 0) + more.flow.get(word, 0)
            for word in {**self.flow, **more.flow}
        }
        return Rollup(self.counts + more.counts, **numbers, flow=flow)

    def to_json(self) -> dict[str, Any]:
        """What answers say of it. ``kev`` is None where nothing was checked, which is not the same
        as none."""
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
        more = numbers | {"flow": dict(self.flow)}
        return {"counts": self.counts.to_json()} | {
            name: value for name, value in more.items() if value
        }

    @classmethod
    def from_row(cls, values: Mapping[str, Any]) -> Rollup:
        """The reverse of :meth:`to_row`."""
        numbers = {name: int(values.get(name, 0)) for name in _NUMBERS}
        return cls(Counts.from_json(values["counts"]), **numbers, flow=values.get("flow", {}))

    @classmethod
    def counted(cls, row: Mapping[str, Any], flow: Mapping[str, int] | None = None) -> Rollup:
        """From a row that has every number under its name, as the queries that count give it."""
        return cls(
            Counts.from_json(row), **{name: int(row[name]) for name in _NUMBERS}, flow=flow or {}
        )


_NUMBERS = ("suppressed", "fixable", "exploitable", "resources", "kev", "unchecked")
NUMBERS = (*(one.name for one in fields(Counts)), *_NUMBERS)
"""Every number of a rollup by its name; those of its flow aside."""
