"""The group of a resource, and whether it is public."""

from __future__ import annotations

from typing import Any

import pytest

from sre_scanner.spool.attributes import attributes_of, covered_group

IMAGE = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app/sha256:ab"


def instance(**details: Any) -> dict[str, dict[str, Any]]:
    return {"awsEc2Instance": details}


def test_an_instance_belongs_to_its_scaling_group_or_else_to_itself() -> None:
    assert (
        attributes_of("i-1", {"aws:autoscaling:groupName": "web"}, instance()).group
        == "scaling-group/web"
    )
    assert attributes_of("i-1", {}, instance()).group == "i-1"
    assert covered_group("i-1", {"aws:autoscaling:groupName": "web"}, {}) == "scaling-group/web"


def test_an_image_belongs_to_its_repository_and_architecture() -> None:
    details = {
        "awsEcrContainerImage": {
            "repositoryName": "team/app",
            "architecture": "arm64",
            "platform": "DEBIAN_12",
        }
    }
    traits = attributes_of(IMAGE, {}, details)
    assert (traits.group, traits.platform) == ("repository/team/app/arm64", "DEBIAN_12")
    assert traits.group.startswith(covered_group(IMAGE, {}, {}))
    assert not "repository/team/app2/arm64".startswith(covered_group(IMAGE, {}, {}))


def test_a_function_belongs_to_its_name() -> None:
    traits = attributes_of(
        "arn:…:function:pay:$LATEST",
        {},
        {"awsLambdaFunction": {"functionName": "pay", "runtime": "PYTHON_3_12"}},
    )
    assert (traits.group, traits.platform) == ("function/pay", "PYTHON_3_12")
    assert (
        covered_group("arn:…:function:pay:$LATEST", {}, {"lambdaFunction": {"functionName": "pay"}})
        == "function/pay"
    )


@pytest.mark.parametrize(
    ("addresses", "public"),
    [
        (["10.0.0.1"], False),
        (["10.0.0.1", "8.8.8.8"], True),
        (["203.0.113.9"], True),
        (["no address"], False),
        ([], False),
        (None, False),
        ([7], False),
    ],
)
def test_a_resource_with_a_public_address_is_public(addresses: Any, public: bool) -> None:
    assert attributes_of("i-1", {}, instance(ipV4Addresses=addresses)).public == public


def test_addresses_are_kept_once_and_in_their_shortest_form() -> None:
    found = attributes_of(
        "i-1",
        {},
        instance(
            ipV4Addresses=["10.0.0.1", "10.0.0.1", "x", None], ipV6Addresses=["2600:1F18:0::1"]
        ),
    )
    assert found.addresses == ("10.0.0.1", "2600:1f18::1")


def test_ipv6_counts_and_details_of_other_types_are_ignored() -> None:
    assert attributes_of("i-1", {}, instance(ipV6Addresses=["2600:1f18::1"])).public
    assert not attributes_of("i-1", {}, {}).public
    assert attributes_of("i-1", {}, instance(platform=5, imageId="ami-1"))[:2] == (None, "ami-1")
