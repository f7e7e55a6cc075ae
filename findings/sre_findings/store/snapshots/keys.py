"""The keys of all files in a store. No other module builds or parses keys.

    commits/000000000042.json                       the commit: makes the snapshot visible
    snapshots/20261122T010000Z/plan.json            what will be read; the first file that is
                                                    written and the last that is removed
                              /shards/eu-west-1.json    the results of one shard
                              /manifest.json        completeness check, all parts with SHA-256
    tables/findings/snapshot_id=20261122T010000Z/part-eu-west-1-00000.parquet
    pruned/000000000042.json                        what was pruned, when and why
    holds/20261122T010000Z.json                     a legal hold
    snapshots/doctor/20261122T010000Z-0a1b…         a test object of sre-cli doctor, while it runs

The table comes first in the key, so each table is one folder with one schema and one partition key
for Athena, Spark, Snowflake, crawlers and globs. A manifest identifies a part by table and file,
``findings/part-eu-west-1-00000.parquet``, independently of the layout.

In the first layout all files of a snapshot were in one folder,
``snapshots/snapshot_id=20261122T010000Z/{plan.json,findings/part-…}``. It can still be read, and
``sre-cli snapshots convert`` migrates it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sre_findings.model.errors import StoreUnreadable

BY_SNAPSHOT, BY_TABLE = 1, 2
LAYOUTS = (BY_SNAPSHOT, BY_TABLE)
LAYOUT = BY_TABLE
"""The layout that is written. The commit of a snapshot records which one it has."""

PARTITION = "snapshot_id"
"""The only partition key of every table."""

RECORDS = "snapshots/"
TABLES = "tables/"
COMMITS = "commits/"
TOMBSTONES = "pruned/"
HOLDS = "holds/"
CONVERTED = "converted.json"
TRIALS = "snapshots/doctor/"  # doctor checks write and delete permissions here

_ID = r"\d{8}T\d{6}Z(?:-\d+)?"
_TABLE = r"[a-z][a-z_]*"
_FILE = r"part-[A-Za-z0-9-]+\.parquet"
_SHARD = r"[A-Za-z0-9-]+"
_RECORD = rf"(?:plan|manifest|converted|shards/{_SHARD})\.json"
_NUMBER = r"\d{12}"
_SHA256 = r"[0-9a-f]{64}"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


_SNAPSHOT_ID, _PART, _SHARD_NAME = _pattern(_ID), _pattern(rf"{_TABLE}/{_FILE}"), _pattern(_SHARD)
_TABLE_NAME, _SUM, _SEQUENCE = _pattern(_TABLE), _pattern(_SHA256), _pattern(_NUMBER)
_KEYS = {
    "part": (
        (
            BY_TABLE,
            _pattern(rf"tables/(?P<table>{_TABLE})/snapshot_id=(?P<id>{_ID})/(?P<file>{_FILE})"),
        ),
        (
            BY_SNAPSHOT,
            _pattern(rf"snapshots/snapshot_id=(?P<id>{_ID})/(?P<table>{_TABLE})/(?P<file>{_FILE})"),
        ),
    ),
    "record": (
        (BY_TABLE, _pattern(rf"snapshots/(?P<id>{_ID})/(?P<file>{_RECORD})")),
        (BY_SNAPSHOT, _pattern(rf"snapshots/snapshot_id=(?P<id>{_ID})/(?P<file>{_RECORD})")),
    ),
    "commit": ((LAYOUT, _pattern(rf"commits/(?P<file>{_NUMBER})\.json")),),
    "tombstone": ((LAYOUT, _pattern(rf"pruned/(?P<file>{_NUMBER})\.json")),),
    "hold": ((LAYOUT, _pattern(rf"holds/(?P<id>{_ID})\.json")),),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A parsed key.

    ``kind`` is part, record, commit, tombstone or hold. ``file`` is the name within its folder,
    or the number.
    """

    kind: str
    layout: int
    snapshot_id: str = ""
    table: str = ""
    file: str = ""


def parse(key: str) -> Key | None:
    """Returns the parsed key, or None if it is not a key of a store."""
    for kind, patterns in _KEYS.items():
        for layout, pattern in patterns:
            if found := pattern.fullmatch(key):
                named = found.groupdict()
                return Key(
                    kind,
                    layout,
                    named.get("id") or "",
                    named.get("table") or "",
                    named.get("file") or "",
                )
    return None


def is_snapshot_id(text: str) -> bool:
    """Returns whether the text has the form of a snapshot ID."""
    return _SNAPSHOT_ID.fullmatch(text) is not None


