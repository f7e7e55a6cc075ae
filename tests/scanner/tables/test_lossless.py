"""Every input can be rebuilt from its rows."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.wire.coverage import decode_coverage
from sre_findings.inspector.wire.findings import decode_findings
from sre_findings.model.resources.owners import Owners
from sre_findings.model.timestamps import is_time
from sre_findings.store.schema.original_finding import finding as rebuild
from sre_scanner.spool.identities import identify
from sre_scanner.spool.order import put_in_order
from sre_scanner.spool.owners import owners_of
from sre_scanner.spool.spool import Spool
from sre_scanner.tables.coverage import CoverageRows
from sre_scanner.tables.details import Dimensions
from sre_scanner.tables.findings import Columns

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.one_of(
    st.floats(0, 2e9),
    st.integers(0, 2**31),
    st.floats(allow_nan=False, allow_infinity=False),
    st.just("2026-11-22T01:00:00Z"),
    WORDS,
)
PACKAGES = st.fixed_dictionaries(
    {},
    optional={"vulnerabilityId": WORDS, "source": WORDS, "vulnerablePackages": JSON, "cvss": JSON},
)
OPTIONAL = {
    "awsAccountId": st.sampled_from(["111122223333", "444455556666"]),
    "severity": st.sampled_from(["HIGH", "UNTRIAGED", "SOMETHING_NEW"]),
    "status": WORDS,
    "title": WORDS | st.integers(),
    "description": WORDS,
    "firstObservedAt": TIMES,
    "lastObservedAt": TIMES,
    "updatedAt": TIMES,
    "inspectorScore": st.floats(0, 10) | st.integers(0, 10) | st.just("9.8"),
    "resources": st.lists(st.fixed_dictionaries({"id": WORDS, "type": WORDS}), max_size=2)
    | JSON.filter(lambda v: v is not None),
    "packageVulnerabilityDetails": PACKAGES | JSON.filter(lambda v: v is not None),
    "epss": st.fixed_dictionaries({"score": st.floats(0, 1)})
    | JSON.filter(lambda v: v is not None),
    "remediation": JSON.filter(lambda v: v is not None),
    "fromTheFuture": JSON,
}


PLACE = ("20261122T010000Z", "eu-west-1")


def through(findings: list[dict[str, Any]] | bytes) -> dict[str, dict[str, Any]]:
    """Findings by ARN, after a round trip from the response through spool and columns.

    ``of`` is a list of findings, or the body of a page.
    """
    body = findings if isinstance(findings, bytes) else msgspec.json.encode({"findings": findings})
    with closing(Spool()) as spool:
        spool.add(decode_findings(body))
        rows = spool.rows()
        found = identify(spool.texts["resources"], Owners())
        where = put_in_order(spool, rows, found)
        shared = Dimensions(spool)
        owned = owners_of(spool, rows, found, where, {}, Owners())
        table = Columns(spool, rows, found, shared, PLACE, owned).table(where, 0, len(where.row))
        details = {
            row["details_id"]: row for one in shared.details_tables(*PLACE) for row in written(one)
        }
        packages = {
            row["packages_id"]: row["list"]
            for one in shared.packages_tables(*PLACE)
            for row in written(one)
            if row["list"]
        }
        return {
            row["finding_arn"]: rebuild(
                {**row, **details[row["details_id"]], "packages": packages.get(row["packages_id"])}
            )
            for row in written(table)
            if row["resource_index"] == 0
        }


def written(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as read from Parquet."""
    file = pa.BufferOutputStream()
    pq.write_table(table, file)
    rows: list[dict[str, Any]] = pq.read_table(file.getvalue()).to_pylist()
    return rows


@given(
    st.lists(st.fixed_dictionaries({}, optional=OPTIONAL), min_size=1, max_size=5),
    st.sampled_from(["032x", "032X", "d", "100x"]),
)
def test_a_finding_rebuilt_from_its_row_equals_the_original(
    fields: list[dict[str, Any]], form: str
) -> None:
    findings = {
        f"arn:aws:inspector2:eu-west-1:111122223333:finding/{i:{form}}": f
        for i, f in enumerate(fields)
    }
    back = through([{"findingArn": arn, **f} for arn, f in findings.items()])
    assert back == {arn: {"findingArn": arn, **f} for arn, f in findings.items()}


def test_missing_arns_nulls_and_invalid_text_are_rebuilt() -> None:
    finding = {
        "title": None,
        "description": "",
        "updatedAt": 1763773200000,
        "epss": None,
        "inspectorScore": 99,
    }
    (back,) = through([finding]).values()
    assert back == finding
    body = b'{"findings":[{"findingArn":"arn:a","title":"\\ud83d","epss":{"score":NaN}}]}'
    (back,) = through(body).values()
    assert back == {"findingArn": "arn:a", "title": "\ufffd", "epss": {"score": "NaN"}}


COVERED = st.fixed_dictionaries(
    {"resourceId": WORDS, "resourceType": WORDS, "accountId": WORDS, "scanType": WORDS},
    optional={
        "scanStatus": st.fixed_dictionaries({"statusCode": WORDS, "reason": WORDS}),
        "lastScannedAt": st.floats(0, 1e12) | st.integers(1_600_000_000, 1_900_000_000),
        "resourceMetadata": st.dictionaries(
            WORDS, st.dictionaries(WORDS, JSON, max_size=2), max_size=2
        ),
        "provider": WORDS,
        "fromTheFuture": JSON,
    },
)


@given(st.lists(COVERED, max_size=4))
def test_a_row_of_coverage_keeps_every_field_and_unknown_ones_are_counted(
    rows: list[dict[str, Any]],
) -> None:
    page = decode_coverage(msgspec.json.encode({"coveredResources": rows}))
    kept = CoverageRows(
        "20261122T010000Z", "eu-west-1", Owners(), datetime(2026, 11, 22, 1, tzinfo=UTC)
    )
    kept.add(page)
    table = kept.table(dict.fromkeys(kept.claims))
    others = ("provider", "fromTheFuture")
    extras = [json.loads(row["extra"]) if row["extra"] else {} for row in table.to_pylist()]
    times = [
        {k: row[k] for k in row if k == "lastScannedAt" and not is_time(row[k])} for row in rows
    ]
    kept_beside = [
        {k: row[k] for k in row if k in others} | time
        for row, time in zip(rows, times, strict=True)
    ]
    assert sorted(json.dumps(one, sort_keys=True) for one in extras) == sorted(
        json.dumps(o, sort_keys=True) for o in kept_beside
    )
    assert kept.unknown["coverage.fromTheFuture"] == sum("fromTheFuture" in row for row in rows)
    assert table.num_rows == len(rows)
