"""Column numbers: every column has one, and a released number never changes."""

from __future__ import annotations

import hashlib
from importlib import resources

from sre_findings.store.schema.fields import fields, missing, numbered
from sre_findings.store.schema.tables import TABLES
from sre_findings.store.snapshots.reader import SCHEMA

RELEASED = 209, "b565b9f4275dfca05a056238ddbd502d5eb6834ffe4419eadbd43377d098646d"
"""The number of released columns, and the SHA-256 of their lines.

A new version appends lines, and its release updates both values.
"""


def test_the_lines_that_were_released_are_as_they_were() -> None:
    text = (resources.files("sre_findings.store.schema") / "fields.tsv").read_text(encoding="utf-8")
    count, digest = RELEASED
    lines = text.splitlines(keepends=True)[1 : count + 1]
    assert len(lines) == count
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == digest, (
        "fields.tsv is only appended to"
    )


def test_every_column_has_a_number_and_no_two_of_a_table_share_one() -> None:
    assert {table: {*schema.names} for table, schema in TABLES.items()} == {
        table: {name for name in known if name in TABLES[table].names}
        for table, known in fields().items()
    }
    for known in fields().values():
        numbers = [one.number for one in known.values()]
        # new columns are appended with the next number
        assert numbers == [*range(1, len(numbers) + 1)]


def test_no_column_is_newer_than_the_version_that_is_written() -> None:
    assert {one.since for known in fields().values() for one in known.values()} <= {
        *range(1, SCHEMA + 1)
    }
    assert missing("findings", 1) == ["reachability", "reachability_reason", "not_understood"]
    assert missing("findings", SCHEMA) == []


def test_a_schema_with_numbers_is_the_same_schema() -> None:
    for table, schema in TABLES.items():
        with_numbers = numbered(table, schema)
        assert with_numbers.equals(schema)
        assert [one.metadata[b"PARQUET:field_id"] for one in with_numbers] == [
            str(fields()[table][name].number).encode() for name in schema.names
        ]
