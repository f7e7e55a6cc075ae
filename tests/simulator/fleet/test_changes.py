"""The life cycle of findings on the virtual clock, and scripted changes between two pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sre_simulator.filters import Criteria
from sre_simulator.fleet import BUSY_INSTANCE, FROZEN_INSTANCE
from sre_simulator.fleet.lifecycle import DAY, Event, Happening, state_at, touched
from sre_simulator.inspector.server import Change

if TYPE_CHECKING:
    from tests.simulator.conftest import Equals, Post, Serve, Walk

    from sre_simulator.fleet import Fleet
    from sre_simulator.inspector.server import Simulator

Wire = dict[str, Any]
_PATH = "/findings/list"


def _at(day: float, kind: Happening, severity: str = "") -> Event:
    return Event(day * DAY, kind, severity)


@pytest.mark.parametrize(
    ("events", "day", "status"),
    [
        ([], 0.5, None),
        ([], 2, "ACTIVE"),
        ([_at(3, Happening.CLOSE)], 32.9, "CLOSED"),
        ([_at(3, Happening.CLOSE)], 33, None),
        ([_at(3, Happening.TERMINATE)], 5.9, "CLOSED"),
        ([_at(3, Happening.TERMINATE)], 6, None),
        ([_at(3, Happening.CLOSE), _at(4, Happening.TERMINATE)], 20, "CLOSED"),
        ([_at(3, Happening.CLOSE), _at(10, Happening.REOPEN)], 60, "ACTIVE"),
        ([_at(3, Happening.CLOSE), _at(10.1, Happening.REOPEN)], 11, "CLOSED"),
        ([_at(3, Happening.CLOSE), _at(40, Happening.REOPEN)], 41, None),
        ([_at(3, Happening.REOPEN)], 4, "ACTIVE"),
        ([_at(3, Happening.SUPPRESS)], 4, "SUPPRESSED"),
        ([_at(3, Happening.SUPPRESS), _at(4, Happening.UNSUPPRESS)], 5, "ACTIVE"),
        ([_at(3, Happening.UNSUPPRESS)], 5, "ACTIVE"),
        ([_at(3, Happening.SUPPRESS), _at(4, Happening.CLOSE)], 5, "CLOSED"),
        ([_at(3, Happening.DELETE)], 3, None),
        ([_at(3, Happening.OPEN)], 4, "ACTIVE"),
    ],
)
def test_events_lead_to_the_documented_status(
    events: list[Event], day: float, status: str | None
) -> None:
    state = state_at([_at(1, Happening.OPEN), *events], day * DAY, "HIGH")
    assert (state.status if state else None) == status


def test_closing_moves_updated_at_and_freezes_last_observed_at() -> None:
    events = [
        _at(1, Happening.OPEN),
        _at(2, Happening.TOUCH),
        _at(3, Happening.CLOSE),
        _at(4, Happening.TOUCH),
    ]
    state = state_at(events, 5 * DAY, "HIGH")
    assert state is not None
    assert (state.first, state.last, state.updated) == (DAY, 2 * DAY, 3 * DAY)


def test_a_change_of_severity_is_an_observation() -> None:
    state = state_at(
        [_at(1, Happening.OPEN), _at(2, Happening.SEVERITY, "CRITICAL")], 3 * DAY, "HIGH"
    )
    assert state is not None
    assert (state.severity, state.last, state.updated) == ("CRITICAL", 2 * DAY, 2 * DAY)


def test_a_restart_updates_findings_until_they_close() -> None:
    opened = state_at([_at(1, Happening.OPEN)], 9 * DAY, "LOW")
    closed = state_at([_at(1, Happening.OPEN), _at(5, Happening.CLOSE)], 9 * DAY, "LOW")
    assert opened is not None
    assert closed is not None
    seen = touched(opened, 9 * DAY, lambda at: at - 100)
    assert (seen.last, seen.updated) == (9 * DAY - 100, 9 * DAY - 100)
    assert touched(seen, 9 * DAY, lambda _: 0.0) == seen
    assert (touched(closed, 9 * DAY, lambda at: at - 100).last, closed.updated) == (
        5 * DAY - 100,
        5 * DAY,
    )
    assert touched(closed, 9 * DAY, lambda _: 0.0) == closed


def _one(simulator: Simulator, post: Post, arn: str) -> Wire | None:
    found = post(
        simulator,
        _PATH,
        {"filterCriteria": {"findingArn": [{"comparison": "EQUALS", "value": arn}]}},
    ).body["findings"]
    return found[0] if found else None


def _active(shown: list[Wire]) -> Wire:
    wanted = ("ACTIVE", "HIGH", "AWS_EC2_INSTANCE")
    here = (each for each in shown if ":eu-west-1:" in each["findingArn"])
    return next(
        each
        for each in here
        if (each["status"], each["severity"], each["resources"][0]["type"]) == wanted
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("close", "CLOSED"),
        ("terminate", "CLOSED"),
        ("suppress", "SUPPRESSED"),
        ("severity", "ACTIVE"),
        ("touch", "ACTIVE"),
        ("delete", None),
    ],
)
def test_a_change_happens_after_the_call_it_waits_for(
    kind: str, status: str | None, serve: Serve, post: Post, shown: list[Wire], now: datetime
) -> None:
    before = _active(shown)
    arn = before["findingArn"]
    simulator = serve(changes=[Change(kind, after=2, arn=arn, severity="LOW")])
    assert _one(simulator, post, arn) == before
    simulator.clock += timedelta(hours=1)
    late = (now + timedelta(hours=1)).timestamp()
    unchanged = _one(simulator, post, arn)
    after = _one(simulator, post, arn)
    assert unchanged is not None
    assert (unchanged["status"], unchanged["severity"]) == ("ACTIVE", "HIGH")
    if status is None:
        assert after is None
        return
    assert after is not None
    assert (after["status"], after["updatedAt"]) == (status, late)
    assert after["lastObservedAt"] == (
        late if kind in {"severity", "touch"} else unchanged["lastObservedAt"]
    )
    assert after["severity"] == ("LOW" if kind == "severity" else "HIGH")
    launched = after["resources"][0]["details"]["awsEc2Instance"]["launchedAt"]
    assert (launched == late) == (kind == "touch")


def test_a_closed_finding_reopens_under_its_arn_and_later_vanishes(
    simulator: Simulator, post: Post, shown: list[Wire]
) -> None:
    arn = _active(shown)["findingArn"]
    simulator.apply(Change("close", arn=arn))
    simulator.clock += timedelta(days=6)
    simulator.apply(Change("reopen", arn=arn))
    assert (_one(simulator, post, arn) or {})["status"] == "ACTIVE"
    simulator.apply(Change("close", arn=arn))
    simulator.clock += timedelta(days=29)
    assert (_one(simulator, post, arn) or {})["status"] == "CLOSED"
    simulator.clock += timedelta(days=2)
    assert _one(simulator, post, arn) is None
    simulator.apply(Change("reopen", arn=arn))
    assert _one(simulator, post, arn) is None


def test_a_finding_created_between_pages_appears_in_its_place(
    serve: Serve, walk: Walk, shown: list[Wire]
) -> None:
    last = max(
        each["findingArn"] for each in shown if ":eu-west-1:777788889999:" in each["findingArn"]
    )
    made = _active(shown) | {
        "findingArn": last[:-1] + ("f" if last[-1] != "f" else "e"),
        "awsAccountId": "777788889999",
    }
    first = "arn:aws:inspector2:eu-west-1:111122223333:finding/" + "0" * 32
    simulator = serve(
        changes=[
            Change("create", finding=made),
            Change("create", finding=_active(shown) | {"findingArn": first}),
        ]
    )
    arns = [each["findingArn"] for page in walk(simulator, _PATH, {}) for each in page["findings"]]
    assert made["findingArn"] in arns
    assert first not in arns
    assert arns == sorted(arns)
    again = [each["findingArn"] for page in walk(simulator, _PATH, {}) for each in page["findings"]]
    assert again[0] == first


def test_a_creation_without_a_finding_copies_one(serve: Serve, walk: Walk, equals: Equals) -> None:
    simulator = serve()
    body = {"filterCriteria": {"resourceId": equals(BUSY_INSTANCE)}}
    before = [each for page in walk(simulator, _PATH, body) for each in page["findings"]]
    simulator.apply(Change("create", resource_id=BUSY_INSTANCE))
    after = [each for page in walk(simulator, _PATH, body) for each in page["findings"]]
    assert len(after) == len(before) + 1
    new = next(
        each
        for each in after
        if each["findingArn"] not in {known["findingArn"] for known in before}
    )
    assert new["firstObservedAt"] == simulator.clock.timestamp()
    simulator.apply(Change("touch", arn=new["findingArn"]))
    simulator.apply(Change("close", arn=new["findingArn"]))
    closed = next(
        each
        for page in walk(simulator, _PATH, body)
        for each in page["findings"]
        if each["findingArn"] == new["findingArn"]
    )
    assert closed["status"] == "CLOSED"
    assert closed["resources"][0]["details"]["vm"]["launchedAt"] == simulator.clock.timestamp()


def test_a_change_happens_once(serve: Serve, post: Post, equals: Equals) -> None:
    simulator = serve(changes=[Change("create", resource_id=FROZEN_INSTANCE)])
    body = {
        "aggregationType": "AWS_EC2_INSTANCE",
        "aggregationRequest": {"ec2InstanceAggregation": {"instanceIds": equals(FROZEN_INSTANCE)}},
    }

    def count() -> int:
        (response,) = post(simulator, "/findings/aggregation/list", body).body["responses"]
        return int(response["ec2InstanceAggregation"]["severityCounts"]["all"])

    before = count()
    for _ in range(3):
        post(simulator, _PATH, {"maxResults": 1})
    assert count() == before + 1


def test_a_change_can_apply_to_a_resource_or_a_regions_first_finding(
    simulator: Simulator, walk: Walk, equals: Equals
) -> None:
    simulator.apply(Change("terminate", resource_id=BUSY_INSTANCE))
    simulator.apply(Change("delete", region="us-east-1"))
    simulator.apply(Change("close", arn="arn:aws:inspector2:eu-west-1:999999999999:finding/00"))
    body = {"filterCriteria": {"resourceId": equals(BUSY_INSTANCE)}}
    assert {
        each["status"] for page in walk(simulator, _PATH, body) for each in page["findings"]
    } == {"CLOSED"}
    simulator.clock += timedelta(days=4)
    left = [each for page in walk(simulator, _PATH, body) for each in page["findings"]]
    assert all(each["updatedAt"] < simulator.clock.timestamp() - 4 * DAY for each in left)


def test_changes_wait_for_their_operation_and_region(
    serve: Serve, post: Post, shown: list[Wire]
) -> None:
    arn = _active(shown)["findingArn"]
    simulator = serve(
        changes=[Change("delete", operation="ListCoverage", region="eu-west-1", arn=arn)]
    )
    post(simulator, "/coverage/list", {}, region="us-east-1")
    assert _one(simulator, post, arn) is not None
    post(simulator, "/coverage/list", {})
    assert _one(simulator, post, arn) is None


def test_sorting_by_a_changing_field_can_show_a_finding_twice(
    serve: Serve, post: Post, equals: Equals
) -> None:
    body: Wire = {
        "filterCriteria": {"resourceId": equals(FROZEN_INSTANCE)},
        "sortCriteria": {"field": "SEVERITY", "sortOrder": "ASC"},
        "maxResults": 5,
    }
    simulator = serve()
    first = post(simulator, _PATH, body).body
    moved = first["findings"][0]["findingArn"]
    simulator.apply(Change("severity", arn=moved, severity="CRITICAL"))
    listed: list[str] = []
    token = first["nextToken"]
    while token:
        page = post(simulator, _PATH, body | {"maxResults": 100, "nextToken": token}).body
        listed += [each["findingArn"] for each in page["findings"]]
        token = page.get("nextToken")
    assert moved in listed


def test_the_clock_shows_each_night(serve: Serve, post: Post, fleet: Fleet) -> None:
    simulator = serve()
    for night in (0, 3, 6):
        simulator.clock = fleet.at(night)
        counted = post(
            simulator, "/findings/aggregation/list", {"aggregationType": "ACCOUNT"}
        ).body["responses"]
        moment = fleet.at(night).timestamp()
        rows = [
            row
            for account in fleet.accounts
            for row in fleet.cells["eu-west-1", account].rows("", Criteria())
        ]
        states = [row.state(moment) for row in rows]
        active = sum(state is not None and state.status == "ACTIVE" for state in states)
        assert (
            sum(each["accountAggregation"]["severityCounts"]["all"] for each in counted) == active
        )
