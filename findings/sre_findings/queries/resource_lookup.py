"""Finds the resource that an ID, a name or an address refers to.

Names are not unique. If a snapshot knows one resource of a name, another one may have it in a place
that was not read, and the answer for the first would be taken for the other's. IDs and ARNs need no
such check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from sre_findings.model import spelling
from sre_findings.model.errors import AmbiguousName, UsageError
from sre_findings.model.resources.name_readings import placed, readings
from sre_findings.model.resources.names import ID, WEAKEST, strength
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.gaps import ANY, NEVER, Gap, places
from sre_findings.model.text import Text, joined, phrase
from sre_findings.rows.values import resource_of

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine
    from sre_findings.sources.sources import Found
    from sre_findings.store.snapshots.reader import Commit

EARLIER = 3  # earlier snapshots to look into: mostly one read all that this one did not
SHOWN = 25  # resources listed for an ambiguous name; the count includes all


class UnknownResource(UsageError):
    """No resource of the snapshot has this ID, name or address. ``near`` has similar ones."""

    def __init__(self, text: str, near: Sequence[str] = ()) -> None:
        do = (
            phrase("Did you mean {}?", joined(" or ", near))
            if near
            else phrase("Check the id, name or address.")
        )
        super().__init__(phrase("the snapshot has no resource {!r}", text), do=do)
        self.near = tuple(near)


def resolve(text: str, engine: Engine) -> Resource:
    """The only resource with an ID, a name or an address, in any form of docs/resources.md.

    Raises AmbiguousName if there are several, and UnknownResource if there is none.
    """
    found = named(text, engine)
    if not found:
        raise UnknownResource(text, near(text, engine))
    strongest = min(found.values())
    places = [place for place, strength in found.items() if strength == strongest]
    if len(places) > 1:
        raise AmbiguousName.of(text, *_candidates(places, engine, text), total=len(places))
    return places[0]


def named(text: str, engine: Engine) -> dict[Resource, int]:
    """Every resource that the text may refer to, with the rank of its best name."""
    found: dict[Resource, int] = {}
    for reading in readings(text):
        for row in engine.rows("resources_by_name", name=reading.name):
            place = resource_of(row)
            if reading.fits(row["kind"], place):
                found[place] = min(strength(row["kind"]), found.get(place, WEAKEST))
    return found


def _candidates(
    places: Sequence[Resource], engine: Engine, text: str
) -> tuple[list[str], list[str]]:
    """For some of the resources, a text that refers to this resource only, and its title."""
    shown = sorted(
        places, key=lambda one: (one.resource_id, one.account_id, one.region, one.resource_type)
    )[:SHOWN]
    rows = engine.rows("ambiguous_ids", ids=sorted({one.resource_id for one in shown}))
    shared = {row["resource_id"] for row in rows}
    texts = [placed(one) if one.resource_id in shared else one.resource_id for one in shown]
    return texts, titles_of(shown, text)


def near(text: str, engine: Engine) -> list[str]:
    """Names that begin with the text or are spelled like it.

    A name that only one resource has is followed by the resource's ID.
    """
    found = near_names(text, engine)
    alone = {
        name: row["resource_id"]
        for name, row in found.items()
        if row["resources"] == 1 and row["resource_id"] != name
    }
    return [
        f"{name} ({alone[name]})" if name in alone else name for name in spelling.near(text, found)
    ]


def near_names(text: str, engine: Engine) -> dict[str, Mapping[str, Any]]:
    """Rows of names that may be spelled like the text."""
    typed = text.strip()
    return (
        {row["name"]: row for row in engine.rows("similar_names", text=typed)}
        if 0 < len(typed) <= spelling.LONGEST
        else {}
    )


def narrowed(filters: Mapping[str, Any], one: Resource | None) -> dict[str, Any]:
    """Query filters limited to one resource, without others that have the same ID.

    If ``one`` is None, the filters apply to all resources.
    """
    if one is None:
        return {**filters, "resource_id": None}
    own = {"accounts": one.account_id, "regions": one.region, "types": one.resource_type}
    some = {
        name: [value] if filters.get(name) is None or value in filters[name] else []
        for name, value in own.items()
        if value
    }
    return {**filters, **some, "resource_id": one.resource_id}


def resolve_in(found: Found, text: str) -> tuple[Resource, str]:
    """The only resource with an ID, a name or an address, and a note about places not read.

    Raises AmbiguousName and UnknownResource like ``resolve``, and AmbiguousName also if a place
    that was not read had another resource of this name when it was last read.
    """
    one = resolve(text, found.engine)
    gaps = found.commit.gaps
    rank = named(text, found.engine)[one] if gaps else strength(ID)
    if rank == strength(ID):
        return one, ""
    others = sorted({*_others(found, text, one, rank)}, key=placed)
    if others:
        every = [one, *others]
        raise AmbiguousName.of(text, texts_of(every), titles_of(every, text))
    return one, unread_names(gaps)


def unread_names(gaps: Sequence[Gap]) -> Text:
    """A note that names the places in which another resource could have the same name."""
    return phrase(
        "a resource of the same name would not be found where nothing was read: {}",
        joined(", ", places(gaps)),
    )


def optional_in(found: Found, text: str | None) -> Resource | None:
    """The same without the note; None for no text."""
    return None if text is None else resolve_in(found, text)[0]


def texts_of(every: Sequence[Resource]) -> list[str]:
    """A text for each resource that refers to this one only."""
    ids = [one.resource_id for one in every]
    return [placed(one) if ids.count(one.resource_id) > 1 else one.resource_id for one in every]


def titles_of(every: Sequence[Resource], text: str) -> list[str]:
    """What tells resources with the same name apart: their place, and a name other than ``text``.

    An ARN has the place already.
    """
    return [
        ", ".join(
            part
            for part in (
                "" if one.name in (text, one.resource_id) else one.name,
                "" if one.resource_id.startswith("arn:") else f"{one.account_id} {one.region}",
            )
            if part
        )
        for one in every
    ]


def _others(found: Found, text: str, one: Resource, rank: int) -> Iterator[Resource]:
    """Resources of this name in the places that were not read, when they were last read.

    ``rank`` is that of the name for the known resource; weaker names do not count. A resource that
    the snapshot read elsewhere, or under another name, is not among them.
    """
    for commit, gaps in islice(gap_readings(found), EARLIER):
        engine = found.sources.open([commit])
        for other, its_rank in named(text, engine).items():
            unread = its_rank <= rank and any(contains(gap, other) for gap in gaps)
            if unread and _place(other) != _place(one):
                here = found.engine.rows("resources_by_name", name=other.resource_id)
                if not any(_place(other) == tuple(row[key] for key in _KEYS) for row in here):
                    yield other


_KEYS = ("account_id", "region", "resource_type", "resource_id")


def _place(one: Resource) -> tuple[str, ...]:
    return tuple(getattr(one, key) for key in _KEYS)


def gap_readings(found: Found) -> Iterator[tuple[Commit, list[Gap]]]:
    """The snapshots that last read the gaps of this one, newest first, with these gaps."""
    dated: dict[datetime, list[Gap]] = {}
    for gap in found.commit.gaps:
        if gap.last_read not in ("", NEVER):
            dated.setdefault(datetime.fromisoformat(gap.last_read), []).append(gap)
    for commit in reversed(found.sources.stores.snapshots.commits() if dated else ()):
        if commit.sequence < found.commit.sequence and commit.started_at in dated:
            yield commit, dated[commit.started_at]


def contains(gap: Gap, one: Resource) -> bool:
    """Whether the resource may be in a cell that was not read."""
    return (
        gap.account_id in (ANY, one.account_id)
        and gap.region == one.region
        and gap.resource_type in (ANY, one.resource_type)
    )
