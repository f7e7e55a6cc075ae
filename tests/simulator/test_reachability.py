"""Run-time data of packages and images: reachability, package URLs, clusters."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from packageurl import PackageURL

if TYPE_CHECKING:
    from tests.simulator.conftest import Post, Walk

    from sre_simulator.inspector.server import Simulator

Wire = dict[str, Any]


def _packages(findings: list[Wire], kind: str) -> list[Wire]:
    return [
        package
        for each in findings
        if each["resources"][0]["type"] == kind
        for package in each.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", [])
    ]


@pytest.mark.parametrize(
    ("kind", "place"),
    [("AWS_EC2_INSTANCE", "EC2_RUNTIME"), ("AWS_ECR_CONTAINER_IMAGE", "DOCKERFILE")],
)
def test_packages_of_instances_and_images_can_have_reachability(
    kind: str, place: str, shown: list[Wire]
) -> None:
    packages = _packages(shown, kind)
    words = Counter(package.get("runtimeReachability") for package in packages)
    assert set(words) == {"REACHABLE", "NOT_REACHABLE", "UNKNOWN", None}
    reasons = {
        package["runtimeReachabilityReason"]
        for package in packages
        if "runtimeReachabilityReason" in package
    }
    assert len(reasons) == 2
    assert all(place in reason for reason in reasons)


def test_functions_have_no_reachability(shown: list[Wire]) -> None:
    assert not [
        package
        for package in _packages(shown, "AWS_LAMBDA_FUNCTION")
        if "runtimeReachability" in package
    ]


def test_package_urls_name_the_package_and_its_version(shown: list[Wire]) -> None:
    known = [
        package
        for each in shown
        for package in _packages([each], each["resources"][0]["type"])
        if "purl" in package
    ]
    read = {
        package["purl"]: (package["name"], PackageURL.from_string(package["purl"]))
        for package in known
    }
    assert {url.type for _, url in read.values()} >= {"deb", "rpm"}
    assert all(
        re.sub("[_.]", "-", name.lower().replace(":", "/")).endswith(
            re.sub("[_.]", "-", url.name.lower())
        )
        for name, url in read.values()
    )
    assert all(url.version for _, url in read.values())


@pytest.mark.parametrize("word", ["REACHABLE", "NOT_REACHABLE", "UNKNOWN"])
def test_findings_are_filtered_by_reachability(word: str, simulator: Simulator, post: Post) -> None:
    criteria = {
        "vulnerablePackages": [{"runtimeReachability": {"comparison": "EQUALS", "value": word}}]
    }
    found = post(simulator, "/findings/list", {"filterCriteria": criteria}).body["findings"]
    assert found
    packages = [each["packageVulnerabilityDetails"]["vulnerablePackages"] for each in found]
    assert all(
        any(package.get("runtimeReachability") == word for package in some) for some in packages
    )


def test_findings_are_filtered_by_a_qualifier_of_the_package_url(
    simulator: Simulator, post: Post
) -> None:
    wanted = {"purlQualifier": {"comparison": "EQUALS", "key": "arch", "value": "amd64"}}
    found = post(
        simulator, "/findings/list", {"filterCriteria": {"vulnerablePackages": [wanted]}}
    ).body["findings"]
    assert found
    assert all(
        "arch=amd64" in str(each["packageVulnerabilityDetails"]["vulnerablePackages"])
        for each in found
    )


def test_clusters_of_an_image_add_up_to_its_use(
    simulator: Simulator, walk: Walk, shown: list[Wire]
) -> None:
    images = {
        each["resources"][0]["id"]: each["resources"][0]["details"]["awsEcrContainerImage"]
        for each in shown
        if each["resources"][0]["type"] == "AWS_ECR_CONTAINER_IMAGE"
        and ":eu-west-1:" in each["findingArn"]
    }
    assert {"inUseCount" in image for image in images.values()} == {True, False}
    for arn, image in images.items():
        pages = walk(simulator, "/cluster/get", {"filter": {"resourceId": arn}})
        details = [
            one for page in pages for each in page["cluster"] for one in each["clusterDetails"]
        ]
        assert sum(one["runningUnitCount"] for one in details) == image.get("inUseCount", 0)


def test_clusters_exist_only_for_images_in_ecr(simulator: Simulator, post: Post) -> None:
    answer = post(simulator, "/cluster/get", {"filter": {"resourceId": "i-0123456789abcdef0"}})
    assert answer.status == 400
    assert "regular expression pattern" in answer.body["message"]
