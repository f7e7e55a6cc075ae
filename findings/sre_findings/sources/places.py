"""The check of every filter by place: an account, region, owner or type.

* A place that exists and was read is answered.
* A place that exists and was not read is answered with a proof that says what is missing: no
  answer from it is sure, and an empty one is unknown.
* A place that does not exist is a UsageError that lists similar names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sre_findings.model.answers.answer import SNAPSHOT
from sre_findings.model.errors import UsageError
from sre_findings.model.resources.resource import TYPES
from sre_findings.model.snapshots.query_scope import ANY, KINDS, KnownPlaces, Place, Spot, unread
from sre_findings.model.snapshots.states import COMPLETE, REACHED
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.snapshots.reader import Snapshots

if TYPE_CHECKING:
    from sre_findings.model.answers.list_answer import ListAnswer

Item = TypeVar("Item", bound=Mapping[str, object])
Facts = TypeVar("Facts", bound=Mapping[str, object])

FEW = 12  # names that an error lists
SEEN = "not listed as scanned"
CLOSED = "CLOSED"


def within(found: Found, place: Place, statuses: Sequence[str] = ()) -> Found:
    """The snapshot for a question about a place; its proof tells what of the place was not read.

    Raises UsageError for an owner, account, region or type that does not exist.
    """
    if place.everywhere and not statuses:
        return found  # who asks the table reads no manifest
    known = known_of(found)
    missing = [*_unasked(statuses, known)]
    if not place.everywhere:
        spots = _spots(place, known, found)
        missing += [*_strangers(place, spots, known, found), *unread(place, spots)]
    return replace(found, proof=replace(found.proof, unread=tuple(missing))) if missing else found


def everywhere(found: Found) -> Found:
    """The snapshot for an empty answer about everything: its proof tells what was not read
    anywhere."""
    missing = tuple(unread(Place(), known_of(found).spots))
    return (
        replace(found, proof=replace(found.proof, unread=missing))
        if not found.proof.unread
        else found
    )


def place_of(question: Any) -> Place:
    """The place that a question is about, whichever of these fields it has."""
    narrow = getattr(question, "narrow", question)
    values = {name: tuple(getattr(narrow, name, ())) for name in ("owners", "accounts", "regions")}
    return Place(**values, types=tuple(getattr(question, "types", ())))


def certain(answer: ListAnswer[Item, Facts], sources: Sources) -> ListAnswer[Item, Facts]:
    """The answer; an empty one is unknown where not all of the place was read, or not lately
    enough."""
    if answer.total or not answer.known or answer.proof.source != SNAPSHOT:
        return answer
    if answer.proof.sure and (found := find(sources, answer.proof.snapshot_id)):
        answer = replace(answer, proof=replace(answer.proof, unread=everywhere(found).proof.unread))
    if answer.proof.sure:
        return answer
    read_all = answer.proof.state == COMPLETE and not answer.proof.unread
    why = "the snapshot is older than allowed" if read_all else "not everything was read"
    return replace(
        answer,
        known=False,
        headline=f"{answer.headline.rstrip('.')}; {why}, so there may be some.",
    )


def known_of(found: Found) -> KnownPlaces:
    """The places of a snapshot as its caller may see them. Read once: a committed snapshot never
    changes."""
    sources = found.sources
    key = sources.access, found.commit.snapshot_id
    known = sources.places.get(key)
    if known is None:
        known = _read(found)
        sources.places.put(key, known, 1 + len(known.spots))
    return known


def _read(found: Found) -> KnownPlaces:
    """From the manifest, which tells of every account: what is not the caller's is left out."""
    access = found.sources.access
    manifest = Snapshots(found.sources.snapshots.blobs).manifest(found.commit)
    states: dict[Spot, set[str]] = {}
    for cell, state in manifest.certificate.cells.items():
        if access.allows_account(cell.account_id) or (cell.account_id == ANY and access.accounts):
            states.setdefault((cell.account_id, cell.region, cell.resource_type), set()).add(state)
    beside = (*manifest.plan.expected_accounts, *manifest.plan.account_names)
    accounts = frozenset(account for account in beside if access.allows_account(account))
    return KnownPlaces(
        {spot: frozenset(some) for spot, some in states.items()}, accounts, manifest.plan.statuses
    )


def _unasked(statuses: Iterable[str], known: KnownPlaces) -> Iterable[str]:
    """Statuses of findings that the scan did not ask for."""
    # by default every status but that one
    read = known.statuses or [status for status in statuses if status != CLOSED]
    return (
        f"{status} findings were not read: the scan did not request them"
        for status in statuses
        if status not in read
    )


def _spots(place: Place, known: KnownPlaces, found: Found) -> Mapping[Spot, frozenset[str]]:
    """The cells, and, where a name that was asked for has none, where its resources are."""
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


def _strangers(
    place: Place, spots: Mapping[Spot, Any], known: KnownPlaces, found: Found
) -> list[str]:
    """Raises UsageError for a name of nothing. Where parts were not read it may be there, and is
    told as unread."""
    axes = [sorted({spot[axis] for spot in spots} - {ANY, ""}) for axis in range(len(KINDS))]
    holes = bool(found.commit.gaps)
    told = []
    for axis, value in place.named():
        if value not in axes[axis] and not _elsewhere(axis, value, known, axes[axis]):
            told += _refused(
                f"{KINDS[axis]} {value} is not in the snapshot",
                value,
                axes[axis],
                f"{KINDS[axis]}s",
                holes=holes,
            )
    return told + _nobody(place.owners, found, holes=holes)


def _elsewhere(axis: int, value: str, known: KnownPlaces, regions: Sequence[str]) -> bool:
    """Whether it exists although nothing was read of it. Raises UsageError for what is no region of
    AWS."""
    if KINDS[axis] == "region":
        from sre_findings.inspector.regions import check_region, known_regions

        return bool(check_region(value, {*regions, *known_regions()}))
    return value in (known.accounts if KINDS[axis] == "account" else TYPES)


def _nobody(owners: Sequence[str], found: Found, *, holes: bool) -> list[str]:
    """The same of owners."""
    if not owners:
        return []
    known = [str(row["owner"]) for row in found.engine.rows("owners")]
    strangers = [owner for owner in dict.fromkeys(owners) if owner not in known]
    return [
        one
        for owner in strangers
        for one in _refused(f"there is no owner {owner}", owner, known, "owners", holes=holes)
    ]


def _refused(what: str, value: str, known: Sequence[str], kind: str, *, holes: bool) -> list[str]:
    """Raises UsageError with what is near, or with what there is; only where all was read, or the
    name is nearly another."""
    from sre_findings.model.spelling import near

    close = near(value, known)
    few = (
        f"the {kind} are {', '.join(known)}"
        if 0 < len(known) <= FEW
        else ""
        if known
        else f"there are no {kind}"
    )
    if holes and not close:
        return [f"{what} in the data that was read" + (f": {few}" if few else "")]
    raise UsageError(
        what, why=few, do=f"Did you mean {' or '.join(close)}?" if close else "Check the name."
    )
