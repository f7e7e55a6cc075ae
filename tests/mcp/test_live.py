"""Live queries through the server.

Concurrent equal queries share one call, and a slow Inspector blocks no other query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import session_hour

from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, default_fleet
from sre_simulator.inspector.faults import Fault
from sre_simulator.inspector.server import Simulator


@pytest.fixture
def inspector() -> Iterator[Simulator]:
    """An Inspector with the demo's fleet."""
    fleet = default_fleet(now=session_hour())
    with Simulator(fleet) as simulator:
        simulator.clock = fleet.nights[-1]
        yield simulator


def environ(simulator: Simulator) -> dict[str, str]:
    ours = {
        "ACCESS_KEY_ID": "TESTING",
        "SECRET_ACCESS_KEY": "testing",
        "EC2_METADATA_DISABLED": "true",
    }
    return {
        "AWS_ENDPOINT_URL_INSPECTOR2": simulator.url,
        **{f"AWS_{name}": value for name, value in ours.items()},
    }


def asked(simulator: Simulator) -> Counter[str]:
    return Counter(one.operation for one in simulator.requests)


def test_twelve_concurrent_queries_are_one_call_to_inspector(
    serve: Any, demo_store: Path, inspector: Simulator
) -> None:
    with serve(demo_store, **environ(inspector)) as server, ThreadPoolExecutor(12) as people:
        calls = [
            people.submit(server.call, "check_resource", resource_id=BUSY_INSTANCE, live=True)
            for _ in range(12)
        ]
        answers = [call.result()["structuredContent"] for call in calls]
        pages = asked(inspector)["ListFindings"]
        later = server.call(
            "check_resource", resource_id=BUSY_INSTANCE, live=True, severities=["CRITICAL"]
        )
    assert {(one["source"], one["counts"]["total"]) for one in answers} == {("live", 1011)}
    assert len({one["as_of"] for one in answers}) == 1
    assert pages == 11, "1,011 findings, a hundred a page: listed once"
    assert asked(inspector)["ListFindings"] == 11, "another view of it is no other question"
    assert later["structuredContent"]["total_findings"] == 24


def test_a_live_answer_is_clean_only_with_coverage(
    serve: Any, demo_store: Path, inspector: Simulator
) -> None:
    with serve(demo_store, **environ(inspector)) as server:
        clean = server.call("check_resource", resource_id=CLEAN_INSTANCE, live=True)[
            "structuredContent"
        ]
        nobody = server.call(
            "check_resource", resource_id="i-0000000000000dead", live=True, region="eu-west-1"
        )["structuredContent"]
    assert (clean["verdict"], clean["source"], clean["counts"]["total"]) == ("clean", "live", 0)
    assert (nobody["verdict"], nobody["reason"], nobody["counts"]["total"]) == (
        "unknown",
        "no_such_resource",
        0,
    )
    assert asked(inspector)["ListCoverage"] == 2


def test_if_inspector_fails_a_stale_snapshot_answers_and_says_so(
    serve: Any, demo_store: Path, inspector: Simulator
) -> None:
    inspector.faults.append(Fault("denied", times=100))
    with serve(demo_store, SRE_MAX_AGE="0s", **environ(inspector)) as server:
        stale = server.call("check_resource", resource_id=CLEAN_INSTANCE)["structuredContent"]
        told = server.call("check_resource", resource_id=CLEAN_INSTANCE, live=True)
    assert (stale["source"], stale["too_old"], stale["verdict"]) == ("snapshot", True, "unknown")
    assert (
        "Inspector could not be queried (AWS denies this server access to Inspector); showing the"
        " snapshot of" in stale["notes"][0]
    )
    assert told["content"][0]["text"].startswith("Note: Inspector could not be queried")
    assert stale["stale"] is told["structuredContent"]["stale"] is True
    assert told["structuredContent"] | {"age_seconds": 0} == stale | {"age_seconds": 0}


def test_details_of_aws_errors_are_logged_and_not_shown_to_clients(
    serve: Any, demo_store: Path, inspector: Simulator
) -> None:
    inspector.faults.append(Fault("denied", times=100))
    about = {
        "name": "check_resource",
        "arguments": {"resource_id": "i-0000000000000dead", "live": True, "region": "eu-west-1"},
    }
    with serve(demo_store, **environ(inspector)) as server:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": about}
        answer = server.post(asked, X_Request_Id="req-1")
    told = answer.json["result"]
    assert not told.get("isError")
    assert (told["structuredContent"]["verdict"], told["structuredContent"]["reason"]) == (
        "unknown",
        "access_denied",
    )
    assert "unknown: access denied" in told["content"][0]["text"]
    assert b"arn:aws" not in answer.body
    assert b"assumed-role" not in answer.body
    (line,) = [one for one in server.log if "assumed-role" in one]
    assert line.endswith("[req-1]\n")
