"""A fleet of a million findings that are computed instead of stored."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sre_simulator.filters import Criteria
from sre_simulator.fleet import Fleet, large_fleet

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.conftest import Equals, Post, Serve, Walk

_PATH = "/findings/list"


@pytest.fixture(scope="module")
def million(now: datetime) -> Fleet:
    return large_fleet(1_000_000, accounts=7, regions=("eu-west-1", "us-east-1"), now=now)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 997, 5003])
def test_it_has_exactly_the_requested_number_of_findings(count: int, now: datetime) -> None:
    found = list(
        large_fleet(count, accounts=3, regions=("eu-west-1", "us-east-1"), now=now).findings()
    )
    assert len({each["findingArn"] for each in found}) == len(found) == count


def test_it_has_the_requested_accounts_and_regions(million: Fleet) -> None:
    assert len(set(million.accounts)) == 7
    assert million.regions == ("eu-west-1", "us-east-1")
    assert sorted(million.cells) == sorted(
        (region, account) for region in million.regions for account in million.accounts
    )


def test_every_arn_finds_its_finding(
    million: Fleet, serve: Serve, post: Post, equals: Equals
) -> None:
    simulator = serve(million)
    middle = "arn:aws:inspector2:us-east-1:444455556666:finding/8"
    cell = million.cells["us-east-1", "444455556666"]
    arns = [row.arn for row in islice(cell.rows(middle, Criteria()), 10)]
    assert arns == sorted(arns)
    assert all(arn > middle for arn in arns)
    body = post(
        simulator, "/findings/details/batch/get", {"findingArns": arns}, region="us-east-1"
    ).body
    assert len(body["findingDetails"]) + len(body["errors"]) == 10
    assert all(error["errorCode"] == "FINDING_DETAILS_NOT_FOUND" for error in body["errors"])
    found = post(
        simulator, _PATH, {"filterCriteria": {"findingArn": equals(*arns)}}, region="us-east-1"
    ).body["findings"]
    assert [each["findingArn"] for each in found] == arns


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "zz",
        "arn:aws:inspector2:us-east-1:444455556666:finding/",
        "arn:aws:inspector2:us-east-1:444455556666:finding/xyz",
    ],
)
def test_a_foreign_arn_finds_nothing(wrong: str, million: Fleet) -> None:
    assert million.cells["us-east-1", "444455556666"].find(wrong) is None


def test_filters_work_without_listing_everything(
    million: Fleet, serve: Serve, walk: Walk, equals: Equals
) -> None:
    simulator = serve(million)
    row = next(iter(million.cells["eu-west-1", "777788889999"].rows("", Criteria())))
    pages = walk(simulator, _PATH, {"filterCriteria": {"resourceId": equals(row.resource_id)}})
    found = [each for page in pages for each in page["findings"]]
    assert 850 < len(found) < 1150
    assert {each["awsAccountId"] for each in found} == {"777788889999"}
    narrowed = {
        "awsAccountId": equals("777788889999"),
        "findingType": equals("NETWORK_REACHABILITY"),
        "severity": equals("HIGH"),
        "findingStatus": equals("ACTIVE"),
    }
    few = [
        each
        for page in walk(simulator, _PATH, {"filterCriteria": narrowed})
        for each in page["findings"]
    ]
    assert few
    assert {(each["type"], each["severity"], each["status"]) for each in few} == {
        ("NETWORK_REACHABILITY", "HIGH", "ACTIVE")
    }


def test_a_filter_with_many_matches_is_evaluated_lazily(
    million: Fleet, serve: Serve, post: Post, equals: Equals
) -> None:
    simulator = serve(million)
    page = post(
        simulator,
        _PATH,
        {
            "filterCriteria": {
                "fixAvailable": equals("YES"),
                "resourceType": equals("AWS_EC2_INSTANCE"),
            }
        },
    ).body
    assert len(page["findings"]) == 100
    assert {(each["fixAvailable"], each["resources"][0]["type"]) for each in page["findings"]} == {
        ("YES", "AWS_EC2_INSTANCE")
    }
    no_lambda = [{"comparison": "NOT_EQUALS", "value": "AWS_LAMBDA_FUNCTION"}]
    page = post(simulator, _PATH, {"filterCriteria": {"resourceType": no_lambda}}).body
    assert {each["resources"][0]["type"] for each in page["findings"]} == {
        "AWS_EC2_INSTANCE",
        "AWS_ECR_CONTAINER_IMAGE",
    }


def test_many_filters_do_not_use_more_memory(
    now: datetime, serve: Serve, post: Post, equals: Equals
) -> None:
    simulator = serve(large_fleet(500, accounts=1, now=now))
    sizes = [
        len(
            post(
                simulator,
                _PATH,
                {"filterCriteria": {"severity": equals("HIGH"), "title": equals(str(each))}},
            ).body["findings"]
        )
        for each in range(12)
    ]
    assert sizes == [0] * 12


def test_lives_are_of_every_kind(now: datetime) -> None:
    found = Counter(each["status"] for each in large_fleet(4000, accounts=1, now=now).findings())
    assert set(found) == {"ACTIVE", "CLOSED", "SUPPRESSED"}
    assert found["ACTIVE"] > 3500


_SERVER = """
from sre_simulator.fleet import large_fleet
from sre_simulator.inspector.server import Simulator
from pathlib import Path
import http.client, json
HEADERS = {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20260314/eu-west-1/inspector2/aws4_request"}
with Simulator(large_fleet(1_000_000)) as simulator:
    connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"))
    body = {}
    for _ in range(150):
        connection.request("POST", "/findings/list", json.dumps(body), HEADERS)
        page = json.loads(connection.getresponse().read())
        assert len(page["findings"]) == 100
        body = {"nextToken": page["nextToken"]}
    connection.close()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_million_findings_are_served_in_bounded_memory() -> None:
    environment: dict[str, Any] = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
    }
    done = subprocess.run(
        [sys.executable, "-c", _SERVER],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert int(done.stdout) < 250
