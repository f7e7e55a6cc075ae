"""Decodes commits, manifests and shard records.

One that names anything but its own snapshot's files is refused, before anything is read, written or
deleted. A commit must have the sequence number of its key. A manifest must be of the commit's
snapshot, and every part in it must match the grammar of ``keys``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.snapshots import keys

if TYPE_CHECKING:
    from sre_findings.model.snapshots.scan_plan import Plan
    from sre_findings.model.snapshots.shard_facts import Part, ShardFacts

T = TypeVar("T")
_MOST = 10**12  # findings, rows or bytes: more than any snapshot can have
RESTORE = "Restore it."
_UNEXPECTED = (
    ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
_KINDS = {"state": str, "claim": str, "totals": dict, "account_names": dict, "slot": str}
_VERIFY = "Run: sre-cli snapshots verify."


def commit_of(
    key: str, url: str, body: bytes, newest: int, make: Callable[[Mapping[str, Any]], T]
) -> T:
    """Returns what ``make`` returns for the content of a commit's file with this key.

    ``newest`` is the highest version of the tables that can be read. Raises StoreUnreadable if
    a newer version wrote the commit, or if it is damaged.
    """
    with readable(f"{url}/{key} is not a commit"):
        values = json.loads(body)
        if _is_newer(values, newest):
            raise _of_a_newer_version(f"{url}/{key}", values, newest)
        _check_commit(key, values)
        return make(values)


def tombstone_values(key: str, body: bytes) -> dict[str, Any]:
    """Returns the content of the record of a pruned snapshot. Raises StoreUnreadable."""
    with readable(f"{key} is not the record of a pruned snapshot"):
        values: dict[str, Any] = json.loads(body)
        named = keys.parse(key)
        if named is None or values["sequence"] != int(named.file):
            raise ValueError(f"it has the sequence number {values['sequence']!r}")
        if not keys.is_snapshot_id(values["snapshot_id"]):
            raise ValueError(f"{values['snapshot_id']!r} is not the id of a snapshot")
        return values


def shard_of(snapshot_id: str, body: bytes) -> ShardFacts:
    """Returns a shard's record. Raises StoreUnreadable if it is damaged."""
    from sre_findings.model.snapshots.shard_facts import ShardFacts

    with decoding(snapshot_id, "the record of a shard"):
        facts = ShardFacts.from_json(json.loads(body))
        check_parts(facts.parts)
        return facts


def check_plan(plan: Plan, snapshot_id: str, sequence: int, started_at: datetime) -> None:
    """Raises ValueError if the plan is not that of the snapshot with these values."""
    if (plan.snapshot_id, plan.sequence) != (snapshot_id, sequence):
        raise ValueError(f"it is of snapshot {plan.snapshot_id!r}, number {plan.sequence!r}")
    if datetime.fromisoformat(plan.created_at) != started_at:
        raise ValueError(f"its scan started at {plan.created_at}, and the commit says otherwise")


def check_parts(parts: Iterable[Part]) -> None:
    """Raises ValueError if one of them is not a part, or is listed twice."""
    seen: set[str] = set()
    for part in parts:
        _check_part(part)
        if part.key in seen:
            raise ValueError(f"it lists {part.key} twice")
        seen.add(part.key)


def damaged(snapshot_id: str, why: str) -> StoreUnreadable:
    """Returns the error for a damaged snapshot."""
    return StoreUnreadable(f"snapshot {snapshot_id} is damaged", why=why, do=_VERIFY)


@contextlib.contextmanager
def readable(what: str) -> Iterator[None]:
    """Raises StoreUnreadable with ``what`` for a file without the expected content."""
    try:
        yield
    except _UNEXPECTED as error:
        raise StoreUnreadable(what, why=_first_line(error), do=RESTORE) from error


@contextlib.contextmanager
def decoding(snapshot_id: str, what: str) -> Iterator[None]:
    """Raises StoreUnreadable for a file of a snapshot without the expected content."""
    try:
        yield
    except _UNEXPECTED as error:
        raise damaged(snapshot_id, f"{what} cannot be used: {_first_line(error)}") from error


def _check_commit(key: str, values: Mapping[str, Any]) -> None:
    """Raises ValueError if the commit has another key's number or an invalid ID or checksum."""
    named = keys.parse(key)
    if named is None or named.kind != "commit":
        raise ValueError("its name is not a sequence number of twelve digits")
    if not _is_count(values["sequence"]) or values["sequence"] != int(named.file):
        raise ValueError(f"it has the sequence number {values['sequence']!r}")
    if not keys.is_snapshot_id(str(values["snapshot_id"])):
        raise ValueError(f"{values['snapshot_id']!r} is not the id of a snapshot")
    if wrong := [name for name, count in values["totals"].items() if not _is_count(count)]:
        raise ValueError(f"its totals have {values['totals'][wrong[0]]!r} for {wrong[0]!r}")
    if not keys.is_sha256(str(values["manifest_sha256"])):
        raise ValueError(f"{values['manifest_sha256']!r} is not a SHA-256")
    _check_kinds(values)
    if (
        not _is_count(layout := values.get("layout", keys.BY_SNAPSHOT))
        or layout not in keys.LAYOUTS
    ):
        raise ValueError(f"{layout!r} is not a layout")


def _check_kinds(values: Mapping[str, Any]) -> None:
    """Raises TypeError for a field of another type, ValueError for a time without a time zone."""
    for name, kind in _KINDS.items():
        if not isinstance(found := values.get(name, kind()), kind):
            raise TypeError(f"{name} is {found!r}")
    for name in ("started_at", "ended_at"):
        if datetime.fromisoformat(values[name]).tzinfo is None:
            raise ValueError(f"{name} has no time zone")


def _check_part(part: Part) -> None:
    if not keys.is_part(part.key):
        raise ValueError(f"{part.key!r} is not the name of a part")
    if not keys.is_sha256(part.sha256):
        raise ValueError(f"{part.sha256!r} is not the SHA-256 of {part.key}")
    if not (_is_count(part.rows) and _is_count(part.bytes)):
        raise ValueError(f"{part.key} has {part.rows!r} rows and {part.bytes!r} bytes")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_newer(values: Mapping[str, Any], newest: int) -> bool:
    """Returns whether a newer, unsupported version of the product wrote the commit."""
    fields = dict(values)
    return (
        int(fields.get("schema", 1)) > newest
        or int(fields.get("layout", keys.BY_SNAPSHOT)) > keys.LAYOUT
    )


def _of_a_newer_version(place: str, values: Mapping[str, Any], newest: int) -> StoreUnreadable:
    versions = (
        f"tables of version {values.get('schema', 1)} in layout"
        f" {values.get('layout', keys.BY_SNAPSHOT)}"
    )
    why = f"it has {versions}, and this version reads up to {newest} and {keys.LAYOUT}"
    return StoreUnreadable(
        f"{place} was written by a newer version",
        why=why,
        do="Upgrade this one: pip install --upgrade.",
    )


def _first_line(error: Exception) -> str:
    from sre_findings.aws_errors import first_line  # imported only for errors (3 ms)

    return first_line(error)
