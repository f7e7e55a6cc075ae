"""The certificate of a snapshot: whether it is complete, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sre_findings.model.snapshots.partial_reasons import Reason, from_json, texts, to_json
from sre_findings.model.snapshots.states import NOT_OPTED_IN, REACHED, Cell


@dataclass(frozen=True, slots=True)
class Certificate:
    """The result of the completeness check.

    ``causes`` is empty exactly if ``state`` is complete; ``warnings`` do not affect it. ``claim``
    is the scope of completeness: all expected accounts (those of a scope file), or all visible
    accounts. It ends with UNRECONCILED if nothing else than the listing itself proves it.
    """

    state: str
    claim: str
    causes: tuple[Reason, ...]
    warnings: tuple[str, ...]
    cells: Mapping[Cell, str]
    totals: Mapping[str, int]
    unknown: Mapping[str, int]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The causes as sentences."""
        return texts(self.causes)

    def incomplete_cells(self) -> Iterator[tuple[Cell, str]]:
        """Cells whose content is unknown, each with its state.

        NOT_OPTED_IN is not among them, because it is known that nothing is scanned there.
        """
        return (
            (cell, state)
            for cell, state in self.cells.items()
            if state not in (REACHED, NOT_OPTED_IN)
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON for the manifest: cells as rows, and the causes also as sentences."""
        cells = [[*cell, state] for cell, state in sorted(self.cells.items())]
        values = asdict(self)
        del values["causes"]
        return values | {"cells": cells} | to_json(self.causes)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Certificate:
        """The reverse of :meth:`to_json`."""
        cells = {Cell(*row[:4]): row[4] for row in values["cells"]}
        lists = {"causes": from_json(values), "warnings": tuple(values["warnings"])}
        others = {name: value for name, value in values.items() if name != "reasons"}
        return cls(**{**others, "cells": cells, **lists})
