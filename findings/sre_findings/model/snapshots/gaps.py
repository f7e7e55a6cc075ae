"""The gaps of a snapshot: what it did not read, and when that was last read.

A snapshot knows nothing about a gap: it neither repeats nor zeroes earlier numbers there. Every
answer takes its gaps from here and states the date of the newest snapshot that read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias, TypeVar

from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.states import NOT_OPTED_IN, REACHED, Cell

T = TypeVar("T")

ANY = "*"
NEVER = "never"


class Gap(NamedTuple):
    """A cell that a snapshot did not read, with its state.

    ``last_read`` is the start of the newest earlier snapshot that read all of the cell (ISO 8601,
    UTC), ``never``, or empty if it is not known.
    """

    account_id: str
    region: str
    resource_type: str
    scan_type: str
    state: str
    last_read: str = ""

    @property
    def cell(self) -> Cell:
        """The cell without its state."""
        return Cell(*self[:4])

    @property
    def place(self) -> str:
        """The account and region as a noun phrase."""
        return f"{'all accounts' if self.account_id == ANY else self.account_id} in {self.region}"

    @property
    def was_read(self) -> bool:
        """Whether an earlier snapshot is known to have read the cell."""
        return self.last_read not in ("", NEVER)

    @property
    def why(self) -> str:
        """The state and the date of the last reading, for parentheses."""
        return self.state.replace("_", " ") + last_read(self.last_read)


def last_read(moment: str) -> str:
    """A clause for the time of the last reading, to add to another one."""
    if moment == NEVER:
        return "; never read"
    return f"; last read on {moment[:10]}" if moment else ""


def earliest(moments: Collection[str]) -> str:
    """The reading of several cells: when all of them were last read."""
    return NEVER if NEVER in moments else min(moments, default="")


class Earlier:
    """What the snapshot before another one knew: its start, the state of its cells, its gaps."""

    def __init__(self, started_at: str, cells: Mapping[Cell, str], gaps: Iterable[Gap]) -> None:
        self.started_at = started_at
        read = (one for one, state in cells.items() if state in (REACHED, NOT_OPTED_IN))
        self._read = _by_place((cell, cell) for cell in read)
        self._gaps = _by_place((gap.cell, gap) for gap in gaps)

    def last_read(self, cell: Cell) -> str:
        """When all of a cell was last read up to this snapshot, or ``never``.

        A cell of an account that this snapshot did not know was not read in it.
        """
        touching = [one.last_read for one in _near(self._gaps, cell) if overlap(one.cell, cell)]
        if touching:
            return earliest(touching)
        known = any(overlap(one, cell) for one in _near(self._read, cell))
        return self.started_at if known else NEVER


_ByPlace: TypeAlias = dict[str, dict[str, list[T]]]
"""Values by region and account: an organization can have half a million cells."""


def _by_place(pairs: Iterable[tuple[Cell, T]]) -> _ByPlace[T]:
    found: _ByPlace[T] = {}
    for cell, value in pairs:
        found.setdefault(cell.region, {}).setdefault(cell.account_id, []).append(value)
    return found


def _near(index: _ByPlace[T], cell: Cell) -> Iterator[T]:
    """The values that can overlap with a cell, by its region and account."""
    region = index.get(cell.region, {})
    accounts = region if cell.account_id == ANY else (cell.account_id, ANY)
    return (value for account in accounts for value in region.get(account, ()))


def overlap(one: Cell, other: Cell) -> bool:
    """Whether two cells have something in common; ``*`` is everything."""
    return one.region == other.region and all(
        ANY in (a, b) or a == b for a, b in zip(one, other, strict=True)
    )


def gaps_of(cells: Iterable[tuple[Cell, str]], earlier: Earlier | None) -> tuple[Gap, ...]:
    """The gaps of a snapshot, from its incomplete cells and the snapshot before it."""
    return tuple(
        Gap(*cell, state, earlier.last_read(cell) if earlier else NEVER) for cell, state in cells
    )


def regions_read(cells: Mapping[Cell, str]) -> set[str]:
    """The regions of which a snapshot read something, or of which an earlier one did.

    A region in which Inspector is off in every account is not among them.
    """
    off = ("disabled", NOT_OPTED_IN)
    return {cell.region for cell, state in cells.items() if state not in off}


def dated(reasons: Iterable[Reason], gaps: Iterable[Gap]) -> tuple[Reason, ...]:
    """The reasons of a partial snapshot, with the date of the last reading of their place."""
    since = dates(gaps)
    return tuple(
        replace(one, statement=one.statement + _date(since.get((one.account or ANY, one.region))))
        for one in reasons
    )


def _date(moment: str | None) -> str:
    return last_read(moment) if moment and moment != NEVER else ""


def dates(gaps: Iterable[Gap]) -> Mapping[tuple[str, str], str]:
    """The last reading of each account and region with a gap: the earliest of its gaps."""
    found: dict[tuple[str, str], str] = {}
    for gap in gaps:
        key = gap.account_id, gap.region
        found[key] = earliest([found.get(key, gap.last_read), gap.last_read])
    return found


def places(gaps: Collection[Gap]) -> list[str]:
    """The places of gaps, sorted, each once, with the date of its last reading."""
    since = dates(gaps)
    return sorted({_dated(gap.place, since[gap.account_id, gap.region]) for gap in gaps})


def _dated(place: str, moment: str) -> str:
    date = last_read(moment).removeprefix("; ")
    return f"{place} ({date})" if date else place
