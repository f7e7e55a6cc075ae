"""Checks the filters of a query that name an account, region, owner or type.

* If the place exists and was read, the query is answered.
* If it exists and was not read, the proof lists what is missing: no answer is certain, and an empty
  answer is unknown.
* If it does not exist, a UsageError lists similar names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sre_findings.model.answers.answer import SNAPSHOT
from sre_findings.model.errors import UsageError
from sre_findings.model.resources.resource import TYPES
from sre_findings.model.snapshots.gaps import ANY, dates
from sre_findings.model.snapshots.query_scope import KINDS, KnownPlaces, Place, Spot, unread
from sre_findings.model.snapshots.states import COMPLETE, REACHED
from sre_findings.model.sql_parameters import UNASSIGNED, is_unassigned
from sre_findings.model.text import joined, ours, phrase, without_stop
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.snapshots.reader import Snapshots

if TYPE_CHECKING:
    from sre_findings.model.answers.list_answer import ListAnswer
    from sre_findings.questions.filters import Filters

Item = TypeVar("Item", bound=Mapping[str, object])
Facts = TypeVar("Facts", bound=Mapping[str, object])

FEW = 12  # maximum number of known names that an error lists
SEEN = "not listed as scanned"
CLOSED = "CLOSED"


def within(found: Found, place: Place, statuses: Sequence[str] = ()) -> Found:
    """The snapshot for a query about a place. Its proof lists what of the place was not read.

    Raises UsageError for an owner, account, region or type that does not exist.
    """
    if place.everywhere and not statuses:
        return found  # a query without filters needs no manifest
    known = known_of(found)
    missing = [*_unasked(statuses, known)]
    if not place.everywhere:
        spots = _spots(place, known, found)
        missing += [*_unknown_places(place, spots, known, found)]
        missing += unread(place, spots, known.dates)
    return replace(found, proof=replace(found.proof, unread=tuple(missing))) if missing else found


def check_owners(found: Found, owners: Sequence[str]) -> None:
    """Raises UsageError unless all of them are owners, whose view a report or a digest shows."""
    if any(map(is_unassigned, owners)):
        do = phrase("Use an owner's name, or all of them.")
        raise UsageError(phrase("resources without an owner have no report and no digest"), do=do)
    within(found, Place(owners=tuple(owners)))


def everywhere(found: Found) -> Found:
    """The snapshot for an empty answer about everything. Its proof lists everything not read."""
    known = known_of(found)
    missing = tuple(unread(Place(), known.spots, known.dates))
    return (
        replace(found, proof=replace(found.proof, unread=missing))
        if not found.proof.unread
        else found
    )


def place_of(filters: Filters, types: Sequence[str] = ()) -> Place:
    """The place that a query covers, from its filters."""
    return Place(
        tuple(filters.owners), tuple(filters.accounts), tuple(filters.regions), tuple(types)
    )


def certain(answer: ListAnswer[Item, Facts], sources: Sources) -> ListAnswer[Item, Facts]:
    """The answer, marked as unknown if it is empty and not certain.

    It is not certain if not all of the place was read, or if the snapshot is stale.
    """
    if answer.total or not answer.known or answer.proof.source != SNAPSHOT:
        return answer
    if answer.proof.sure:
        found = everywhere(find(sources, answer.proof.snapshot_id))
        answer = replace(answer, proof=replace(answer.proof, unread=found.proof.unread))
    if answer.proof.sure:
        return answer
    read_all = answer.proof.state == COMPLETE and not answer.proof.unread
    why = answer.proof.not_fresh if read_all else phrase("not everything was read")
    return replace(
        answer,
        known=False,
        headline=phrase("{}; {}, so there may be some.", without_stop(answer.headline), why),
    )


def known_of(found: Found) -> KnownPlaces:
    """The places of a snapshot that its caller may see.

    They are cached, because a committed snapshot never changes.
    """
    sources = found.sources
    key = sources.caller.access, found.commit.snapshot_id
    known = sources.caches.places.get(key)
    if known is None:
        known = _read(found)
        sources.caches.places.put(key, known, 1 + len(known.spots))
    return known


def _read(found: Found) -> KnownPlaces:
    """The places from the manifest, limited to the caller's accounts."""
    access = found.sources.caller.access
    manifest = Snapshots(found.sources.stores.snapshots.blobs).manifest(found.commit)
    states: dict[Spot, set[str]] = {}
    for cell, state in manifest.certificate.cells.items():
        if access.allows_account(cell.account_id) or (cell.account_id == ANY and access.accounts):
            states.setdefault((cell.account_id, cell.region, cell.resource_type), set()).add(state)
    beside = (*manifest.plan.expected_accounts, *manifest.plan.account_names)
    accounts = frozenset(account for account in beside if access.allows_account(account))
    return KnownPlaces(
        {spot: frozenset(some) for spot, some in states.items()},
        dates(found.commit.gaps),
        accounts,
        manifest.plan.statuses,
    )


