"""Events between two snapshots of recorded findings, and the cause of each event.

A script changes the findings between the snapshots.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.support.forged_snapshots import reseal

from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.reconciliation import unbalanced
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet.replay import replay_fleet
from sre_simulator.inspector.faults import Fault

Wire = dict[str, Any]
Edit = Callable[[list[Wire]], list[Wire]]

FIRST = datetime(2026, 11, 20, 1, tzinfo=UTC)
CLOSING = {"status": "CLOSED", "updatedAt": (FIRST + timedelta(hours=20)).timestamp()}
VOLATILE = ("lastObservedAt", "updatedAt")


@pytest.fixture
def account(real_findings: list[Path]) -> list[Wire]:
    """The open recorded findings."""
    every = [json.loads(line) for line in real_findings[0].read_text().splitlines()]
    return [one for one in every if one["status"] == "ACTIVE"]


@pytest.fixture
def nights(storage: Any, served: Any, tmp_path: Path) -> Callable[..., list[Wire]]:
    """Scans each list of findings into a snapshot, a day apart. Returns the last one's events."""
    count = 0

    def run(
        *lists: Sequence[Wire],
        faults: Sequence[Fault] = (),
        page_bound: int | None = None,
        **request: Any,
    ) -> list[Wire]:
        nonlocal count
        commit: Commit | None = None
        for findings in lists:
            path = tmp_path / f"night-{count}.jsonl"
            path.write_text("".join(json.dumps(one) + "\n" for one in findings))
            fleet = replay_fleet(path, now=FIRST + timedelta(days=count))
            count += 1
            with served(fleet, faults=list(faults), page_bound=page_bound) as simulator:
                commit = storage.scan(simulator, **request)
        assert commit
        return table(storage, commit, "events")

    return run


def table(storage: Any, commit: Commit, name: str) -> list[Wire]:
    """A table of a commit."""
    parts = [part for part in storage.manifest(commit).parts if part.key.startswith(f"{name}/")]
    rows: list[Wire] = []
    for part in parts:
        rows += (
            pq.ParquetFile(storage.snapshots.part(commit, part, Path("unused"))).read().to_pylist()
        )
    return rows


def told(events: list[Wire]) -> Counter[tuple[str, str | None]]:
    """Events by kind and cause."""
    return Counter((one["kind"], one["cause"]) for one in events)


def edited(findings: list[Wire], place: int, **changes: Any) -> list[Wire]:
    """The findings, with one of them changed."""
    copied = copy.deepcopy(findings)
    copied[place] |= changes
    return copied


def first(findings: list[Wire], **wanted: Any) -> int:
    """The index of the first finding with these values on a resource with several findings."""
    on = Counter(one["resources"][0]["id"] for one in findings)
    return next(
        place
        for place, one in enumerate(findings)
        if on[one["resources"][0]["id"]] > 2
        and all(one.get(key) == value for key, value in wanted.items())
    )


def test_the_first_snapshot_opens_all_findings_as_onboarding(
    nights: Any, account: list[Wire]
) -> None:
    events = nights(account)
    assert told(events) == {("opened", "onboarding"): len(account)}


def test_volatile_fields_create_no_events(nights: Any, account: list[Wire]) -> None:
    later = copy.deepcopy(account)
    for one in later:
        for name in VOLATILE:
            one[name] += 86_400
        one.get("packageVulnerabilityDetails", {}).update(vendorUpdatedAt=1_700_000_000.0)
        for resource in one["resources"]:
            resource.get("details", {}).get("awsEc2Instance", {}).update(launchedAt=1_700_000_000.0)
    assert nights(account, later) == []


