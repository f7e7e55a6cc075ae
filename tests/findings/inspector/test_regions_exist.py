"""A mistyped region is rejected at once, with a suggestion."""

from __future__ import annotations

import pytest

from sre_findings.inspector.regions import (
    check_region,
    configured_region,
    known_regions,
    partition_of,
)
from sre_findings.model.errors import UsageError

KNOWN = ("eu-west-1", "eu-west-2", "us-east-1")


def test_a_region_that_exists_is_taken() -> None:
    assert check_region("eu-west-1", KNOWN) == "eu-west-1"


def test_a_mistyped_region_names_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"'eu-wst-1' is not an AWS region with Inspector. Did you mean eu-west-1"
    ):
        check_region("eu-wst-1", KNOWN)


@pytest.mark.parametrize("region", ["", "moon", "EU"])
def test_what_is_like_no_region_gets_an_example(region: str) -> None:
    with pytest.raises(
        UsageError, match=r"Example: eu-west-1. A new region may need a newer boto3"
    ):
        check_region(region, KNOWN)


def test_every_partition_is_known() -> None:
    known = known_regions()
    assert {"eu-west-1", "cn-north-1", "us-gov-west-1"} <= set(known)
    assert {partition_of(region) for region in ("eu-west-1", "cn-north-1", "us-gov-west-1")} == {
        "aws",
        "aws-cn",
        "aws-us-gov",
    }


def test_the_configured_region_is_the_environments_or_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert configured_region(None, {"AWS_REGION": "us-east-1"}) == "us-east-1"
    assert configured_region(None, {}) == "eu-west-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(
        UsageError, match=r"no region is configured. Use --region, or set AWS_REGION."
    ):
        configured_region(None, {})