def _unasked(statuses: Iterable[str], known: KnownPlaces) -> Iterable[str]:
    """A clause for each of these statuses that the scan did not request."""
    # by default, a scan requests every status except CLOSED
    read = known.statuses or [status for status in statuses if status != CLOSED]
    return (
        phrase("{} findings were not read: the scan did not request them", status)
        for status in statuses
        if status not in read
    )


def _spots(place: Place, known: KnownPlaces, found: Found) -> Mapping[Spot, frozenset[str]]:
    """The spots of the cells, and those of resources for filter values without a cell."""
    named = [
        (axis, value)
        for axis, value in place.named()
        if all(spot[axis] != value for spot in known.spots)
    ]
    if not named:
        return known.spots
    spots = dict(known.spots)
    for row in found.engine.rows("places"):
        spot = (row["account_id"], row["region"], row["resource_type"])
        if any(spot[axis] == value for axis, value in named):
            spots[spot] = frozenset({REACHED if row["covered"] else SEEN})
    return spots


def _unknown_places(
    place: Place, spots: Mapping[Spot, Any], known: KnownPlaces, found: Found
) -> list[str]:
    """Clauses for filter values that are not in the data that was read.

    Raises UsageError if the value cannot exist: everything was read, or a similar name exists.
    """
    axes = [sorted({spot[axis] for spot in spots} - {ANY, ""}) for axis in range(len(KINDS))]
    holes = bool(found.commit.gaps)
    refused = []
    for axis, value in place.named():
        if value not in axes[axis] and not _elsewhere(axis, value, known, axes[axis]):
            refused += _refused(
                phrase("{} {} is not in the snapshot", ours(KINDS[axis]), value),
                value,
                axes[axis],
                f"{KINDS[axis]}s",
                holes=holes,
            )
    return refused + _unknown_owners(place.owners, found, holes=holes)


def _elsewhere(axis: int, value: str, known: KnownPlaces, regions: Sequence[str]) -> bool:
    """Whether the value exists although nothing of it was read.

    Raises UsageError for a region that AWS does not have.
    """
    if KINDS[axis] == "region":
        from sre_findings.inspector.regions import check_region, known_regions

        return bool(check_region(value, {*regions, *known_regions()}))
    return value in (known.accounts if KINDS[axis] == "account" else TYPES)


def _unknown_owners(owners: Sequence[str], found: Found, *, holes: bool) -> list[str]:
    """The same as ``_unknown_places``, for owners."""
    if not owners:
        return []
    named = [str(row["owner"]) for row in found.engine.rows("owners")]
    known = [*filter(None, named), *([UNASSIGNED] if "" in named else [])]
    chosen = [UNASSIGNED if is_unassigned(owner) else owner for owner in owners]
    unknown = [owner for owner in dict.fromkeys(chosen) if owner not in known]
    return [
        one
        for owner in unknown
        for one in _refused(
            phrase("there is no owner {}", owner), owner, known, "owners", holes=holes
        )
    ]


def _refused(what: str, value: str, known: Sequence[str], kind: str, *, holes: bool) -> list[str]:
    """A clause for a value that is not in the data that was read.

    Raises UsageError, with similar or known names, if everything was read or a similar name exists.
    """
    from sre_findings.model.spelling import near

    close = near(value, known)
    few = (
        phrase("the {} are {}", ours(kind), joined(", ", known))
        if 0 < len(known) <= FEW
        else ("" if known else phrase("there are no {}", ours(kind)))
    )
    if holes and not close:
        return [phrase("{} in the data that was read", what) + (phrase(": {}", few) if few else "")]
    raise UsageError(
        what,
        why=few,
        do=(
            phrase("Did you mean {}?", joined(" or ", close))
            if close
            else phrase("Check the name.")
        ),
    )