def is_table(text: str) -> bool:
    """Returns whether the text has the form of a table name."""
    return _TABLE_NAME.fullmatch(text) is not None


def is_part(text: str) -> bool:
    """Returns whether the text has the form of a part in a manifest: ``table/file``."""
    return _PART.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """Returns whether the text has the form of a SHA-256: 64 hexadecimal digits."""
    return _SUM.fullmatch(text) is not None


def copy_of(snapshot_id: str, sha256: str) -> str:
    """Returns the place of a part's copy in the local cache, by the part's checksum."""
    name = _checked(sha256, _SUM, "a SHA-256")
    return f"{_checked(snapshot_id, _SNAPSHOT_ID, 'the id of a snapshot')}/{name}.parquet"


def records(snapshot_id: str, layout: int = LAYOUT) -> str:
    """Returns the folder of a snapshot's plan, shard records and manifest. It ends with ``/``.

    In the first layout this folder also contains the parts.
    """
    named = _checked(snapshot_id, _SNAPSHOT_ID, "the id of a snapshot")
    _check_layout(layout)
    return f"{RECORDS}{named}/" if layout == BY_TABLE else f"{RECORDS}{PARTITION}={named}/"


def plan_key(snapshot_id: str, layout: int = LAYOUT) -> str:
    """Returns the key of a snapshot's plan."""
    return f"{records(snapshot_id, layout)}plan.json"


def manifest_key(snapshot_id: str, layout: int = LAYOUT) -> str:
    """Returns the key of a snapshot's manifest."""
    return f"{records(snapshot_id, layout)}manifest.json"


def shard_key(snapshot_id: str, shard: str, layout: int = LAYOUT) -> str:
    """Returns the key of a shard's record."""
    name = _checked(shard, _SHARD_NAME, "the name of a shard")
    return f"{records(snapshot_id, layout)}shards/{name}.json"


def converted_key(snapshot_id: str) -> str:
    """Returns the key of the file that records when a snapshot was migrated from the first layout.

    See store/snapshots/layout_migration.py.
    """
    return records(snapshot_id, BY_SNAPSHOT) + CONVERTED


def table_folder(table: str) -> str:
    """Returns the folder of a table with all its snapshots. It ends with ``/``.

    This is the location for a crawler, a Glue table or an external table.
    """
    return f"{TABLES}{_checked(table, _TABLE_NAME, 'the name of a table')}/"


def partition(table: str, snapshot_id: str, layout: int = LAYOUT) -> str:
    """Returns the folder of one snapshot's parts of a table. It ends with ``/``."""
    if layout == BY_SNAPSHOT:
        return (
            f"{records(snapshot_id, layout)}{_checked(table, _TABLE_NAME, 'the name of a table')}/"
        )
    _check_layout(layout)
    name = _checked(snapshot_id, _SNAPSHOT_ID, "the id of a snapshot")
    return f"{table_folder(table)}{PARTITION}={name}/"


def part_key(snapshot_id: str, part: str, layout: int = LAYOUT) -> str:
    """Returns the key of a part. Manifests identify it as ``table/file``."""
    table, _, file = _checked(part, _PART, "the name of a part").partition("/")
    return partition(table, snapshot_id, layout) + file


def commit_key(sequence: int) -> str:
    """Returns the key of a commit. Its twelve digits sort keys in the order of commits."""
    return f"{COMMITS}{_digits(sequence)}.json"


def tombstone_key(sequence: int) -> str:
    """Returns the key of the tombstone of a pruned snapshot."""
    return f"{TOMBSTONES}{_digits(sequence)}.json"


def hold_key(snapshot_id: str) -> str:
    """Returns the key of a legal hold."""
    return f"{HOLDS}{_checked(snapshot_id, _SNAPSHOT_ID, 'the id of a snapshot')}.json"


def _digits(sequence: int) -> str:
    return _checked(f"{sequence:012d}", _SEQUENCE, "the sequence number of a snapshot")


def _check_layout(layout: int) -> None:
    if layout not in LAYOUTS:
        raise StoreUnreadable(f"{layout!r} is not a layout", do="Run: sre-cli snapshots verify.")


def _checked(text: str, pattern: re.Pattern[str], what: str) -> str:
    """Returns the text if it matches the pattern. Raises StoreUnreadable otherwise.

    The text comes from a file in the store and could otherwise point outside its folder.
    """
    if not pattern.fullmatch(text):
        raise StoreUnreadable(f"{text!r} is not {what}", do="Run: sre-cli snapshots verify.")
    return text
