"""Finds the resource that an ID, a name or an address refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sre_findings.model import spelling
from sre_findings.model.errors import AmbiguousName, UsageError
from sre_findings.model.resources.name_readings import placed, readings
from sre_findings.model.resources.names import WEAKEST, strength
from sre_findings.model.resources.resource import Resource
from sre_findings.rows.values import resource_of

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine

SHOWN = 25  # resources listed for an ambiguous name; the count includes all


class UnknownResource(UsageError):
    """No resource of the snapshot has this ID, name or address. ``near`` has similar ones."""

    def __init__(self, text: str, near: Sequence[str] = ()) -> None:
        do = f"Did you mean {' or '.join(near)}?" if near else "Check the id, name or address."
        super().__init__(f"the snapshot has no resource {text!r}", do=do)
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
        raise AmbiguousName(text, *_candidates(places, engine), total=len(places))
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


def _candidates(places: Sequence[Resource], engine: Engine) -> tuple[list[str], list[str]]:
    """For some of the resources, a text that refers to this resource only, and its name."""
    shown = sorted(
        places, key=lambda one: (one.resource_id, one.account_id, one.region, one.resource_type)
    )[:SHOWN]
    rows = engine.rows("ambiguous_ids", ids=sorted({one.resource_id for one in shown}))
    shared = {row["resource_id"] for row in rows}
    return [placed(one) if one.resource_id in shared else one.resource_id for one in shown], [
        one.name for one in shown
    ]


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
