"""Recorded findings are served unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from sre_simulator.fleet import Fleet, large_fleet, replay_fleet

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.simulator.conftest import Equals, Post, Serve, Walk

Wire = dict[str, Any]


def _written(path: Path, findings: list[Wire]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in findings) + "\n")
    return path


@pytest.fixture
def copied(tmp_path: Path, shown: list[Wire]) -> Path:
    return _written(tmp_path / "copied.jsonl", shown[::9])


def test_real_findings_come_back_equal(recordings: list[Path], serve: Serve, walk: Walk) -> None:
    recorded: dict[str, Wire] = {}
    for path in recordings:
        for line in path.read_text().splitlines():
            wire = json.loads(line)
            recorded[wire["findingArn"]] = wire
    fleet = replay_fleet(*recordings)
    simulator = serve(fleet, mode="sparse")
    served: dict[str, Wire] = {}
    for region in fleet.regions:
        for page in walk(simulator, "/findings/list", {}, region=region):
            served |= {each["findingArn"]: each for each in page["findings"]}
    assert len(recorded) > 200
    assert served == recorded


def test_coverage_is_derived_from_what_was_found(recordings: list[Path]) -> None:
    fleet = replay_fleet(*recordings)
    rows = list(fleet.coverage())
    assert {row["resourceId"] for row in rows} == {
        each["resources"][0]["id"] for each in fleet.findings()
    }
    assert {row["scanStatus"]["reason"] for row in rows} == {"SUCCESSFUL"}
    assert {row["scanType"] for row in rows} == {"PACKAGE", "NETWORK", "CODE"}


def test_a_fleet_written_down_and_replayed_is_the_same(
    copied: Path, shown: list[Wire], fleet: Fleet, now: datetime
) -> None:
    replayed = replay_fleet(copied, now=now)
    assert list(replayed.findings()) == sorted(
        shown[::9], key=lambda each: (each["resources"][0]["region"], each["findingArn"])
    )
    assert set(replayed.regions) == set(fleet.regions)
    assert set(replayed.accounts) == set(fleet.accounts)
    assert replayed.nights == (now,)
    types = {row["resourceType"] for row in replayed.coverage()}
    assert (
        types
        == {
            "AWS_EC2_INSTANCE",
            "AWS_ECR_CONTAINER_IMAGE",
            "AWS_LAMBDA_FUNCTION",
            "CODE_REPOSITORY",
        }
        & types
    )


def test_findings_without_optional_members_are_replayed(tmp_path: Path, shown: list[Wire]) -> None:
    bare = {name: value for name, value in shown[0].items() if name not in {"updatedAt", "epss"}}
    bare |= {"resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0123456789abcdef0"}]}
    fleet = replay_fleet(_written(tmp_path / "bare.jsonl", [shown[1], bare, bare]))
    assert bare in list(fleet.findings())
    assert any(
        row["resourceId"] == "i-0123456789abcdef0" and row["resourceMetadata"] == {}
        for row in fleet.coverage()
    )


def test_recordings_are_filtered_sorted_and_counted_like_generated_ones(
    copied: Path, serve: Serve, post: Post, walk: Walk, equals: Equals, now: datetime
) -> None:
    simulator = serve(replay_fleet(copied, now=now))
    body: Wire = {
        "filterCriteria": {
            "severity": equals("CRITICAL"),
            "resourceType": equals("AWS_EC2_INSTANCE"),
        }
    }
    found = [each for page in walk(simulator, "/findings/list", body) for each in page["findings"]]
    assert {each["severity"] for each in found} == {"CRITICAL"}
    ranked = post(
        simulator,
        "/findings/list",
        {"sortCriteria": {"field": "EPSS_SCORE", "sortOrder": "DESC"}, "maxResults": 20},
    ).body["findings"]
    scores = [each["epss"]["score"] for each in ranked]
    assert scores == sorted(scores, reverse=True)
    details = post(
        simulator, "/findings/details/batch/get", {"findingArns": [found[0]["findingArn"]]}
    ).body["findingDetails"][0]
    assert details["epssScore"] == found[0]["epss"]["score"]
    counted = post(simulator, "/findings/aggregation/list", {"aggregationType": "TITLE"}).body[
        "responses"
    ]
    assert counted


def test_a_scripted_restart_is_shown_on_a_recording(
    tmp_path: Path, now: datetime, serve: Serve, walk: Walk
) -> None:
    from sre_simulator.inspector.server import Change

    found = [
        each
        for each in large_fleet(60, accounts=1, now=now).findings()
        if each["status"] == "ACTIVE"
    ]
    simulator = serve(replay_fleet(_written(tmp_path / "one.jsonl", found), now=now))
    simulator.apply(Change("touch", resource_id=found[0]["resources"][0]["id"]))
    (page,) = walk(simulator, "/findings/list", {})
    assert {each["resources"][0]["details"]["vm"]["launchedAt"] for each in page["findings"]} == {
        now.timestamp()
    }


def test_an_empty_replay_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no findings in .*empty\.jsonl"):
        replay_fleet(_written(tmp_path / "empty.jsonl", []))


@pytest.mark.parametrize(
    "odd",
    [
        rb'"title":"\ud83d"',
        b'"title":"\xff"',
        b'"inspectorScore":NaN',
        b'"updatedAt":"soon"',
        b'"resources":5',
    ],
)
def test_odd_recordings_are_served_byte_by_byte(odd: bytes, tmp_path: Path, serve: Serve) -> None:
    finding = b'{"findingArn":"arn:aws:inspector2:eu-west-1:111122223333:finding/%032x",%b,"status":"ACTIVE"}'
    path = tmp_path / "odd.jsonl"
    path.write_bytes(
        b"".join(
            finding % (number, one) + b"\n" for number, one in enumerate((odd, b'"title":"fine"'))
        )
    )
    simulator = serve(replay_fleet(path))
    key = "AKIDEXAMPLE/20261122/eu-west-1/inspector2/aws4_request"
    asked = Request(
        f"{simulator.url}/findings/list",
        b"{}",
        {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}"},
    )
    with urlopen(asked) as answer:
        body = answer.read()
    assert odd in body
    assert b'"title":"fine"' in body
