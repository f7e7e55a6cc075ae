"""The default fleet: its counts, cases and history, and the quirks of real findings."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from sre_simulator import fleet as fleets
from sre_simulator.filters import Criteria
from sre_simulator.fleet import Fleet, default_fleet, large_fleet
from sre_simulator.vulnerabilities.reference_data import exploited

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.conftest import Post, Serve

Wire = dict[str, Any]


def _of(findings: list[Wire], resource: str) -> list[Wire]:
    return [each for each in findings if each["resources"][0]["id"] == resource]


def test_the_busy_instance_has_the_promised_counts(shown: list[Wire]) -> None:
    active = [each for each in _of(shown, fleets.BUSY_INSTANCE) if each["status"] == "ACTIVE"]
    assert Counter(each["severity"] for each in active) == {
        "CRITICAL": 24,
        "HIGH": 466,
        "MEDIUM": 437,
        "LOW": 84,
    }
    details = [each["packageVulnerabilityDetails"] for each in active]
    assert (
        len({(each["vulnerabilityId"], each["vulnerablePackages"][0]["name"]) for each in details})
        == 1011
    )
    assert active[0]["resources"][0]["tags"] == {
        "Name": "prod-web-36",
        "team": "payments",
        "env": "prod",
    }
    assert active[0]["resources"][0]["region"] == "eu-west-1"


@pytest.mark.parametrize(("seed", "nights"), [(2, 1), (3, 30)])
def test_the_counts_hold_for_other_seeds_and_nights(seed: int, nights: int, now: datetime) -> None:
    fleet = default_fleet(seed=seed, nights=nights, now=now)
    criteria = Criteria({"resourceId": [{"comparison": "EQUALS", "value": fleets.BUSY_INSTANCE}]})
    states = [
        row.state(now.timestamp())
        for row in fleet.cells["eu-west-1", fleet.admin_account].rows("", criteria)
    ]
    assert (
        Counter(state.severity for state in states if state and state.status == "ACTIVE")
        == fleets.BUSY_COUNTS
    )
    assert len(fleet.nights) == nights


def test_the_fleet_has_about_forty_resources_and_six_thousand_findings(
    fleet: Fleet, shown: list[Wire]
) -> None:
    assert 5500 < len(shown) < 6500
    assert 38 <= len({row["resourceId"] for row in fleet.coverage()}) <= 44
    assert {(each["awsAccountId"], each["resources"][0]["region"]) for each in shown} == {
        (account, region) for account in fleet.accounts for region in fleet.regions
    }
    assert len({each["findingArn"] for each in shown}) == len(shown)
    assert fleet.admin_account in fleet.accounts


def _rows(fleet: Fleet, resource: str) -> dict[str, tuple[str, str]]:
    rows = [row for row in fleet.coverage() if row["resourceId"] == resource]
    return {
        row["scanType"]: (row["scanStatus"]["statusCode"], row["scanStatus"]["reason"])
        for row in rows
    }


_FINE = ("ACTIVE", "SUCCESSFUL")


@pytest.mark.parametrize(
    ("resource", "package", "network", "statuses"),
    [
        (fleets.CLEAN_INSTANCE, _FINE, _FINE, set()),
        (fleets.SUPPRESSED_ONLY_INSTANCE, _FINE, _FINE, {"SUPPRESSED"}),
        (fleets.NETWORK_ONLY_INSTANCE, ("INACTIVE", "NO_INVENTORY"), _FINE, set()),
        (fleets.FROZEN_INSTANCE, ("INACTIVE", "STALE_INVENTORY"), _FINE, {"ACTIVE"}),
        (
            fleets.STOPPED_INSTANCE,
            ("INACTIVE", "EC2_INSTANCE_STOPPED"),
            ("INACTIVE", "EC2_INSTANCE_STOPPED"),
            {"ACTIVE"},
        ),
        (fleets.UNMANAGED_INSTANCE, ("INACTIVE", "UNMANAGED_EC2_INSTANCE"), _FINE, set()),
    ],
)
def test_the_special_instances_match_their_names(
    resource: str,
    package: tuple[str, str],
    network: tuple[str, str],
    statuses: set[str],
    fleet: Fleet,
    shown: list[Wire],
) -> None:
    assert _rows(fleet, resource) == {"PACKAGE": package, "NETWORK": network}
    assert {each["status"] for each in _of(shown, resource)} == statuses


def test_every_reason_not_to_scan_occurs(fleet: Fleet) -> None:
    reasons = {row["scanStatus"]["reason"] for row in fleet.coverage()}
    assert reasons == {
        "SUCCESSFUL",
        "NO_INVENTORY",
        "STALE_INVENTORY",
        "EC2_INSTANCE_STOPPED",
        "UNMANAGED_EC2_INSTANCE",
        "UNSUPPORTED_OS",
        "EXCLUDED_BY_TAG",
        "SCAN_ELIGIBILITY_EXPIRED",
        "PENDING_INITIAL_SCAN",
    }
    waiting = [
        row for row in fleet.coverage() if row["scanStatus"]["reason"] == "PENDING_INITIAL_SCAN"
    ]
    assert not any("lastScannedAt" in row for row in waiting)


def test_two_resources_share_a_name_and_some_have_no_tags(fleet: Fleet) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for row in fleet.coverage():
        tags = row["resourceMetadata"].get("ec2", {}).get("tags")
        names["" if tags == {} else (tags or {}).get("Name", "-")].add(row["resourceId"])
    assert len(names["prod-api-07"]) == 2
    assert len(names[""]) == 2


def test_all_types_severities_and_statuses_occur(shown: list[Wire]) -> None:
    assert {(each["type"], each["resources"][0]["type"]) for each in shown} == {
        ("PACKAGE_VULNERABILITY", "AWS_EC2_INSTANCE"),
        ("PACKAGE_VULNERABILITY", "AWS_ECR_CONTAINER_IMAGE"),
        ("PACKAGE_VULNERABILITY", "AWS_LAMBDA_FUNCTION"),
        ("NETWORK_REACHABILITY", "AWS_EC2_INSTANCE"),
        ("CODE_VULNERABILITY", "AWS_LAMBDA_FUNCTION"),
        ("CODE_VULNERABILITY", "CODE_REPOSITORY"),
    }
    assert {each["severity"] for each in shown} == {
        "CRITICAL",
        "HIGH",
        "MEDIUM",
        "LOW",
        "INFORMATIONAL",
        "UNTRIAGED",
    }
    assert {each["status"] for each in shown} == {"ACTIVE", "SUPPRESSED", "CLOSED"}


def test_findings_have_the_quirks_of_real_ones(shown: list[Wire]) -> None:
    package = [each for each in shown if each["type"] == "PACKAGE_VULNERABILITY"]
    words = {each["packageVulnerabilityDetails"].get("vendorSeverity") for each in package}
    assert {"HIGH", "medium", "not yet assigned", "Moderate", None} <= words
    ids = {each["packageVulnerabilityDetails"]["vulnerabilityId"][:4] for each in package}
    assert {"CVE-", "GHSA", "SNYK"} <= ids
    ubuntu = [
        each for each in package if each["packageVulnerabilityDetails"]["source"] == "UBUNTU_CVE"
    ]
    assert ubuntu
    assert not any("inspectorScore" in each for each in ubuntu)
    off = [
        each
        for each in package
        if each.get("inspectorScore", 0) >= 7 and each["severity"] in {"LOW", "MEDIUM"}
    ]
    assert off
    assert max(len(each["description"]) for each in shown) == 1024
    fixes = [
        each["fixedInVersion"]
        for found in package
        for each in found["packageVulnerabilityDetails"]["vulnerablePackages"]
    ]
    assert "NotAvailable" in fixes
    assert {each["fixAvailable"] for each in package} == {"YES", "NO", "PARTIAL"}
    exploits = {
        each["packageVulnerabilityDetails"]["vulnerabilityId"]
        for each in package
        if "exploitabilityDetails" in each
    }
    assert exploits & set(exploited())


def test_a_finding_is_as_large_as_a_real_one_with_its_twin(shown: list[Wire]) -> None:
    sizes = [
        len(json.dumps(each, separators=(",", ":")))
        for each in shown
        if (each["type"], each["resources"][0]["type"])
        == ("PACKAGE_VULNERABILITY", "AWS_EC2_INSTANCE")
    ]
    assert 2600 < sum(sizes) / len(sizes) < 3400


def test_active_findings_were_updated_when_last_observed_and_closed_ones_later(
    shown: list[Wire],
) -> None:
    for each in shown:
        if each["status"] == "CLOSED":
            assert each["updatedAt"] > each["lastObservedAt"]
        assert each["firstObservedAt"] <= each["lastObservedAt"] <= each["updatedAt"]


def _brief(finding: Wire) -> Wire:
    launched = finding["resources"][0]["details"].get("awsEc2Instance", {}).get("launchedAt")
    return {"status": finding["status"], "severity": finding["severity"], "launchedAt": launched}


def test_the_nights_show_every_kind_of_event(fleet: Fleet) -> None:
    nights = [
        {each["findingArn"]: _brief(each) for each in fleet.findings(night)}
        for night in fleet.nights
    ]
    turns: Counter[str] = Counter()
    for before, after in pairwise(nights):
        turns["appeared"] += len(set(after) - set(before))
        turns["vanished"] += len(set(before) - set(after))
        for arn in set(before) & set(after):
            old, new = before[arn], after[arn]
            turns[f"{old['status']} to {new['status']}"] += 1
            turns["severity"] += old["severity"] != new["severity"]
            turns["restarted"] += old["launchedAt"] != new["launchedAt"]
    wanted = (
        "appeared",
        "vanished",
        "ACTIVE to CLOSED",
        "CLOSED to ACTIVE",
        "ACTIVE to SUPPRESSED",
        "SUPPRESSED to ACTIVE",
        "severity",
        "restarted",
    )
    assert all(turns[turn] for turn in wanted), turns


def test_a_restart_changes_only_volatile_members(fleet: Fleet, shown: list[Wire]) -> None:
    before = {each["findingArn"]: each for each in fleet.findings(fleet.at(-2))}
    after = {each["findingArn"]: each for each in shown}
    volatile = {"lastObservedAt", "updatedAt", "resources"}
    touched = 0
    for arn in set(before) & set(after):
        old, new = before[arn], after[arn]
        if (
            old != new
            and (old["status"], old["severity"]) == (new["status"], new["severity"])
            and old["resources"] != new["resources"]
        ):
            touched += 1
            assert {name for name in old if old[name] != new[name]} <= volatile
    assert touched > 100


def test_findings_of_a_terminated_instance_vanish_within_three_days(fleet: Fleet) -> None:
    rows = [{row["resourceId"] for row in fleet.coverage(night)} for night in fleet.nights]
    (gone,) = rows[0] - rows[-1]
    criteria = Criteria({"resourceId": [{"comparison": "EQUALS", "value": gone}]})
    findings = [row for cell in fleet.cells.values() for row in cell.rows("", criteria)]
    counts: list[Counter[str]] = []
    for night in fleet.nights:
        states = [row.state(night.timestamp()) for row in findings]
        counts.append(Counter(state.status for state in states if state))
    assert counts[0]["ACTIVE"] > 150
    assert counts[3]["ACTIVE"] == 0 < counts[3]["CLOSED"]
    # terminated four hours before the fourth scan: present in the sixth, absent from the seventh
    assert sum(counts[5].values()) > 150
    assert sum(counts[6].values()) < 20


def test_a_disabled_account_has_nothing(now: datetime, serve: Serve, post: Post) -> None:
    fleet = default_fleet(now=now, disabled=["123456789012"])
    assert not any(each["awsAccountId"] == "123456789012" for each in fleet.findings())
    statuses = post(serve(fleet), "/status/batch/get", {"accountIds": list(fleet.accounts)}).body[
        "accounts"
    ]
    states = {each["accountId"]: each for each in statuses}
    assert states["123456789012"]["state"]["status"] == "DISABLED"
    assert states["777788889999"]["resourceState"]["lambdaCode"]["status"] == "DISABLED"
    assert states["777788889999"]["state"]["status"] == "ENABLED"
    assert {each["status"] for each in states["111122223333"]["resourceState"].values()} == {
        "ENABLED"
    }


def test_now_is_the_current_hour_unless_it_is_given() -> None:
    last = default_fleet(nights=1).nights[-1]
    assert (last.minute, last.second, last.microsecond) == (0, 0, 0)


_DIGEST = """
import hashlib, sys
from datetime import datetime
from sre_simulator.fleet import default_fleet, large_fleet
import msgspec
now = datetime.fromisoformat(sys.argv[1])
digest = hashlib.sha256()
for fleet in (default_fleet(now=now), large_fleet(1500, now=now)):
    for wire in (*fleet.findings(), *fleet.coverage()):
        digest.update(msgspec.json.encode(wire))
print(digest.hexdigest())
"""


def test_two_processes_make_the_same_bytes(fleet: Fleet, shown: list[Wire], now: datetime) -> None:
    digest = hashlib.sha256()
    large = large_fleet(1500, now=now)
    for wire in (*shown, *fleet.coverage(), *large.findings(), *large.coverage()):
        digest.update(msgspec.json.encode(wire))
    command = [sys.executable, "-c", _DIGEST, now.isoformat()]
    done = subprocess.run(
        command,
        env={"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == digest.hexdigest()
