"""The threat model: its tests exist, every threat is addressed, and the stack matches it."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    """The table cells of every threat."""
    lines = [line for line in PAGE.split("\n## ", 1)[1].splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("attacker", "---")]


@functools.cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    assert any(one.startswith("test_") for one in names_in(file))
    assert not name or name in names_in(file)


def test_every_threat_has_a_test_or_says_that_it_is_open() -> None:
    assert len(rows()) > 40
    for row in rows():
        attacker, threat, against, held = [*row, ""][:4]
        assert threat, row
        assert against, row
        assert NAMED.search(held) or "**Open**" in against, f"{attacker}: {threat}"


def test_every_attacker_who_is_introduced_tries_something_and_nobody_else_does() -> None:
    introduced = set(
        re.findall(r"^\| ([\w ]+) \| [^|]+ \|$", PAGE.split("\n## ")[0], re.MULTILINE)
    ) - {"attacker"}
    assert {row[0] for row in rows()} == introduced


def resources(kind: str, name: str = "template") -> Iterator[tuple[str, dict[str, Any]]]:
    template = json.loads((ROOT / "deploy" / f"{name}.json").read_text())
    return (
        (key, one["Properties"])
        for key, one in template["Resources"].items()
        if one["Type"] == kind
    )


def statements(found: Any) -> Iterator[dict[str, Any]]:
    """Every statement of a policy at any depth, including those under conditions."""
    if isinstance(found, dict):
        if "Effect" in found:
            yield found
        for value in found.values():
            yield from statements(value)
    elif isinstance(found, list):
        for value in found:
            yield from statements(value)


def actions(found: Any) -> set[str]:
    allowed = [one["Action"] for one in statements(found) if one["Effect"] == "Allow"]
    return {action for one in allowed for action in ([one] if isinstance(one, str) else one)}


def policies() -> list[Any]:
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    return [
        found.get("Policies", found.get("PolicyDocument"))
        for kind in kinds
        for _, found in resources(kind)
    ]


def test_no_role_of_the_stack_destroys_old_versions() -> None:
    (bucket,) = [found for name, found in resources("AWS::S3::Bucket") if name == "Bucket"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    allowed = set[str]().union(*(actions(one) for one in policies()))
    assert "s3:DeleteObject" in allowed
    assert (
        not {
            "s3:DeleteObjectVersion",
            "s3:DeleteBucket",
            "s3:PutBucketVersioning",
            "s3:PutLifecycleConfiguration",
        }
        & allowed
    )


def test_every_bucket_is_closed_and_encrypted() -> None:
    for name, found in resources("AWS::S3::Bucket"):
        assert set(found["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert found["BucketEncryption"], name


def test_the_table_can_be_neither_deleted_by_mistake_nor_lost() -> None:
    (table,) = [found for name, found in resources("AWS::DynamoDB::Table") if name == "Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert not {"dynamodb:DeleteTable", "dynamodb:UpdateTable"} & set[str]().union(
        *(actions(one) for one in policies())
    )


def test_the_role_in_a_member_account_only_reads_and_knows_who_may_take_it() -> None:
    ((_, role),) = resources("AWS::IAM::Role", "member-template")
    reads = ("BatchGet", "Describe", "Get", "List")
    assert all(action.split(":")[1].startswith(reads) for action in actions(role["Policies"]))
    (trusted,) = statements(role["AssumeRolePolicyDocument"])
    assert trusted["Principal"].keys() == {"AWS"}
    assert {"sts:ExternalId", "aws:PrincipalOrgID"} == set(trusted["Condition"]["StringEquals"])
