"""Names of resources in places that a snapshot did not read.

Names are not unique. If a snapshot knows one resource of a name, another one may have it in a place
that was not read, and the answer for the first would be taken for the other's. IDs and ARNs need no
such check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from sre_findings.model.errors import AmbiguousName
from sre_findings.model.resources.name_readings import placed
from sre_findings.model.resources.names import ID, strength
from sre_findings.model.snapshots.gaps import ANY, NEVER, Gap, places
from sre_findings.queries.resource_lookup import named, resolve

if TYPE_CHECKING:
    from sre_findings.model.resources.resource import Resource
    from sre_findings.sources.sources import Found
    from sre_findings.store.snapshots.reader import Commit

EARLIER = 3  # earlier snapshots to look into: mostly one read all that this one did not


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
        raise AmbiguousName(text, _texts(every), [other.name for other in every])
    where = ", ".join(places(gaps))
    return one, f"a resource of the same name would not be found where nothing was read: {where}"


def optional_in(found: Found, text: str | None) -> Resource | None:
    """The same without the note; None for no text."""
    return None if text is None else resolve_in(found, text)[0]


def _texts(every: Sequence[Resource]) -> list[str]:
    """A text for each resource that refers to this one only."""
    ids = [one.resource_id for one in every]
    return [placed(one) if ids.count(one.resource_id) > 1 else one.resource_id for one in every]


def _others(found: Found, text: str, one: Resource, rank: int) -> Iterator[Resource]:
    """Resources of this name in the places that were not read, when they were last read.

    ``rank`` is that of the name for the known resource; weaker names do not count. A resource that
    the snapshot read elsewhere, or under another name, is not among them.
    """
    for commit, gaps in islice(_readings(found), EARLIER):
        engine = found.sources.open([commit])
        for other, its_rank in named(text, engine).items():
            unread = its_rank <= rank and any(_contains(gap, other) for gap in gaps)
            if unread and _place(other) != _place(one):
                here = found.engine.rows("resources_by_name", name=other.resource_id)
                if not any(_place(other) == tuple(row[key] for key in _KEYS) for row in here):
                    yield other


_KEYS = ("account_id", "region", "resource_type", "resource_id")


def _place(one: Resource) -> tuple[str, ...]:
    return tuple(getattr(one, key) for key in _KEYS)


def _readings(found: Found) -> Iterator[tuple[Commit, list[Gap]]]:
    """The snapshots that last read the gaps of this one, newest first, with these gaps."""
    dated: dict[datetime, list[Gap]] = {}
    for gap in found.commit.gaps:
        if gap.last_read not in ("", NEVER):
            dated.setdefault(datetime.fromisoformat(gap.last_read), []).append(gap)
    for commit in reversed(found.sources.stores.snapshots.commits() if dated else ()):
        if commit.sequence < found.commit.sequence and commit.started_at in dated:
            yield commit, dated[commit.started_at]


def _contains(gap: Gap, one: Resource) -> bool:
    return (
        gap.account_id in (ANY, one.account_id)
        and gap.region == one.region
        and gap.resource_type in (ANY, one.resource_type)
    )
