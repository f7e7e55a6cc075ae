"""An entry of the audit log: one call of a tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sre_findings.model.timestamps import iso

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.operations import OperationItem

KEPT = timedelta(days=90)
ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: its client, tool, time, source and outcome.

    ``arguments`` are the validated ones and never include a token. ``outcome`` is ANSWERED or the
    kind of the error; ``rows`` is the number of rows returned; ``took`` is in milliseconds.
    """

    at: datetime
    id: str
    who: str
    what: str
    outcome: str
    took: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    snapshot_id: str | None = None
    rows: int = 0

    def to_json(self) -> OperationItem:
        """Plain data."""
        return {
            "at": iso(self.at),
            "id": self.id,
            "who": self.who,
            "what": self.what,
            "outcome": self.outcome,
            "took": self.took,
            "arguments": dict(self.arguments),
            "source": self.source,
            "snapshot_id": self.snapshot_id,
            "rows": self.rows,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Operation:
        """The reverse of :meth:`to_json`."""
        return cls(**{**values, "at": datetime.fromisoformat(values["at"])})
