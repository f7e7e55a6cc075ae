"""The JSON objects of the output contract, built from their values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sre_findings.model.answers.answer import (
    LIVE,
    SNAPSHOT,
    CoverageAnswer,
    Group,
    Proof,
    ResourceAnswer,
    SummaryAnswer,
)
from sre_findings.model.answers.verdict import VULNERABLE, Verdict
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.resources.resource import INSTANCE, Resource
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.timestamps import iso

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
PROOF = Proof(
    SNAPSHOT,
    "20261122T010000Z",
    AS_OF,
    60,
    "partial",
    "for all visible accounts",
    (Reason("not_ended", "denied", "eu-west-1"),),
)
GAP = Coverage(
    "i-1", INSTANCE, "1", "eu-west-1", "PACKAGE", "INACTIVE", "NO_INVENTORY", None, AS_OF, "web"
)
OPEN = Verdict(VULNERABLE, "findings", "Inspector reports open findings", ("a note",))
FINDING = Finding(
    finding_arn="arn:aws:inspector2:eu-west-1:1:finding/1",
    vulnerability_id="CVE-2026-1",
    severity="HIGH",
    status="ACTIVE",
    type="PACKAGE_VULNERABILITY",
    title="CVE-2026-1 - openssl, libssl",
    packages=(
        Package("openssl", "1", "2", "OS"),
        Package("libssl", "1", "3"),
        Package("libcrypto", "", "2"),
        Package("old", "0"),
    ),
    fix_available="YES",
    exploit_available=None,
    epss_score=0.5,
    inspector_score=None,
    first_observed_at=AS_OF - timedelta(days=3),
    last_observed_at=AS_OF,
    resource_id="i-1",
    resource_type=INSTANCE,
    resource_name="web",
    account_id="1",
    region="eu-west-1",
)


def test_a_resource_answer_is_the_contracts_object() -> None:
    resource = Resource("i-1", INSTANCE, "1", "eu-west-1", "web")
    rollup = Rollup(Counts(high=1), 2, 1, 0, 1)
    answer = ResourceAnswer(
        resource,
        OPEN,
        rollup,
        (GAP,),
        (FINDING,),
        9,
        "cursor",
        PROOF,
        filters={"severities": ["HIGH"]},
    )
    values = json.loads(json.dumps(answer.to_json()))
    assert values["counts"] == {**dict.fromkeys(values["counts"], 0), "high": 1, "total": 1}
    assert (values["suppressed"], values["fixable"], values["exploitable"], values["kev"]) == (
        2,
        1,
        0,
        0,
    )
    assert (values["resource_id"], values["name"], values["verdict"], values["reason"]) == (
        "i-1",
        "web",
        "vulnerable",
        "findings",
    )
    assert (values["source"], values["snapshot_id"], values["as_of"]) == (
        "snapshot",
        "20261122T010000Z",
        "2026-11-22T01:00:00Z",
    )
    assert (values["total_findings"], values["next_cursor"], values["filters"]) == (
        9,
        "cursor",
        {"severities": ["HIGH"]},
    )
    assert values["certificate"] == {
        "state": "partial",
        "claim": "for all visible accounts",
        "reasons": ["eu-west-1: denied"],
    }
    assert values["coverage"][0]["remedy"] == "Check the SSM agent and its inventory association."
    assert values["notes"] == ["a note"]


def test_what_is_not_known_is_null_in_json() -> None:
    nothing = Proof(SNAPSHOT, None, None, None, None)
    values = ResourceAnswer(
        Resource("x", "", "", ""), OPEN, Rollup(), (), (), 0, None, nothing
    ).to_json()
    unknown = (
        "resource_type",
        "name",
        "account_id",
        "region",
        "certificate",
        "as_of",
        "age_seconds",
    )
    assert all(values[name] is None for name in unknown)


def test_a_summary_has_groups_only_where_it_was_asked_by_something() -> None:
    plain = SummaryAnswer(OPEN, Rollup(), 2, PROOF).to_json()
    assert plain["not_scanned"] == 2
    assert "groups" not in plain
    grouped = SummaryAnswer(
        OPEN, Rollup(), 2, PROOF, "owner", (Group("", "", Rollup(Counts(low=1))),)
    ).to_json()
    assert grouped["by"] == "owner"
    assert grouped["groups"][0]["value"] is None
    assert grouped["groups"][0]["name"] is None
    assert grouped["groups"][0]["counts"]["total"] == 1


def test_a_coverage_answer_counts_resources_and_not_rows() -> None:
    never = Coverage("i-1", INSTANCE, "1", "eu-west-1", "NETWORK", "ACTIVE", "SUCCESSFUL")
    answer = CoverageAnswer(
        3, (GAP, never), (Gap("1", "eu-west-1", INSTANCE, "PACKAGE", "denied"),), PROOF
    ).to_json()
    assert (answer["scanned"], answer["not_scanned"]) == (3, 1)
    assert answer["cells"][0]["state"] == "denied"
    assert [(row["remedy"], row["last_scanned_at"], row["name"]) for row in answer["gaps"]] == [
        ("Check the SSM agent and its inventory association.", "2026-11-22T01:00:00Z", "web"),
        ("", None, None),
    ]


@pytest.mark.parametrize(
    ("source", "state", "too_old", "sure"),
    [
        (SNAPSHOT, "complete", False, True),
        (SNAPSHOT, "complete", True, False),
        (SNAPSHOT, "partial", False, False),
        (SNAPSHOT, None, False, False),
        (LIVE, None, False, True),
    ],
)
def test_only_a_complete_young_snapshot_or_a_live_answer_is_sure(
    source: str, state: str, too_old: bool, sure: bool
) -> None:
    assert Proof(source, None, None, None, state, too_old=too_old).sure is sure


def test_versions_are_named_once_in_the_order_of_their_packages() -> None:
    assert (FINDING.fixed_in, FINDING.installed) == ("2, 3", "1, 0")
    values = FINDING.to_json()
    assert values["fixed_in"] == "2, 3"
    assert values["first_observed_at"] == "2026-11-19T01:00:00Z"
    assert values["packages"][0] == {
        "name": "openssl",
        "version": "1",
        "fixed_in": "2",
        "manager": "OS",
        "path": None,
        "reachability": None,
        "reachability_reason": None,
        "purl": None,
    }


def test_a_moment_is_written_in_utc_with_milliseconds_only_where_there_are_some() -> None:
    assert iso(AS_OF) == "2026-11-22T01:00:00Z"
    assert iso(AS_OF.replace(microsecond=98000)) == "2026-11-22T01:00:00.098Z"
    assert iso(AS_OF.astimezone(timezone(timedelta(hours=2)))) == "2026-11-22T01:00:00Z"
