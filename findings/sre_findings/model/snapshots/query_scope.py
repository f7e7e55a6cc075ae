"""Which part of the estate a question is about, and what of it was read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_findings.model.snapshots.states import NOT_OPTED_IN, REACHED

ANY = "*"
HOLES_TOLD = 5

Spot = tuple[str, str, str]
"""Account, region and resource type; each may be ``*`` where a scan could not tell."""


@dataclass(frozen=True, slots=True)
class Place:
    """The filters of a question that say where to look. Empty means everywhere."""

    owners: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    types: Sequence[str] = ()

    @property
    def everywhere(self) -> bool:
        """Whether nothing is narrowed."""
        return not any((self.owners, self.accounts, self.regions, self.types))

    def touches(self, spot: Spot) -> bool:
        """Whether the question is about this spot too."""
        return all(
            not wanted or one == ANY or one in wanted
            for one, wanted in zip(spot, self._axes, strict=True)
        )

    def named(self) -> Iterator[tuple[int, str]]:
        """Each value that is named, with its place in a spot."""
        return (
            (axis, value)
            for axis, values in enumerate(self._axes)
            for value in dict.fromkeys(values)
        )

    @property
    def _axes(self) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        return self.accounts, self.regions, self.types


@dataclass(frozen=True, slots=True)
class KnownPlaces:
    """What a caller may know of a snapshot's places: the states of the cells of each spot, the
    accounts that the scan saw, and the statuses that it requested."""

    spots: Mapping[Spot, frozenset[str]]
    accounts: frozenset[str]
    statuses: tuple[str, ...]


KINDS = ("account", "region", "resource type")
"""What stands at each place of a spot."""


def unread(place: Place, spots: Mapping[Spot, Collection[str]]) -> list[str]:
    """What of a place was not read, in words; empty where all of it was.

    ``spots`` has the states of each spot's cells. A value that is named counts as read only if one
    of its spots was reached: silence about it proves nothing else.
    """
    touched = {spot: states for spot, states in spots.items() if place.touches(spot)}
    silent = [(axis, value) for axis, value in place.named() if not _reached(touched, axis, value)]
    if not silent and not any(_is_read(spot, states) for spot, states in touched.items()):
        return ["Inspector scans nothing of what was asked for"]
    told = [_silence(axis, value, touched) for axis, value in silent]
    return told + _holes(
        {spot: states for spot, states in touched.items() if not _told(spot, silent)}
    )


def _reached(spots: Mapping[Spot, Collection[str]], axis: int, value: str) -> bool:
    return any(spot[axis] == value and _is_read(spot, states) for spot, states in spots.items())


def _is_read(spot: Spot, states: Collection[str]) -> bool:
    """Whether Inspector scans a resource type there. That an account is read proves nothing about
    what it does not scan."""
    return spot[2] != ANY and REACHED in states


def _silence(axis: int, value: str, spots: Mapping[Spot, Collection[str]]) -> str:
    """That nothing is known of a value, and why."""
    why = sorted(
        {state for spot, states in spots.items() if spot[axis] in (value, ANY) for state in states}
        - {REACHED}
    )
    reason = ", ".join(state.replace("_", " ") for state in why) if why else "it was not scanned"
    return f"nothing of {KINDS[axis]} {value} was read: {reason}"


def _told(spot: Spot, silent: Sequence[tuple[int, str]]) -> bool:
    return any(spot[axis] == value for axis, value in silent)


def _holes(spots: Mapping[Spot, Collection[str]]) -> list[str]:
    """Cells that were not read, by account and region."""
    holes: dict[str, set[str]] = {}
    for (account, region, _), states in spots.items():
        if missing := {state for state in states if state not in (REACHED, NOT_OPTED_IN)}:
            holes.setdefault(
                f"{'every account' if account == ANY else account} in {region}", set()
            ).update(missing)
    told = [
        f"{where} was not read: {', '.join(sorted(why)).replace('_', ' ')}"
        for where, why in sorted(holes.items())
    ]
    more = (
        [f"{len(told) - HOLES_TOLD:,} more accounts and regions were not read"]
        if len(told) > HOLES_TOLD
        else []
    )
    return told[:HOLES_TOLD] + more
