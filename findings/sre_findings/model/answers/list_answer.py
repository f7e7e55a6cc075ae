"""Answers that are a sentence, some numbers, and a list: one shape for changes, trends, fixes and
the like.

Every mouth renders the same fields, so that a number cannot differ between the table, the JSON and
the CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sre_findings.model.answers.answer import Proof


class Shown(NamedTuple):
    """A column of the table for people: the item's field, its heading, and how it stands."""

    field: str
    heading: str
    style: str = ""  # "number" is set at the right; "severity" is coloured; "wide" gives way last


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """``headline`` says the answer in a sentence; ``summary`` are numbers beside the list;
    ``items`` are plain data.

    ``total`` counts all items, of which those listed are the first. ``known`` is false where
    there was nothing to answer from, and for an empty list of a place that was not all read.
    ``fields`` are the columns of the CSV, in order; ``shown`` those of the table.
    """

    headline: str
    name: str
    items: Sequence[Mapping[str, Any]]
    total: int
    fields: Sequence[str]
    shown: Sequence[Shown]
    proof: Proof
    summary: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    known: bool = True

    def to_json(self) -> dict[str, Any]:
        """The contract's object: what is told beside the list, the proof, and the list under its
        own name."""
        return {
            "headline": self.headline,
            "notes": list(self.notes),
            "known": self.known,
            **self.summary,
            **self.proof.to_json(),
            self.name: [dict(item) for item in self.items],
            f"total_{self.name}": self.total,
        }
