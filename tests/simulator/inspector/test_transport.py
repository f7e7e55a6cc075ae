"""Responses: every page matches botocore's model, and real clients list the whole fleet."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sre_simulator.fleet import Fleet, large_fleet

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.conftest import Connect, Post, Serve, Walk

    from sre_simulator.inspector.server import Simulator

_KINDS: dict[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "long": {int},
    "double": {int, float},
    "timestamp": {int, float},
    "boolean": {bool},
    "structure": {dict},
    "list": {list},
    "map": {dict},
}
_REAL_PAGES = {"FindingList"}  # the model allows 25, the service sends 100


def _strangers(value: Any, name: str, shapes: dict[str, Any], at: str) -> Iterator[str]:
    """The differences between a value and the model's shape of that name."""
    said = shapes[name]
    if type(value) not in _KINDS[said["type"]]:
        yield f"{at}: {value!r} is no {said['type']}"
        return
    yield from _limits(value, name, said, at)
    match said["type"]:
        case "structure":
            yield from (
                f"{at}: no {missing}" for missing in set(said.get("required", [])) - set(value)
            )
            yield from (f"{at}: unknown {extra}" for extra in set(value) - set(said["members"]))
            for member in set(value) & set(said["members"]):
                yield from _strangers(
                    value[member], said["members"][member]["shape"], shapes, f"{at}.{member}"
                )
        case "list":
            for place, each in enumerate(value):
                yield from _strangers(each, said["member"]["shape"], shapes, f"{at}[{place}]")
        case "map":
            for key, each in value.items():
                yield from _strangers(each, said["value"]["shape"], shapes, f"{at}[{key}]")
        case _:
            pass


def _limits(value: Any, name: str, said: dict[str, Any], at: str) -> Iterator[str]:
    size = len(value) if hasattr(value, "__len__") else value
    if name not in _REAL_PAGES and not said.get("min", size) <= size <= said.get("max", size):
        yield f"{at}: size {size}"
    if "enum" in said and value not in said["enum"]:
        yield f"{at}: {value!r} not in {name}"
    if "pattern" in said and not re.search(said["pattern"], value):
        yield f"{at}: {value!r} is not like {said['pattern']}"


