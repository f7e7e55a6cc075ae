"""Counts of findings by scope, and their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.severity import ORDER
from sre_findings.model.text import phrase

ORGANIZATION = "organization"
KINDS = (ORGANIZATION, "account", "region", "owner", "type", "resource")


@dataclass(frozen=True, slots=True)
class Counts:
    """ACTIVE findings by severity. ``other`` has unknown severities, so ``total`` is exact."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    informational: int = 0
    untriaged: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """The sum of all severities."""
        return sum(self.by_rank())

    def by_rank(self) -> tuple[int, ...]:
        """The seven counts, worst severity first, ``other`` last."""
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
        """The JSON object: six severities and ``total``; ``other`` only if it is not 0."""
        values = {name.lower(): count for name, count in zip(ORDER, self.by_rank(), strict=False)}
        return values | ({"other": self.other} if self.other else {}) | {"total": self.total}

    @classmethod
    def from_json(cls, values: Mapping[str, int]) -> Counts:
        """The reverse of :meth:`to_json`."""
        return cls(**{f.name: values.get(f.name, 0) for f in fields(cls)})


def check_kind(kind: str) -> str:
    """Returns a valid kind of scope. Raises UsageError for any other text."""
    if kind not in KINDS:
        raise UsageError(
            phrase("there is no scope of kind {!r}", kind),
            do=phrase("Use one of: {}.", ", ".join(KINDS)),
        )
    return kind


class Scope(NamedTuple):
    """A scope of counts: one of KINDS, and its value, which is empty for the organization."""

    kind: str
    value: str = ""


def resource_scope(account_id: str, region: str, resource_type: str, resource_id: str) -> Scope:
    """The scope of one resource. The ID is last because only it can contain the separator."""
    return Scope("resource", f"{account_id}|{region}|{resource_type}|{resource_id}")


# Causes in a scope's flow: why findings were opened, and why they were resolved.
OPENED_CAUSES = ("new", "onboarding", "successor", "reopened")
RESOLVED_CAUSES = ("patched", "terminated", "not_scanned", "unknown")


@dataclass(frozen=True, slots=True)
class Rollup:
    """The counts of one scope.

    ``fixable``, ``exploitable``, ``kev`` and ``unchecked`` count ACTIVE findings; ``unchecked`` are
    those without KEV data. ``resources`` counts resources with an open or suppressed finding.
    ``flow`` has the changes of the snapshot, one number per cause in OPENED_CAUSES and
    RESOLVED_CAUSES; missing causes are 0.
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
        """The same counts without ``flow``, valid until the next change."""
        return replace(self, flow={})

    def __add__(self, more: Rollup) -> Rollup:
        """The sum of two rollups without common findings."""
        numbers = {name: getattr(self, name) + getattr(more, name) for name in _NUMBERS}
        flow = {
            word: self.flow.get(word, 0) + more.flow.get(word, 0)
            for word in sorted({**self.flow, **more.flow})
        }
        return Rollup(self.counts + more.counts, **numbers, flow=flow)

    def to_json(self) -> dict[str, Any]:
        """The JSON object. ``kev`` is None if nothing was checked, which differs from 0."""
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
        """The form stored in the table, without zeros."""
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
        """A rollup from a query's row, with every count under its name."""
        return cls(
            Counts.from_json(row), **{name: int(row[name]) for name in _NUMBERS}, flow=flow or {}
        )


_NUMBERS = ("suppressed", "fixable", "exploitable", "resources", "kev", "unchecked")
NUMBERS = (*(one.name for one in fields(Counts)), *_NUMBERS)
"""The names of all counts of a rollup, without its flow."""