def test_scripted_changes_create_exactly_their_events_with_causes(
    nights: Any, account: list[Wire]
) -> None:
    package = {"type": "PACKAGE_VULNERABILITY", "status": "ACTIVE"}
    places = {
        "severity_raised": first(account, severity="MEDIUM", **package),
        "severity_lowered": first(account, severity="HIGH", **package),
        "exploit_appeared": first(account, exploitAvailable="NO", severity="LOW", **package),
        "suppressed": first(account, severity="CRITICAL", **package),
    }
    later = copy.deepcopy(account)
    later[places["severity_raised"]]["severity"] = "CRITICAL"
    later[places["severity_lowered"]]["severity"] = "LOW"
    later[places["exploit_appeared"]]["exploitAvailable"] = "YES"
    later[places["suppressed"]]["status"] = "SUPPRESSED"
    closed = next(
        place
        for place, one in enumerate(later)
        if place not in places.values() and one["status"] == "ACTIVE"
    )
    later[closed] |= CLOSING
    new = copy.deepcopy(account[closed]) | {
        "findingArn": account[closed]["findingArn"][:-4] + "beef"
    }
    new["packageVulnerabilityDetails"] = {
        **new["packageVulnerabilityDetails"],
        "vulnerabilityId": "CVE-2026-0001",
    }
    events = nights(account, [*later, new])
    expected = Counter({(kind, None): 1 for kind in places}) + Counter(
        [("resolved", "patched"), ("opened", "new")]
    )
    assert told(events) == expected
    by_kind = {one["kind"]: one for one in events}
    for kind, place in places.items():
        assert by_kind[kind]["finding_arn"] == account[place]["findingArn"]
    assert by_kind["resolved"]["finding_arn"] == account[closed]["findingArn"]
    assert (
        by_kind["severity_raised"]["severity_before"],
        by_kind["severity_raised"]["severity_rank"],
    ) == (2, 0)


def test_a_newly_available_fix_is_an_event(nights: Any, account: list[Wire]) -> None:
    place = first(account, fixAvailable="YES")
    assert told(nights(edited(account, place, fixAvailable="NO"), account)) == {
        ("fix_appeared", None): 1
    }


def test_a_finding_that_returns_is_reopened_and_keeps_its_first_date(
    nights: Any, storage: Any, account: list[Wire]
) -> None:
    events = nights(account, edited(account, first(account, severity="HIGH"), **CLOSING), account)
    assert told(events) == {("reopened", None): 1}
    assert events[0]["first_seen_at"] == FIRST
    assert events[0]["opened_at"] == FIRST + timedelta(days=2)
    assert events[0]["reopened"] == 1
    states = table(storage, storage.snapshots.latest(), "states")
    assert len(states) == len(account)
    assert sum(one["reopened"] for one in states) == 1


def test_findings_of_a_missing_resource_are_resolved_as_terminated(
    nights: Any, account: list[Wire]
) -> None:
    gone = account[first(account)]["resources"][0]["id"]
    rest = [one for one in account if one["resources"][0]["id"] != gone]
    assert told(nights(account, rest)) == {("resolved", "terminated"): len(account) - len(rest)}


def test_an_unread_region_resolves_nothing_and_keeps_the_last_complete_state(
    nights: Any, account: list[Wire]
) -> None:
    nights(account)
    denied = nights(account[:50], faults=[Fault("denied", operation="ListCoverage")])
    assert told(denied) == {}
    later = edited(account, first(account, severity="HIGH"), **CLOSING)
    assert told(nights(later)) == {("resolved", "patched"): 1}


def test_half_a_hosts_findings_gone_at_old_versions_are_unknown_not_patched(
    nights: Any, account: list[Wire]
) -> None:
    host, many = Counter(one["resources"][0]["id"] for one in account).most_common(1)[0]
    kept = [
        one
        for one in account
        if one["resources"][0]["id"] == host and one["type"] == "PACKAGE_VULNERABILITY"
    ][:20]
    kept += [
        one
        for one in account
        if one["resources"][0]["id"] == host and one["type"] != "PACKAGE_VULNERABILITY"
    ]
    rest = [one for one in account if one["resources"][0]["id"] != host] + kept
    assert told(nights(account, rest)) == {("resolved", "unknown"): many - len(kept)}


def test_findings_that_inspector_closed_are_patched_unless_versions_are_unchanged(
    nights: Any, account: list[Wire]
) -> None:
    host, many = Counter(one["resources"][0]["id"] for one in account).most_common(1)[0]
    later = [one | CLOSING if one["resources"][0]["id"] == host else one for one in account]
    assert told(nights(account, later)) == {("resolved", "patched"): many}


@pytest.mark.parametrize(("days_ago", "cause"), [(0, "patched"), (3, "unknown")])
def test_a_new_version_counts_as_patched_only_after_a_scan(
    nights: Any, account: list[Wire], monkeypatch: pytest.MonkeyPatch, days_ago: int, cause: str
) -> None:
    from sre_simulator.fleet import replay

    covered = replay._covered
    nights(account)
    monkeypatch.setattr(replay, "_covered", lambda rows, at: covered(rows, at - days_ago * 86_400))
    upgraded = [
        place
        for place, one in enumerate(account)
        if names_of(one) == names_of(account[two_of_a_kind(account)])
    ]
    later = copy.deepcopy(account)
    for place in upgraded:
        for package in later[place]["packageVulnerabilityDetails"]["vulnerablePackages"]:
            package["version"] = "99"
    assert told(nights([one for place, one in enumerate(later) if place != upgraded[0]])) == {
        ("resolved", cause): 1
    }


