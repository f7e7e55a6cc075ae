"""Counts of findings over a scope, and how they add up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

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


@dataclass(frozen=True, slots=True)
class Rollup:
    """What one scope holds: ACTIVE findings by severity, and how many are suppressed, fixable and exploitable.

    ``fixable`` and ``exploitable`` are of the ACTIVE ones. ``resources`` counts resources with any such finding.
    """

    counts: Counts = Counts()
    suppressed: int = 0
    fixable: int = 0
    exploitable: int = 0
    resources: int = 0

    def __add__(self, more: Rollup) -> Rollup:
        return Rollup(
            self.counts + more.counts,
            self.suppressed + more.suppressed,
            self.fixable + more.fixable,
            self.exploitable + more.exploitable,
            self.resources + more.resources,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for the table and for answers."""
        return {
            "counts": self.counts.to_json(),
            "suppressed": self.suppressed,
            "fixable": self.fixable,
            "exploitable": self.exploitable,
            "resources": self.resources,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Rollup:
        """The reverse of :meth:`to_json`."""
        numbers = {name: int(values[name]) for name in ("suppressed", "fixable", "exploitable", "resources")}
        return cls(Counts.from_json(values["counts"]), **numbers)


def add_up(rows: Iterable[tuple[Scope, Rollup]]) -> dict[Scope, Rollup]:
    """The sum for each scope."""
    sums: dict[Scope, Rollup] = {}
    for scope, rollup in rows:
        sums[scope] = sums[scope] + rollup if scope in sums else rollup
    return sums


_COUNTS = tuple(f.name for f in fields(Counts))


def rollups(resources: Iterable[Mapping[str, Any]]) -> dict[Scope, Rollup]:
    """Every scope's rollup from rows of ``resources/``. The organization has one even without any resource."""
    sums = add_up(pair for row in resources for pair in _scopes(row))
    return {Scope(ORGANIZATION): Rollup()} | sums


def _scopes(row: Mapping[str, Any]) -> Iterator[tuple[Scope, Rollup]]:
    """A resource's share of each scope it is in: findings counted at another resource count there alone."""
    own = _rollup(row)
    yield resource_scope(row["account_id"], row["region"], row["resource_type"], row["resource_id"]), own
    shared = _less(own, json.loads(row["counted_elsewhere"])) if row["counted_elsewhere"] else own
    yield Scope(ORGANIZATION), shared
    yield Scope("account", row["account_id"]), shared
    yield Scope("region", row["region"]), shared
    yield Scope("type", row["resource_type"]), shared
    yield Scope("owner", row["owner"] or ""), shared


def _rollup(row: Mapping[str, Any]) -> Rollup:
    counts = Counts(*(int(row[name]) for name in _COUNTS))
    some = bool(counts.total or row["suppressed"])
    return Rollup(counts, int(row["suppressed"]), int(row["fixable"]), int(row["exploitable"]), int(some))


def _less(own: Rollup, elsewhere: Mapping[str, int]) -> Rollup:
    counts = Counts(*(number - elsewhere[name] for name, number in zip(_COUNTS, own.counts.by_rank(), strict=True)))
    suppressed, fixable = own.suppressed - elsewhere["suppressed"], own.fixable - elsewhere["fixable"]
    return Rollup(counts, suppressed, fixable, own.exploitable - elsewhere["exploitable"], own.resources)
