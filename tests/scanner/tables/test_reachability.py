"""Reachability, package URLs and the use of images, from responses to columns."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec

from sre_findings.inspector.wire.coverage import decode_coverage
from sre_findings.inspector.wire.findings import decode_findings
from sre_findings.model.resources.owners import Owners
from sre_scanner.spool.identities import identify
from sre_scanner.spool.order import put_in_order
from sre_scanner.spool.owners import owners_of
from sre_scanner.spool.spool import Spool
from sre_scanner.tables.coverage import CoverageRows
from sre_scanner.tables.details import Dimensions
from sre_scanner.tables.findings import Columns
from sre_scanner.tables.resources import resources_table

PLACE = ("20261122T010000Z", "eu-west-1")
IMAGE = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/one/sha256:" + "ab" * 32
Rows = list[dict[str, Any]]


def columns(*findings: dict[str, Any]) -> tuple[Rows, Rows, Rows]:
    """Rows of findings, packages and resources for some findings."""
    arn = "arn:aws:inspector2:eu-west-1:111122223333:finding/{:032x}"
    wire = [
        {"findingArn": arn.format(n), "status": "ACTIVE", **one} for n, one in enumerate(findings)
    ]
    with closing(Spool()) as spool:
        spool.add(decode_findings(msgspec.json.encode({"findings": wire})))
        rows, found = spool.rows(), identify(spool.texts["resources"], Owners())
        where, shared = put_in_order(spool, rows, found), Dimensions(spool)
        owned = owners_of(spool, rows, found, where, {}, Owners())
        table = Columns(spool, rows, found, shared, PLACE, owned).table(where, 0, len(where.row))
        packages = [row for one in shared.packages_tables(*PLACE) for row in one.to_pylist()]
        return (
            table.to_pylist(),
            packages,
            resources_table(spool, found, where, PLACE, owned).to_pylist(),
        )


def of_packages(*packages: dict[str, Any]) -> dict[str, Any]:
    return {
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-1",
            "vulnerablePackages": list(packages),
        }
    }


def of_image(**use: Any) -> dict[str, Any]:
    return {
        "resources": [
            {
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "id": IMAGE,
                "details": {"awsEcrContainerImage": use},
            }
        ]
    }


def test_findings_and_packages_have_the_reachability_of_their_list() -> None:
    reached = {
        "name": "a",
        "version": "1",
        "runtimeReachability": "REACHABLE",
        "purl": "pkg:deb/debian/a@1",
        "runtimeReachabilityReason": "PROCESS_OBSERVED_IN_EC2_RUNTIME",
    }
    not_reached = {"name": "b", "version": "1", "runtimeReachability": "NOT_REACHABLE"}
    silent = {"name": "c", "version": "1"}
    rows, packages, _ = columns(
        of_packages(not_reached, reached),
        of_packages(not_reached),
        of_packages(not_reached, silent),
        of_packages(silent),
        {"type": "NETWORK_REACHABILITY"},
        of_packages(not_reached),
    )
    words = {
        row["finding_arn"][-1]: (row["reachability"], row["reachability_reason"]) for row in rows
    }
    assert words == {
        "0": ("REACHABLE", "PROCESS_OBSERVED_IN_EC2_RUNTIME"),
        "1": ("NOT_REACHABLE", None),
        "2": ("UNKNOWN", None),
        "3": (None, None),
        "4": (None, None),
        "5": ("NOT_REACHABLE", None),
    }
    (one,) = [row for row in packages if row["name"] == "a"]
    assert (one["reachability"], one["reachability_reason"], one["purl"]) == (
        "REACHABLE",
        "PROCESS_OBSERVED_IN_EC2_RUNTIME",
        "pkg:deb/debian/a@1",
    )
    assert {row["reachability"] for row in packages if row["name"] == "c"} == {None}


def test_the_use_of_an_image_is_the_newest_in_its_findings() -> None:
    _, _, (resource,) = columns(
        of_image(inUseCount=9, lastInUseAt=1763600000.0) | {"severity": "CRITICAL"},
        of_image(inUseCount=2, lastInUseAt=1763625600.0) | {"severity": "LOW"},
    )
    assert (resource["in_use_count"], resource["last_in_use_at"]) == (
        2,
        datetime(2025, 11, 20, 8, tzinfo=UTC),
    )


def test_an_image_without_usage_data_has_null_not_zero() -> None:
    _, _, (resource,) = columns(of_image())
    assert (resource["in_use_count"], resource["last_in_use_at"]) == (None, None)


def test_the_use_of_an_image_without_findings_comes_from_coverage() -> None:
    row = {
        "resourceId": IMAGE,
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
        "accountId": "111122223333",
        "scanType": "PACKAGE",
        "resourceMetadata": {"ecrImage": {"inUseCount": 3, "lastInUseAt": 1763625600.0}},
    }
    kept = CoverageRows(*PLACE, Owners(), datetime(2026, 11, 22, 1, tzinfo=UTC))
    kept.add(decode_coverage(msgspec.json.encode({"coveredResources": [row]})))
    (written,) = kept.table(dict.fromkeys(kept.claims)).to_pylist()
    assert (written["in_use_count"], written["last_in_use_at"]) == (
        3,
        datetime(2025, 11, 20, 8, tzinfo=UTC),
    )
