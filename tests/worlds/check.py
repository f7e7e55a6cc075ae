"""A night of a store that is asked, and what was said of it that is not so."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from tests.worlds.state import Found
from tests.worlds.truth import OFF, UNREAD, UNSURE, Cell, Night, Place, Scope
from tests.worlds.world import SEVERITIES

from sre_findings.model.errors import UsageError
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    Filters,
)
from sre_findings.questions.question import Question
from sre_findings.sources.sources import Sources
from sre_findings.store.snapshots.reader import Commit

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Untruth:
    """Something that was said and is not so. ``kind`` names it in the list of known untruths."""

    kind: str
    night: int
    question: str
    said: str
    true: str

    def __str__(self) -> str:
        return f"{self.kind} on night {self.night}: {self.question}\n  said: {self.said}\n  true: {self.true}"


@dataclass
class Check:
    """One night of a store, seen by a caller. ``past`` are the earlier nights with a commit."""

    night: Night
    past: Sequence[Night]
    commit: Commit
    sources: Sources
    asked: int = 0
    share: float = 1.0
    rng: random.Random = field(default_factory=random.Random)

    def ask(self, question: Question[A]) -> A | None:
        """The answer; None if the product says that a name of the question does not exist."""
        self.asked += 1
        try:
            return ask(question, self.sources)
        except UsageError:
            return None

    def some(self, items: Iterable[T]) -> list[T]:
        """A random share of what can be asked for, and always the first."""
        return [
            one for number, one in enumerate(items) if not number or self.rng.random() < self.share
        ]

    def untruth(self, kind: str, question: object, said: object, true: object) -> Untruth:
        return Untruth(kind, self.night.number, described(question), str(said), str(true))

    @property
    def gaps(self) -> set[tuple[str, str]]:
        """The accounts and regions that the commit itself calls unread."""
        return {(gap[0], gap[1]) for gap in self.commit.gaps}

    def was_read(self, cell: Cell) -> bool:
        """Whether a cell was read; the product may decide it where the counts did not agree.

        It doubts them for a whole region, so also where a type is off.
        """
        cells = self.night.cells
        how = cells.get(cell, UNREAD)
        beside = {cells[one] for one in cells if one[:2] == cell[:2]}
        if how == UNSURE or (how == OFF and UNSURE in beside):
            return not {(cell.account, cell.region), ("*", cell.region)} & self.gaps
        return how != UNREAD

    def hidden(
        self,
        scope: Scope,
        worse: Sequence[str] = SEVERITIES,
        statuses: Sequence[str] = ("ACTIVE", "SUPPRESSED"),
    ) -> list[str]:
        """Findings of the truth that were told, or were known before and must be doubted if not told."""
        known = {one.arn for night in self.past for one in night.open}
        told = {one.arn for one in self.night.open}
        night = self.night
        return [
            found.arn
            for places, found in night.truly_open()
            if found.severity in worse
            and found.status in statuses
            and (found.arn in known or found.arn in told)
            and any(
                scope.has(place, night.owners.get(place, place_owner(found, place)))
                for place in places
            )
        ]


def described(question: object) -> str:
    """The question without what is there by default."""
    if not isinstance(question, Question):
        return str(question)
    kind: Any = question
    given = [(one.name, getattr(question, one.name)) for one in fields(kind)]
    text = ", ".join(
        f"{name}={value!r}"
        for name, value in given
        if value not in (None, "", (), 0, False, Filters(), 25, 90)
    )
    return f"{type(question).__name__}({text})"


def place_owner(found: Found, place: Place) -> str:
    return next(tag for one, tag in zip(found.on, found.tags, strict=True) if one.id == place.id)


def scopes(night: Night) -> list[Scope]:
    """The scopes that are asked for."""
    found: list[Scope] = [Scope()]
    found += [Scope(owner=one) for one in sorted(set(night.owners.values()))]
    found += [Scope(account=one) for one in sorted({place.account for place in night.owners})]
    found += [Scope(region=one) for one in sorted({*night.planned, *night.known_regions})]
    found += [Scope(type=one) for one in sorted({place.type for place in night.owners})]
    return found


def filters(scope: Scope) -> Filters:
    return Filters(*(((one,) if one else ()) for one in (scope.owner, scope.account, scope.region)))


def said(counts: Any) -> dict[str, int]:
    """Counts of an answer, by the severities of the world."""
    values = {name.upper(): n for name, n in counts.to_json().items() if n and name != "total"}
    return {("APOCALYPTIC" if name == "OTHER" else name): n for name, n in values.items()}


def number(counts: dict[str, int]) -> int:
    return sum(counts.values())


def tolerated(night: Night, cell: Cell) -> bool:
    """An account that is switched off where no region was required is no lack."""
    told = night.told.get(cell.region)
    status = told.statuses.get(cell.account) if told else None
    off = bool(status) and status["state"]["status"] != "ENABLED"  # type: ignore[index]  # checked before
    return off and not night.inspector.world.required and not told.failed  # type: ignore[union-attr]  # it has a status


def shown(cells: Sequence[Cell]) -> str:
    return ", ".join(sorted({f"{cell.account} {cell.region}" for cell in cells}))
