"""The other operations: aggregations, details, status, members, filters and order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sre_simulator.fields import SORT_FIELDS
from sre_simulator.fleet import BUSY_INSTANCE, SUPPRESSED_ONLY_INSTANCE, Fleet

if TYPE_CHECKING:
    from tests.simulator.conftest import Equals, Post, Walk

    from sre_simulator.inspector.server import Simulator

Wire = dict[str, Any]
_PATH = "/findings/aggregation/list"
_SEVERITIES = ("critical", "high", "medium", "low", "informational", "untriaged")


@pytest.fixture(scope="module")
def active(shown: list[Wire]) -> list[Wire]:
    return [
        each for each in shown if ":eu-west-1:" in each["findingArn"] and each["status"] == "ACTIVE"
    ]


def _responses(
    simulator: Simulator, walk: Walk, kind: str, member: str, asked: Wire | None = None, **body: Any
) -> list[Wire]:
    request = {"aggregationRequest": {member: asked}} if asked is not None else {}
    pages = walk(simulator, _PATH, {"aggregationType": kind, **request, **body})
    return [each[member] for page in pages for each in page["responses"]]


@pytest.mark.parametrize(
    ("kind", "member", "key", "groups"),
    [
        ("ACCOUNT", "accountAggregation", "accountId", lambda each: [each["awsAccountId"]]),
        (
            "AWS_EC2_INSTANCE",
            "ec2InstanceAggregation",
            "instanceId",
            lambda each: _resource(each, "AWS_EC2_INSTANCE"),
        ),
        (
            "AWS_ECR_CONTAINER",
            "awsEcrContainerAggregation",
            "resourceId",
            lambda each: _resource(each, "AWS_ECR_CONTAINER_IMAGE"),
        ),
        (
            "AWS_LAMBDA_FUNCTION",
            "lambdaFunctionAggregation",
            "resourceId",
            lambda each: _resource(each, "AWS_LAMBDA_FUNCTION"),
        ),
        ("TITLE", "titleAggregation", "title", lambda each: [each["title"]]),
        (
            "PACKAGE",
            "packageAggregation",
            "packageName",
            lambda each: {
                package["name"]
                for package in each.get("packageVulnerabilityDetails", {}).get(
                    "vulnerablePackages", []
                )
            },
        ),
    ],
)
def test_an_aggregation_counts_the_active_findings_of_each_group(
    kind: str,
    member: str,
    key: str,
    groups: Any,
    simulator: Simulator,
    walk: Walk,
    active: list[Wire],
) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for response in _responses(simulator, walk, kind, member):
        counts = response["severityCounts"]
        assert counts["all"] == sum(counts[severity] for severity in _SEVERITIES)
        counted.update(
            {
                (response[key], severity): counts[severity]
                for severity in _SEVERITIES
                if counts[severity]
            }
        )
    assert counted == Counter(
        (group, each["severity"].lower()) for each in active for group in groups(each)
    )


def _resource(finding: Wire, kind: str) -> list[str]:
    resource = finding["resources"][0]
    return [resource["id"]] if resource["type"] == kind else []


def test_accounts_count_fixable_and_exploitable_findings(
    simulator: Simulator, walk: Walk, active: list[Wire], equals: Equals
) -> None:
    asked = {"findingType": "PACKAGE_VULNERABILITY", "resourceType": "AWS_EC2_INSTANCE"}
    for kind, member in (
        ("ACCOUNT", "accountAggregation"),
        ("FINDING_TYPE", "findingTypeAggregation"),
    ):
        (response,) = _responses(
            simulator, walk, kind, member, asked, accountIds=equals("444455556666")
        )
        chosen = [
            each
            for each in active
            if each["awsAccountId"] == "444455556666"
            and each["type"] == asked["findingType"]
            and _resource(each, "AWS_EC2_INSTANCE")
        ]
        assert response["fixAvailableCount"] == sum(
            each["fixAvailable"] == "YES" for each in chosen
        )
        assert response["exploitAvailableCount"] == sum(
            each["exploitAvailable"] == "YES" for each in chosen
        )
        assert response["severityCounts"]["all"] == len(chosen)


def test_many_aggregations_do_not_use_more_memory(
    simulator: Simulator, walk: Walk, equals: Equals
) -> None:
    for number in range(20):
        asked = {"instanceIds": equals(f"i-{number}")}
        assert (
            _responses(simulator, walk, "AWS_EC2_INSTANCE", "ec2InstanceAggregation", asked) == []
        )


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({}, "all"),
        ({"sortBy": "CRITICAL"}, "critical"),
        ({"sortBy": "HIGH", "sortOrder": "DESC"}, "high"),
        ({"sortBy": "NETWORK_FINDINGS"}, "networkFindings"),
        ({"sortOrder": "ASC", "sortBy": "ALL"}, "all"),
    ],
)
def test_responses_come_in_the_requested_order(
    asked: Wire, key: str, simulator: Simulator, walk: Walk
) -> None:
    found = _responses(
        simulator, walk, "AWS_EC2_INSTANCE", "ec2InstanceAggregation", asked, maxResults=4
    )
    values = [response.get(key, response["severityCounts"].get(key)) for response in found]
    assert values == sorted(values, reverse=asked.get("sortOrder") != "ASC")


def test_instances_are_chosen_by_id_tag_and_system(
    simulator: Simulator, walk: Walk, equals: Equals
) -> None:
    def chosen(**asked: Any) -> set[str]:
        return {
            each["instanceId"]
            for each in _responses(
                simulator, walk, "AWS_EC2_INSTANCE", "ec2InstanceAggregation", asked
            )
        }

    everything = chosen()
    assert chosen(instanceIds=equals(BUSY_INSTANCE)) == {BUSY_INSTANCE}
    assert BUSY_INSTANCE in chosen(
        instanceTags=[{"comparison": "EQUALS", "key": "team", "value": "payments"}]
    )
    assert BUSY_INSTANCE in chosen(operatingSystems=equals("AMAZON_LINUX_2023")) < everything
    assert chosen(operatingSystems=equals("BEOS")) == set()


def test_repositories_count_their_images(simulator: Simulator, walk: Walk, equals: Equals) -> None:
    asked = {"repositories": equals("search/query", "dev/sandbox"), "sortBy": "AFFECTED_IMAGES"}
    found = _responses(simulator, walk, "REPOSITORY", "repositoryAggregation", asked)
    assert {(each["repository"], each["affectedImages"]) for each in found} == {
        ("search/query", 1),
        ("dev/sandbox", 1),
    }


def test_packages_are_chosen_by_name(simulator: Simulator, walk: Walk) -> None:
    asked = {"packageNames": [{"comparison": "PREFIX", "value": "openssl"}]}
    names = {
        each["packageName"]
        for each in _responses(simulator, walk, "PACKAGE", "packageAggregation", asked)
    }
    assert {"openssl", "openssl-libs"} <= names


def test_details_know_kev_cwe_and_exploits(
    simulator: Simulator, post: Post, active: list[Wire]
) -> None:
    known = {
        each["packageVulnerabilityDetails"]["vulnerabilityId"]: each["findingArn"]
        for each in active
        if "packageVulnerabilityDetails" in each
    }
    kev = next(
        known[name]
        for name in (
            "CVE-2024-1086",
            "CVE-2023-4911",
            "CVE-2021-4034",
            "CVE-2023-44487",
            "CVE-2022-0847",
        )
        if name in known
    )
    body = post(simulator, "/findings/details/batch/get", {"findingArns": [kev]}).body
    (found,) = body["findingDetails"]
    assert found["cisaData"]["dateAdded"] < found["cisaData"]["dateDue"]
    assert found["cisaData"]["action"]
    assert found["exploitObserved"]["firstSeen"] < found["exploitObserved"]["lastSeen"]
    assert found["cwes"][0].startswith("CWE-")
    assert found["epssScore"] >= 0.4
    assert (found["evidences"], found["tools"], found["ttps"]) != ([], [], [])
    assert body["errors"] == []


def test_missing_details_have_a_reason(
    simulator: Simulator, post: Post, active: list[Wire], shown: list[Wire]
) -> None:
    network = next(
        each["findingArn"]
        for each in active
        if each["type"] == "NETWORK_REACHABILITY" and "444455556666" in each["findingArn"]
    )
    package = next(
        each["findingArn"]
        for each in active
        if each["type"] == "PACKAGE_VULNERABILITY" and "444455556666" in each["findingArn"]
    )
    foreign = next(each["findingArn"] for each in active if "111122223333" in each["findingArn"])
    elsewhere = next(
        each["findingArn"] for each in shown if ":us-east-1:444455556666" in each["findingArn"]
    )
    unknown = package[:-4] + ("aaaa" if not package.endswith("aaaa") else "bbbb")
    asked = ["x", network, foreign, elsewhere, unknown, package]
    body = post(
        simulator, "/findings/details/batch/get", {"findingArns": asked}, key="SIM444455556666"
    ).body
    assert {error["findingArn"]: error["errorCode"] for error in body["errors"]} == {
        "x": "INVALID_INPUT",
        network: "FINDING_DETAILS_NOT_FOUND",
        foreign: "ACCESS_DENIED",
        elsewhere: "FINDING_DETAILS_NOT_FOUND",
        unknown: "FINDING_DETAILS_NOT_FOUND",
    }
    assert [each["findingArn"] for each in body["findingDetails"]] == [package]


def test_status_without_accounts_is_the_callers_own(simulator: Simulator, post: Post) -> None:
    body = post(simulator, "/status/batch/get", {"accountIds": []}, key="SIM444455556666").body
    assert [each["accountId"] for each in body["accounts"]] == ["444455556666"]
    body = post(
        simulator, "/status/batch/get", {"accountIds": ["111122223333"]}, key="SIM444455556666"
    ).body
    assert [each["errorCode"] for each in body["failedAccounts"]] == ["ACCESS_DENIED"]


def test_members_and_administrators(simulator: Simulator, post: Post, fleet: Fleet) -> None:
    members = post(simulator, "/members/list", {}).body["members"]
    assert {each["accountId"] for each in members} == set(fleet.accounts) - {fleet.admin_account}
    assert post(simulator, "/members/list", {}, key="SIM444455556666").body["members"] == []
    for key in ("AKIDEXAMPLE", "SIM444455556666"):
        assert (
            post(simulator, "/delegatedadminaccounts/get", {}, key=key).body["delegatedAdmin"][
                "accountId"
            ]
            == fleet.admin_account
        )
        admins = post(simulator, "/delegatedadminaccounts/list", {}, key=key).body[
            "delegatedAdminAccounts"
        ]
        assert admins == [{"accountId": fleet.admin_account, "status": "ENABLED"}]


def test_the_suppression_rule_explains_the_suppressed_instance(
    simulator: Simulator, post: Post
) -> None:
    (rule,) = post(simulator, "/filters/list", {}).body["filters"]
    assert rule["criteria"]["resourceId"][0]["value"] == SUPPRESSED_ONLY_INSTANCE
    assert post(simulator, "/filters/list", {"arns": [rule["arn"]], "action": "SUPPRESS"}).body[
        "filters"
    ] == [rule]
    assert post(simulator, "/filters/list", {"action": "NONE"}).body["filters"] == []
    assert post(simulator, "/filters/list", {"arns": ["other"]}).body["filters"] == []
    assert post(simulator, "/filters/list", {}, region="us-east-1").body["filters"] == []


def test_coverage_statistics_count_what_coverage_lists(
    simulator: Simulator, post: Post, walk: Walk, equals: Equals
) -> None:
    for criteria in ({}, {"scanStatusCode": equals("INACTIVE")}):
        listed = sum(
            len(page["coveredResources"])
            for page in walk(simulator, "/coverage/list", {"filterCriteria": criteria})
        )
        assert post(simulator, "/coverage/statistics/list", {"filterCriteria": criteria}).body == {
            "totalCounts": listed
        }


_RANKS = ("UNTRIAGED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("field", sorted(SORT_FIELDS))
def test_findings_come_in_the_requested_order_with_missing_values_last(
    field: str, order: str, simulator: Simulator, walk: Walk, shown: list[Wire]
) -> None:
    def value(finding: Wire) -> Any:
        reached: Any = finding
        for name in SORT_FIELDS[field]:
            reached = reached[0] if isinstance(reached, list) else reached
            reached = (reached or {}).get(name)
        return _RANKS.index(reached) if field == "SEVERITY" else reached

    mine = [each for each in shown if ":us-east-1:123456789012:" in each["findingArn"]]
    body = {"sortCriteria": {"field": field, "sortOrder": order}}
    pages = walk(simulator, "/findings/list", body, region="us-east-1", key="SIM123456789012")
    listed = [each["findingArn"] for page in pages for each in page["findings"]]
    valued = sorted(
        (each for each in mine if value(each) is not None), key=lambda each: each["findingArn"]
    )
    valued.sort(key=value, reverse=order == "DESC")
    missing = sorted(each["findingArn"] for each in mine if value(each) is None)
    assert listed == [each["findingArn"] for each in valued] + missing
