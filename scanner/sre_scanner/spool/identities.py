"""The resources that a spool's findings refer to.

There is one entry per resource of each distinct ``resources`` text.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sre_findings.inspector.owner_tags import by_finding
from sre_findings.inspector.wire.finding_parts import WireResource, decode_resources
from sre_findings.model.resources.names import Name, of_finding
from sre_findings.model.resources.owners import Owners
from sre_scanner.spool.attributes import Attributes, attributes_of
from sre_scanner.spool.texts import Texts

_CHUNK = 1024


@dataclass(slots=True)
class Identities:
    """Resources by number.

    ``first`` and ``many`` give the entries that belong to the number of a ``resources`` text.
    ``rank`` orders the entries by (resource id, type); entries of one resource share a rank,
    whatever text they come from. ``owners`` are the owners from each entry's tags, ``tagged`` is
    whether it has any tags, and ``claim`` orders the entries by (owner, name). ``called`` are all
    names of each.
    """

    ids: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    tagged: list[bool] = field(default_factory=list)
    traits: list[Attributes] = field(default_factory=list)
    called: list[frozenset[Name]] = field(default_factory=list)
    first: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    many: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    rank: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    claim: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def identify(texts: Texts, owners: Owners) -> Identities:
    """Reads every distinct ``resources`` text once.

    A finding without a readable resource gets a resource with an empty id.
    """
    found, many = Identities(), [0] * len(texts)
    for start in range(0, len(texts), _CHUNK):
        for number, text in enumerate(
            texts.read(range(start, min(start + _CHUNK, len(texts)))), start
        ):
            resources = _distinct(decode_resources(text) if text else []) or [WireResource(id="")]
            many[number] = len(resources)
            _add(found, resources, owners)
    texts.release()
    found.many = np.array(many, np.int32)
    found.first = np.cumsum(found.many, dtype=np.int32) - found.many
    found.rank = _ranks(list(zip(found.ids, found.types, strict=True)))
    found.claim = _ranks(
        [(owner, name or "") for owner, name in zip(found.owners, found.names, strict=True)]
    )
    return found


def _distinct(resources: list[WireResource]) -> list[WireResource]:
    """Returns each resource once, even if a finding lists it twice."""
    found: dict[tuple[str, str], WireResource] = {}
    for one in resources:
        found.setdefault((one.type, one.id), one)
    return list(found.values())


def _add(found: Identities, resources: list[WireResource], owners: Owners) -> None:
    for resource in resources:
        claim = by_finding(owners, resource)
        found.ids.append(resource.id)
        found.types.append(resource.type)
        found.names.append(claim.name)
        found.owners.append(sys.intern(claim.owner))
        found.tagged.append(claim.tagged)
        found.traits.append(attributes_of(resource.id, resource.tags or {}, resource.details))
        found.called.append(of_finding(resource.id, resource.tags or {}, resource.details))


def _ranks(keys: list[tuple[str, str]]) -> npt.NDArray[np.int64]:
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return np.array([places[key] for key in keys], np.int64)
