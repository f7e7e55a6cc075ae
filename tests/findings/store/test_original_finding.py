"""A row gives the finding back as Inspector sent it, field by field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.store.schema.original_finding import epoch, finding
from sre_findings.store.schema.tables import (
    COUNTS,
    COVERAGE,
    DETAILS,
    FINDINGS,
    PACKAGES,
    RESOURCES,
    WHOLE,
)

EMPTY: dict[str, Any] = dict.fromkeys(WHOLE.names)
FULL = {
    **EMPTY,
    "snapshot_id": "20261122T010000Z",
    "finding_arn": "arn",
    "resource_index": 0,
    "account_id": "1",
    "region": "eu-west-1",
    "resource_id": "i-1",
    "severity": "HIGH",
    "severity_rank": 1,
    "status": "ACTIVE",
    "type": "PACKAGE_VULNERABILITY",
    "title": "",
    "inspector_score": 0.0,
    "first_observed_at": datetime(2023, 3, 7, 20, 23, 4, 98000, UTC),
    "vulnerability_details": '{"vulnerabilityId":"CVE-1","odd":[null]}',
    "packages": '[{"name":"a"}]',
    "resources": '[{"id":"i-1"}]',
    "epss": '{"score":0.5}',
    "remediation": "null",
    "extra": '{"unheardOf":{"a":1},"updatedAt":"2023-03-07T20:23:04Z"}',
}


def test_a_full_row_is_the_finding_that_came() -> None:
    assert finding(FULL) == {
        "findingArn": "arn",
        "awsAccountId": "1",
        "severity": "HIGH",
        "status": "ACTIVE",
        "type": "PACKAGE_VULNERABILITY",
        "title": "",
        "inspectorScore": 0.0,
        "firstObservedAt": 1678220584.098,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-1",
            "odd": [None],
            "vulnerablePackages": [{"name": "a"}],
        },
        "resources": [{"id": "i-1"}],
        "epss": {"score": 0.5},
        "remediation": None,
        "unheardOf": {"a": 1},
        "updatedAt": "2023-03-07T20:23:04Z",
    }


def test_absent_fields_stay_absent_and_so_do_our_own_columns() -> None:
    assert finding(
        {**EMPTY, "finding_arn": "arn", "region": "eu-west-1", "owner": "web", "epss_score": 0.1}
    ) == {"findingArn": "arn"}


def test_what_did_not_fit_its_column_comes_from_extra() -> None:
    row = {
        **FULL,
        "extra": json.dumps(
            {"title": 5, "firstObservedAt": "2023-03-07T20:23:04.098Z", "epss": None}
        ),
    }
    back = finding(row)
    assert (back["title"], back["firstObservedAt"], back["epss"]) == (
        5,
        "2023-03-07T20:23:04.098Z",
        None,
    )


@pytest.mark.parametrize("packages", [None, "[]", "null"])
def test_a_vulnerability_with_or_without_packages_stays_so(packages: str | None) -> None:
    details = finding({**FULL, "packages": packages})["packageVulnerabilityDetails"]
    assert ("vulnerablePackages" in details) == (packages is not None)
    if packages is not None:
        assert details["vulnerablePackages"] == json.loads(packages)


@given(st.integers(0, 2**33 * 1000))
def test_milliseconds_since_1970_come_back_as_they_were_sent(milliseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert epoch(moment) == milliseconds / 1000


@given(st.floats(-6e10, 2.5e11, allow_nan=False).map(lambda seconds: round(seconds * 1e6)))
def test_microseconds_are_exact_before_and_after_1970(microseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert epoch(moment) == microseconds / 1e6


def test_every_column_of_the_schema_is_read_or_is_known_to_be_ours() -> None:
    class Seen(dict[str, Any]):
        asked: set[str] = set()  # noqa: RUF012 - used by one test

        def __getitem__(self, name: str) -> Any:
            self.asked.add(name)
            return super().__getitem__(name)

    finding(Seen(FULL))
    ours = {
        "snapshot_id",
        "resource_index",
        "region",
        "resource_type",
        "resource_id",
        "resource_name",
        "owner",
        "severity_rank",
        "vulnerability_id",
        "vulnerability_source",
        "epss_score",
        "subject",
        "reachability",
        "reachability_reason",
        "not_understood",
    }
    assert Seen.asked == set(WHOLE.names) - ours


def test_every_file_names_its_snapshot_and_resources_count_every_severity() -> None:
    assert {schema.names[0] for schema in (FINDINGS, COVERAGE, RESOURCES, DETAILS, PACKAGES)} == {
        "snapshot_id"
    }
    assert set(COUNTS) <= set(RESOURCES.names)
