"""What a list calls a resource: its name, and where it is if other resources have the same name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine


class Sharers(NamedTuple):
    """The number of resources with one name, and of the account/region pairs that they are in."""

    resources: int
    places: int


def resource_labels(rows: Sequence[Mapping[str, Any]], engine: Engine) -> list[str]:
    """The name of the resource of each row; its ID if it has none.

    A name that other resources of the newest snapshot, or of the rows, have too is followed by
    account and region, or by the ID of the resource if these do not tell it from the others.
    """
    shared = _listed(rows)
    if names := sorted({row["resource_name"] for row in rows if row["resource_name"]}):
        for row in engine.rows("shared_names", names=names):
            shared[row["name"]] = Sharers(row["resources"], row["places"])
    return [_label(row, shared.get(row["resource_name"])) for row in rows]


def _listed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sharers]:
    """The names that several resources of the rows have: some may be gone since."""
    places = defaultdict[str, set[tuple[str, str, str]]](set)
    for row in rows:
        places[row["resource_name"]].add((row["account_id"], row["region"], row["resource_id"]))
    return {
        name: Sharers(len(every), len({place[:2] for place in every}))
        for name, every in places.items()
        if name and len(every) > 1
    }


def _label(row: Mapping[str, Any], sharers: Sharers | None) -> str:
    name, own = row["resource_name"], row["resource_id"]
    if not name or sharers is None:
        return str(name or own)
    ids = [own] if sharers.resources > sharers.places else []
    place = [row["account_id"], row["region"]] if sharers.places > 1 else []
    return f"{name} ({' '.join(filter(None, [*ids, *place]))})"
