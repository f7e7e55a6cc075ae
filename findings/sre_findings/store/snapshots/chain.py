"""The chain of commits: each has the checksum of the one before it.

A commit has ``previous``, the sequence number and the checksum of the newest commit at that time;
null in the first commit of a store. If a snapshot is replaced or removed, the next commit still has
the old checksum. A pruned snapshot leaves its own checksum and ``previous`` in its tombstone, so
the chain leads through it. Commits of older versions have no ``previous``: they count as before the
chain began.

The checksum covers the content of a commit except its layout, which ``snapshots convert`` changes,
and its signature.
The chain does not show that the newest commits were removed: nothing follows them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings.store.objects.blobs import BlobReader, Missing
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.decoding import readable

PREVIOUS = "previous"
"""The key of a commit's predecessor."""
SUM = "sha256"
"""The key of a commit's checksum in ``previous`` and in a tombstone."""
SIGNATURE = "signature"
"""The key of a signature (``signing``)."""
_CHANGEABLE = ("layout", SIGNATURE)


@dataclass(frozen=True, slots=True)
class Link:
    """A commit or tombstone in the chain.

    ``sha256`` is the commit's checksum, empty in tombstones of older versions. ``chained`` is
    whether it has ``previous``, which is None in the first commit of a store.
    """

    key: str
    sequence: int
    sha256: str
    chained: bool
    previous: tuple[int, str] | None


def sum_of(values: Mapping[str, Any]) -> str:
    """Returns the checksum of a commit's content."""
    kept = {name: value for name, value in values.items() if name not in _CHANGEABLE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def link_to(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns the ``previous`` of the commit after this one; None if there is none before it."""
    return {"sequence": values["sequence"], SUM: sum_of(values)} if values else None


def predecessor(blobs: BlobReader, sequence: int) -> dict[str, Any] | None:
    """Returns the content of the newest commit before a number, or None if there is none."""
    numbers = [int(key.file) for name in blobs.keys(keys.COMMITS) if (key := keys.parse(name))]
    for number in sorted((one for one in numbers if one < sequence), reverse=True):
        try:
            values: dict[str, Any] = json.loads(blobs.read(keys.commit_key(number)))
        except Missing:  # pruned since it was listed
            continue
        return values
    return None


def breaks(blobs: BlobReader) -> Iterator[tuple[str, str]]:
    """Yields each file with a broken link, with the reason.

    Raises StoreUnreadable if a commit or tombstone cannot be read.
    """
    commits = {one.sequence: one for one in _links(blobs, keys.COMMITS)}
    stones = {one.sequence: one for one in _links(blobs, keys.TOMBSTONES)}
    yield from _disagreements(commits, stones)
    links = stones | commits
    begun = min((one.sequence for one in links.values() if one.chained), default=None)
    for one in (links[number] for number in sorted(links)):
        if begun is not None and one.sequence >= begun and (why := _fault(one, links, begun)):
            yield one.key, why


def _disagreements(
    commits: Mapping[int, Link], stones: Mapping[int, Link]
) -> Iterator[tuple[str, str]]:
    """Yields the tombstones of another commit than the one with their number.

    Both exist if a prune was interrupted, or if the commit was restored.
    """
    for number in sorted(commits.keys() & stones.keys()):
        stone = stones[number]
        if stone.sha256 and stone.sha256 != commits[number].sha256:
            yield stone.key, "it is the record of another snapshot than the one with its number"


def _fault(one: Link, links: Mapping[int, Link], begun: int) -> str | None:
    """Returns what is wrong with a link, or None."""
    if not one.chained:
        return f"it has no checksum of the snapshot before it, and number {begun} has one"
    if one.previous is None:
        lower = [number for number in links if number < one.sequence]
        return (
            f"it says that it is the first snapshot, but number {max(lower)} exists"
            if lower
            else None
        )
    number, digest = one.previous
    if number != one.sequence - 1:
        return f"number {one.sequence - 1} is missing: it was committed after number {number}"
    if number not in links:
        return f"number {number} is missing, and no record says that it was pruned"
    if links[number].sha256 != digest:
        return f"number {number} is not the snapshot that it was committed after"
    return None


def _links(blobs: BlobReader, folder: str) -> Iterator[Link]:
    """Yields the links of all commits, or of all tombstones."""
    for name in blobs.keys(folder):
        if key := keys.parse(name):
            try:
                body = blobs.read(name)
            except Missing:  # pruned since it was listed
                continue
            yield _link(name, int(key.file), body, pruned=folder == keys.TOMBSTONES)


def _link(key: str, sequence: int, body: bytes, *, pruned: bool) -> Link:
    with readable(f"{key} cannot be read"):
        values = json.loads(body)
        found = values.get(PREVIOUS)
        previous = (int(found["sequence"]), str(found[SUM])) if found is not None else None
        digest = str(values.get(SUM, "")) if pruned else sum_of(values)
        return Link(key, sequence, digest, PREVIOUS in values, previous)
