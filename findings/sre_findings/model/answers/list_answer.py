"""Answers that consist of a headline, numbers and a list, such as changes, trends and fixes.

All renderers read the same fields, so the table, the JSON and the CSV always agree. Each query has
a module beside this one with the types of its items and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Never, TypeAlias, TypeVar

from sre_findings.model.answers.answer import NO_PROOF, Proof
from sre_findings.model.text import phrase

# Covariant, because an answer is read-only: every list answer is an AnyListAnswer.
Item_co = TypeVar("Item_co", bound=Mapping[str, object], covariant=True)
Facts_co = TypeVar("Facts_co", bound=Mapping[str, object], covariant=True)
Facts = TypeVar("Facts", bound=Mapping[str, object])


class Shown(NamedTuple):
    """A column of the printed table: the item's key, its heading, and its style."""

    field: str
    heading: str
    # "number": right-aligned; "severity": coloured; "wide": truncated last; "mark": the heading if
    # the value is true
    style: str = ""


@dataclass(frozen=True, slots=True)
class ListAnswer(Generic[Item_co, Facts_co]):
    """A headline, numbers and a list.

    ``headline`` is the answer in one sentence; ``summary`` has the numbers beside the list, None if
    there are none; ``items`` are plain data. ``total`` counts all items; the list can be shorter.
    ``known`` is false if there was no data, and for an empty list in a scope that was not
    completely read. ``fields`` are the columns of the CSV, in order; ``shown`` those of the table.
    """

    headline: str
    name: str
    items: Sequence[Item_co]
    total: int
    fields: Sequence[str]
    shown: Sequence[Shown]
    proof: Proof
    summary: Facts_co | None = None
    notes: Sequence[str] = ()
    known: bool = True

    @property
    def facts(self) -> Facts_co:
        """The numbers beside the list. Raises LookupError if there are none."""
        if self.summary is None:
            raise LookupError(f"no numbers are known: {self.headline}")
        return self.summary

    def to_json(self) -> dict[str, Any]:
        """The JSON object: headline, notes, numbers, provenance, and the list under ``name``."""
        return {
            "headline": self.headline,
            "notes": list(self.notes),
            "known": self.known,
            **(self.summary or {}),
            **self.proof.to_json(),
            self.name: [dict(item) for item in self.items],
            f"total_{self.name}": self.total,
        }


AnyListAnswer: TypeAlias = ListAnswer[Mapping[str, object], Mapping[str, object]]
"""A list answer of any query, for renderers that show every key."""


def no_snapshot(name: str, summary: Facts | None = None) -> ListAnswer[Never, Facts]:
    """The answer to a list query if there is no snapshot."""
    headline = phrase("There is no snapshot yet. Run: sre-cli scan.")
    return ListAnswer(headline, name, [], 0, (), (), NO_PROOF, summary, known=False)
