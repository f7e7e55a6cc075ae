"""The scope of a query (owners, accounts, regions, resource types), and what of it was read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sre_findings.model.snapshots.gaps import ANY, earliest, last_read
from sre_findings.model.snapshots.states import NOT_OPTED_IN, REACHED

MAX_LISTED = 5

Spot = tuple[str, str, str]
"""Account, region and resource type; each is ``*`` if the scan could not determine it."""


@dataclass(frozen=True, slots=True)
class Place:
    """The filters of a query that limit its scope. An empty filter has no effect."""

    owners: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    types: Sequence[str] = ()

    @property
    def everywhere(self) -> bool:
        """Whether no filter is set."""
        return not any((self.owners, self.accounts, self.regions, self.types))

    def touches(self, spot: Spot) -> bool:
        """Whether the scope includes this spot."""
        return all(
            not wanted or one == ANY or one in wanted
            for one, wanted in zip(spot, self._axes, strict=True)
        )

    def named(self) -> Iterator[tuple[int, str]]:
        """Yields each filter value with its index in a spot."""
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
    """What a client may know about the scope of a snapshot.

    ``spots`` has the states of each spot's cells, ``dates`` when each account and region with a gap
    was last read, ``accounts`` the accounts that the scan saw, and ``statuses`` the finding
    statuses that it requested.
    """

    spots: Mapping[Spot, frozenset[str]]
    dates: Mapping[tuple[str, str], str]
    accounts: frozenset[str]
    statuses: tuple[str, ...]


KINDS = ("account", "region", "resource type")
"""The meaning of each index of a spot."""


def unread(
    place: Place,
    spots: Mapping[Spot, Collection[str]],
    dates: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> list[str]:
    """Clauses that name the parts of a scope that were not read; empty if all of it was.

    ``spots`` has the states of each spot's cells, and ``dates`` when an account and region with a
    gap was last read. A filter value counts as read only if one of its
    spots was reached; otherwise the absence of findings proves nothing.
    """
    touched = {spot: states for spot, states in spots.items() if place.touches(spot)}
    silent = [(axis, value) for axis, value in place.named() if not _reached(touched, axis, value)]
    if not silent and not any(_is_read(spot, states) for spot, states in touched.items()):
        return ["Inspector scans no resources in this scope"]
    told = [_silence(axis, value, touched, dates) for axis, value in silent]
    return told + _holes(
        {spot: states for spot, states in touched.items() if not _told(spot, silent)}, dates
    )


def _reached(spots: Mapping[Spot, Collection[str]], axis: int, value: str) -> bool:
    return any(spot[axis] == value and _is_read(spot, states) for spot, states in spots.items())


def _is_read(spot: Spot, states: Collection[str]) -> bool:
    """Whether a resource type is scanned there. Reading an account alone does not prove that."""
    return spot[2] != ANY and REACHED in states


def _silence(
    axis: int,
    value: str,
    spots: Mapping[Spot, Collection[str]],
    dates: Mapping[tuple[str, str], str],
) -> str:
    """A clause that explains why a filter value was not read."""
    why = sorted(
        {state for spot, states in spots.items() if spot[axis] in (value, ANY) for state in states}
        - {REACHED}
    )
    reason = ", ".join(state.replace("_", " ") for state in why) if why else "it was not scanned"
    since = {dates[spot[:2]] for spot in spots if spot[:2] in dates and spot[axis] in (value, ANY)}
    return f"{KINDS[axis]} {value} was not read: {reason}{last_read(earliest(since))}"


def _told(spot: Spot, silent: Sequence[tuple[int, str]]) -> bool:
    return any(spot[axis] == value for axis, value in silent)


def _holes(
    spots: Mapping[Spot, Collection[str]], dates: Mapping[tuple[str, str], str]
) -> list[str]:
    """Clauses for cells that were not read, by account and region."""
    holes: dict[tuple[str, str], set[str]] = {}
    for (account, region, _), states in spots.items():
        if missing := {state for state in states if state not in (REACHED, NOT_OPTED_IN)}:
            holes.setdefault((account, region), set()).update(missing)
    told = sorted(_hole(*place, why, dates.get(place, "")) for place, why in holes.items())
    more = (
        [f"{len(told) - MAX_LISTED:,} more accounts and regions were not read"]
        if len(told) > MAX_LISTED
        else []
    )
    return told[:MAX_LISTED] + more


def _hole(account: str, region: str, why: Collection[str], date: str) -> str:
    where = f"{'all accounts' if account == ANY else f'account {account}'} in {region}"
    return f"not read: {where} ({', '.join(sorted(why)).replace('_', ' ')}{last_read(date)})"
