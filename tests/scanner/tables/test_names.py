"""The names of a shard's resources.

These are all names in findings and coverage, except those that newer coverage replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from sre_scanner.tables.names import names_tables

OLD, NEW = (f"arn:aws:ecr:eu-west-1:1:repository/shop/{digit}" for digit in "12")
EC2, ECR = "AWS_EC2_INSTANCE", "AWS_ECR_CONTAINER_IMAGE"
Named = set[tuple[str, str, str]]


def finding(identity: str, kind: str, tags: Mapping[str, str], **details: Any) -> dict[str, Any]:
    resource = {"id": identity, "type": kind, "tags": tags, "details": details}
    return {
        "findingArn": f"arn:{identity}:{sorted(tags.values())}",
        "awsAccountId": "1",
        "resources": [resource],
    }


def covered(identity: str, kind: str, **metadata: Any) -> dict[str, Any]:
    row = {"resourceId": identity, "resourceType": kind, "accountId": "1", "scanType": "PACKAGE"}
    return {**row, "scanStatus": {"statusCode": "ACTIVE"}, "resourceMetadata": metadata}


def names(findings: Sequence[Mapping[str, Any]], coverage: Sequence[Mapping[str, Any]]) -> Named:
    """Names with their kinds and resources, in the order of the part."""
    rows = CoverageRows("snapshot", "eu-west-1", Owners(), datetime(2026, 11, 24, tzinfo=UTC))
    rows.add(decode_coverage(msgspec.json.encode({"coveredResources": coverage})))
    with closing(Spool()) as spool:
        spool.add(decode_findings(msgspec.json.encode({"findings": findings})))
        arrived = spool.rows()
        found = identify(spool.texts["resources"], Owners())
        where = put_in_order(spool, arrived, found)
        owned = owners_of(spool, arrived, found, where, rows.claims, Owners())
        kept = [
            row
            for table in names_tables(
                spool, found, where, ("snapshot", "eu-west-1"), owned, rows.called
            )
            for row in table.to_pylist()
        ]
    assert [row["name"] for row in kept] == sorted(row["name"] for row in kept)
    return {(row["name"], row["kind"], row["resource_id"]) for row in kept}


def image(*tags: str) -> dict[str, Any]:
    return {"awsEcrContainerImage": {"repositoryName": "shop", "imageTags": tags}}


def test_a_tag_that_moved_is_a_former_name_of_the_image_that_had_it() -> None:
    told = [finding(OLD, ECR, {}, **image("latest")), finding(NEW, ECR, {}, **image("latest"))]
    now = [
        covered(OLD, ECR, ecrRepository={"name": "shop"}, ecrImage={"tags": []}),
        covered(NEW, ECR, ecrRepository={"name": "shop"}, ecrImage={"tags": ["latest"]}),
    ]
    found = names(told, now)
    assert {("shop:latest", "former", OLD), ("shop:latest", "image", NEW)} <= found
    assert ("shop:latest", "image", OLD) not in found


def test_names_missing_in_coverage_stay_current() -> None:
    told = [finding(OLD, ECR, {}, **image("latest")), finding("i-1", EC2, {"Name": "web"})]
    found = names(
        told,
        [
            covered(OLD, ECR, ecrRepository={"name": "shop"}),
            covered("i-1", EC2, ec2={"platform": "LINUX"}),
        ],
    )
    assert {("shop:latest", "image", OLD), ("web", "tag", "i-1")} <= found


def test_a_renamed_instance_keeps_its_old_name_as_a_former_one() -> None:
    told = [finding("i-1", EC2, {"Name": "old"}), finding("i-1", EC2, {"Name": " new "})]
    found = names(told, [covered("i-1", EC2, ec2={"tags": {"Name": "new"}})])
    assert found == {("i-1", "id", "i-1"), ("new", "tag", "i-1"), ("old", "former", "i-1")}


def test_resources_known_only_from_coverage_have_names() -> None:
    assert names(
        [finding(" ", EC2, {"Name": "x"})], [covered("i-2", EC2, ec2={"tags": {"Name": "quiet"}})]
    ) == {
        ("i-2", "id", "i-2"),
        ("quiet", "tag", "i-2"),
    }