_TYPES = (
    "ACCOUNT",
    "FINDING_TYPE",
    "AWS_EC2_INSTANCE",
    "AWS_ECR_CONTAINER",
    "AWS_LAMBDA_FUNCTION",
    "REPOSITORY",
    "PACKAGE",
    "TITLE",
)
_LISTINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("ListFindings", "/findings/list", {}),
    ("ListCoverage", "/coverage/list", {"maxResults": 7}),
    ("ListMembers", "/members/list", {"maxResults": 2}),
    ("ListDelegatedAdminAccounts", "/delegatedadminaccounts/list", {}),
    ("ListFilters", "/filters/list", {"action": "SUPPRESS"}),
    ("GetDelegatedAdminAccount", "/delegatedadminaccounts/get", {}),
    ("ListCoverageStatistics", "/coverage/statistics/list", {"groupBy": "RESOURCE_TYPE"}),
    (
        "BatchGetAccountStatus",
        "/status/batch/get",
        {"accountIds": ["111122223333", "444455556666", "999999999999"]},
    ),
    *(
        ("ListFindingAggregations", "/findings/aggregation/list", {"aggregationType": kind})
        for kind in _TYPES
    ),
]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
@pytest.mark.parametrize(
    ("operation", "path", "body"),
    _LISTINGS,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_page_fits_the_model(
    operation: str,
    path: str,
    body: dict[str, Any],
    region: str,
    simulator: Simulator,
    walk: Walk,
    model: dict[str, Any],
) -> None:
    output = model["operations"][operation]["output"]["shape"]
    pages = walk(simulator, path, body, region=region)
    assert [
        each for page in pages for each in _strangers(page, output, model["shapes"], operation)
    ] == []


def test_details_of_every_kind_of_finding_fit_the_model(
    simulator: Simulator, post: Post, shown: list[dict[str, Any]], model: dict[str, Any]
) -> None:
    arns = [each["findingArn"] for each in shown if ":eu-west-1:" in each["findingArn"]]
    for start in range(0, 300, 10):
        body = post(
            simulator, "/findings/details/batch/get", {"findingArns": arns[start : start + 10]}
        ).body
        assert (
            list(_strangers(body, "BatchGetFindingDetailsResponse", model["shapes"], "details"))
            == []
        )


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_the_other_partitions_are_in_every_arn(
    region: str, model: dict[str, Any], now: datetime
) -> None:
    for finding in large_fleet(1200, accounts=1, regions=[region], now=now).findings():
        assert "arn:aws:" not in json.dumps(finding)
        assert list(_strangers(finding, "Finding", model["shapes"], "finding")) == []


def test_a_paginator_of_boto3_lists_the_whole_fleet(
    simulator: Simulator, connect: Connect, fleet: Fleet, shown: list[dict[str, Any]]
) -> None:
    listed: list[str] = []
    for region in fleet.regions:
        for page in connect(simulator, region=region).get_paginator("list_findings").paginate():
            listed += [finding["findingArn"] for finding in page["findings"]]
    assert sorted(listed) == sorted(finding["findingArn"] for finding in shown)


def test_without_an_order_findings_come_in_ascending_arn(simulator: Simulator, walk: Walk) -> None:
    pages = walk(simulator, "/findings/list", {})
    arns = [finding["findingArn"] for page in pages for finding in page["findings"]]
    assert arns == sorted(arns)
    assert [len(page["findings"]) for page in pages[:-1]] == [100] * (len(pages) - 1)


def test_the_aws_cli_works_with_the_environment_variable(
    serve: Serve, shown: list[dict[str, Any]]
) -> None:
    simulator = serve(mode="sparse")
    environment = os.environ | {
        "AWS_ENDPOINT_URL_INSPECTOR2": simulator.url,
        "AWS_ACCESS_KEY_ID": "SIM123456789012",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
    }
    program = Path(sys.executable).parent / "aws"
    command = [
        str(program),
        "inspector2",
        "list-findings",
        "--query",
        "findings[].findingArn",
        "--output",
        "json",
    ]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    expected = [
        each["findingArn"] for each in shown if ":eu-west-1:123456789012:" in each["findingArn"]
    ]
    assert json.loads(done.stdout) == expected


def test_the_last_page_has_no_token_and_absent_members_are_left_out(
    simulator: Simulator, walk: Walk
) -> None:
    pages = walk(simulator, "/findings/list", {})
    assert all("nextToken" in page for page in pages[:-1])
    assert "nextToken" not in pages[-1]
    assert not any(
        value is None
        for page in pages
        for finding in page["findings"]
        for value in finding.values()
    )


def test_answers_have_the_headers_of_api_gateway(simulator: Simulator, post: Post) -> None:
    headers = post(simulator, "/findings/list", {}).headers
    assert headers["Content-Type"] == "application/json"
    assert all(
        headers[name] for name in ("x-amzn-RequestId", "x-amz-apigw-id", "X-Amzn-Trace-Id", "Date")
    )
    assert "Server" not in headers


def test_a_member_sees_itself_and_the_administrator_sees_all(
    simulator: Simulator, walk: Walk, fleet: Fleet
) -> None:
    def accounts(key: str) -> set[str]:
        pages = walk(simulator, "/findings/list", {}, key=key)
        return {finding["awsAccountId"] for page in pages for finding in page["findings"]}

    assert accounts("SIM444455556666ABCD") == {"444455556666"}
    assert accounts("SIM111122223333") == accounts("AKIDEXAMPLE") == set(fleet.accounts)
    assert accounts("SIM000000000000") == set()


def test_access_keys_can_be_mapped_to_accounts(serve: Serve, post: Post) -> None:
    simulator = serve(keys={"AKIDSEARCH": "444455556666"})
    status = post(simulator, "/status/batch/get", {}, key="AKIDSEARCH").body
    assert [each["accountId"] for each in status["accounts"]] == ["444455556666"]
    assert simulator.requests[-1].account == "444455556666"


def test_another_region_has_nothing_and_inspector_is_off_there(
    simulator: Simulator, post: Post
) -> None:
    assert post(simulator, "/findings/list", {}, region="ap-south-1").body == {"findings": []}
    assert (
        post(simulator, "/status/batch/get", {}, region="ap-south-1").body["accounts"][0]["state"][
            "status"
        ]
        == "DISABLED"
    )


def test_an_unknown_path_is_404(simulator: Simulator, post: Post, connect: Connect) -> None:
    reply = post(simulator, "/nothing/here", {})
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    with pytest.raises(ClientError, match="UnknownOperationException"):
        connect(simulator).list_tags_for_resource(resourceArn="arn:aws:inspector2:eu-west-1:1:x")


def test_the_log_has_every_request(simulator: Simulator, post: Post) -> None:
    post(simulator, "/findings/list", {"maxResults": 3}, region="us-east-1", key="SIM444455556666")
    post(simulator, "/findings/list", {"maxResults": 0})
    right, wrong = simulator.requests
    assert (right.operation, right.region, right.account, right.body) == (
        "ListFindings",
        "us-east-1",
        "444455556666",
        {"maxResults": 3},
    )
    assert (right.status, right.error) == (200, "")
    assert (wrong.status, wrong.error) == (400, "ValidationException")
    assert right.time <= wrong.time


def test_the_log_keeps_only_the_newest(serve: Serve, post: Post) -> None:
    simulator = serve(log_limit=2)
    for size in (1, 2, 3):
        post(simulator, "/findings/list", {"maxResults": size})
    assert [request.body["maxResults"] for request in simulator.requests] == [2, 3]