def names_of(one: Wire) -> tuple[str, frozenset[str]]:
    """The resource of a finding and its packages."""
    packages = one.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", [])
    return one["resources"][0]["id"], frozenset(package["name"] for package in packages)


def two_of_a_kind(account: list[Wire]) -> int:
    """The index of an instance's finding that shares its packages with others.

    They are two to nine, too few to count as half of the findings.
    """
    many = Counter(
        names_of(one)
        for one in account
        if one["resources"][0]["type"] == "AWS_EC2_INSTANCE" and names_of(one)[1]
    )
    return next(place for place, one in enumerate(account) if 3 <= many[names_of(one)] <= 10)


def test_findings_of_a_resource_no_longer_scanned_are_not_patched(
    nights: Any, account: list[Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sre_simulator.fleet import replay

    covered = replay._covered
    place = first(account, severity="HIGH")
    silent = account[place]["resources"][0]["id"]
    nights(account)

    def excluded(rows: Any, at: float) -> list[Wire]:
        every: list[Wire] = covered(rows, at)
        for row in every:
            if row["resourceId"] == silent:
                row["scanStatus"] = {"statusCode": "INACTIVE", "reason": "EXCLUDED_BY_TAG"}
        return every

    monkeypatch.setattr(replay, "_covered", excluded)
    rest = [one for one in account if one["resources"][0]["id"] != silent]
    events = nights([*rest, account[place]])
    assert {cause for kind, cause in told(events) if kind == "resolved"} == {"not_scanned"}


def test_a_disabled_scan_type_ends_as_not_scanned_and_returns_as_onboarding(
    nights: Any, account: list[Wire], served: Any, storage: Any, tmp_path: Path
) -> None:
    nights(account)
    empty = tmp_path / "few.jsonl"
    empty.write_text("\n".join(json.dumps(one) for one in account[:1]))
    fleet = replay_fleet(empty, now=FIRST + timedelta(days=1))
    off = {key: {**known, "ec2": "DISABLED"} for key, known in fleet.statuses.items()}
    with served(replace(fleet, statuses=off)) as simulator:
        commit = storage.scan(simulator)
    assert told(table(storage, commit, "events")) == {("resolved", "not_scanned"): len(account) - 1}
    again = nights(account)
    assert told(again) == {("reopened", "onboarding"): len(account) - 1}
    assert {one["opened_at"] < FIRST for one in again} == {True}, (
        "what nobody looked at was not fixed: its age goes on"
    )


def wire(arn: str, package: str, **changes: Any) -> Wire:
    """A synthetic finding of a CVE in a package of an instance, as Inspector sends it."""
    moment = (FIRST - timedelta(days=9)).timestamp()
    return {
        "findingArn": f"arn:aws:inspector2:eu-west-1:111122223333:finding/{arn * 32}",
        "awsAccountId": "111122223333",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": f"CVE-2026-0100 - {package}",
        "description": "Text.",
        "firstObservedAt": moment,
        "lastObservedAt": moment,
        "updatedAt": moment,
        "remediation": {"recommendation": {"text": "None Provided"}},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-0100",
            "source": "NVD",
            "vulnerablePackages": [{"name": package, "version": "1.0", "packageManager": "OS"}],
        },
        "resources": [
            {
                "type": "AWS_EC2_INSTANCE",
                "id": "i-0abcdef0123456789",
                "partition": "aws",
                "region": "eu-west-1",
            }
        ],
        **changes,
    }


def placed(arn: str, region: str, host: str) -> Wire:
    """A synthetic finding of a host in a region."""
    one = wire(arn, "tls")
    one["findingArn"] = one["findingArn"].replace("eu-west-1", region)
    one["resources"][0] |= {"id": host, "region": region}
    return one


TWO = [
    placed(arn, region, f"i-0{arn * 16}")
    for arn, region in (
        ("a", "eu-west-1"),
        ("b", "eu-west-1"),
        ("c", "eu-west-2"),
        ("d", "eu-west-2"),
    )
]


def test_a_listing_that_does_not_end_resolves_nothing_although_parts_exist(
    nights: Any, storage: Any
) -> None:
    """The second page of one region's findings is denied, and its first finding is gone."""
    nights(TWO)
    cut_off = Fault("denied", call=2, times=99, region="eu-west-1")
    new = placed("e", "eu-west-1", f"i-0{'e' * 16}")
    events = nights([*TWO[1:], new], faults=[cut_off], page_bound=1)
    assert events == []
    commit = storage.snapshots.latest()
    listed = [row for row in table(storage, commit, "findings") if row["region"] == "eu-west-1"]
    assert [row["finding_arn"] for row in listed] == [TWO[1]["findingArn"]]
    events = nights([*TWO[1:], new])
    assert [(one["kind"], one["cause"], one["finding_arn"]) for one in events] == [
        ("opened", "new", new["findingArn"]),
        ("resolved", "terminated", TWO[0]["findingArn"]),
    ]
    assert [list(unbalanced(storage.snapshots, one)) for one in storage.snapshots.commits()] == [
        []
    ] * 3


def test_a_region_that_was_not_planned_resolves_nothing(nights: Any, storage: Any) -> None:
    one, two = ["eu-west-1"], ["eu-west-1", "eu-west-2"]
    nights(TWO)
    assert nights(TWO[:2] + TWO[3:], regions=one, required=one) == []
    events = nights(TWO[:2] + TWO[3:], regions=two)
    assert [(event["kind"], event["cause"], event["finding_arn"]) for event in events] == [
        ("resolved", "terminated", TWO[2]["findingArn"])
    ]
    assert [list(unbalanced(storage.snapshots, each)) for each in storage.snapshots.commits()] == [
        []
    ] * 3


def test_two_findings_of_a_vulnerability_on_a_resource_are_tracked_separately(
    nights: Any, storage: Any
) -> None:
    tls, shell = wire("a", "tls"), wire("b", "shell")
    assert told(nights([tls, shell])) == {("opened", "onboarding"): 2}
    one = nights([shell, tls | CLOSING])
    assert [(event["kind"], event["cause"], event["finding_arn"]) for event in one] == [
        ("resolved", "patched", tls["findingArn"])
    ]
    back = nights([shell, wire("c", "tls")])
    assert told(back) == {("reopened", None): 1}, (
        "the surplus of the night before came back, whatever its ARN"
    )
    assert len({event["finding_key"] for event in (*one, *back)}) == 1
    third = nights([shell, wire("c", "tls"), wire("d", "editor")])
    assert [(event["kind"], event["finding_arn"]) for event in third] == [
        ("opened", wire("d", "editor")["findingArn"])
    ]
    totals = [
        sum(row["high"] for row in table(storage, commit, "resources"))
        for commit in storage.snapshots.commits()
    ]
    assert totals == [2, 1, 2, 3]
    assert [
        list(unbalanced(storage.snapshots, commit)) for commit in storage.snapshots.commits()
    ] == [[]] * 4


def test_a_finding_that_lists_one_resource_twice_counts_once(nights: Any, storage: Any) -> None:
    one = wire("a", "tls")
    nights([one | {"resources": one["resources"] * 2}])
    commit = storage.snapshots.latest()
    assert [row["high"] for row in table(storage, commit, "resources")] == [1]
    assert sum(row["findings"] for row in table(storage, commit, "ages")) == 1
    assert list(unbalanced(storage.snapshots, commit)) == []


def test_an_inconsistent_history_is_reported_with_account_region_and_numbers(
    nights: Any, storage: Any
) -> None:
    tls, shell = wire("a", "tls"), wire("b", "shell")
    nights([tls, shell], [shell, tls | CLOSING])
    commit = storage.snapshots.latest()
    key = next(
        part.key for part in storage.manifest(commit).parts if part.key.startswith("events/")
    )
    path = storage.snapshots.part(
        commit,
        next(part for part in storage.manifest(commit).parts if part.key == key),
        Path("unused"),
    )
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    reseal(storage.snapshots.blobs, commit)
    commit = storage.snapshots.latest()
    assert [why for _, why in unbalanced(storage.snapshots, commit)] == [
        (
            "111122223333 AWS_EC2_INSTANCE PACKAGE: 2 open before + 0 opened + 0 reopened - 0 resolved"
            " is not 1 open now"
        )
    ]


def test_a_snapshot_without_a_predecessor_is_compared_with_nothing(
    nights: Any, storage: Any
) -> None:
    nights([wire("a", "tls")], [wire("a", "tls"), wire("b", "shell")])
    newest = storage.snapshots.latest()

    class Alone(SnapshotWriter):
        """A store without the older snapshots."""

        def commits(self) -> list[Commit]:
            return [newest]

    assert list(unbalanced(Alone(storage.snapshots.blobs), newest)) == []
