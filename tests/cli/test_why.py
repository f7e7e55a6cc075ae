"""sre-cli why: the life of a vulnerability on a resource, with proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_simulator.fleet import (
    BUSY_INSTANCE,
    CLEAN_INSTANCE,
    NETWORK_ONLY_INSTANCE,
    STOPPED_INSTANCE,
)
from sre_simulator.inspector.server import Fault

Cli = Callable[..., Any]


def events(cli: Cli, kind: str) -> list[dict[str, Any]]:
    every = cli("changes", "-n", "0", "--output", "json").json["events"]
    return [one for one in every if one["kind"] == kind]


def vulnerability_of(cli: Cli, resource: str) -> str:
    """A vulnerability of the resource in the first snapshot."""
    (*_, first) = cli("snapshots", "list", "--output", "json").json
    options = ("--cached", "--as-of", first["snapshot_id"], "--output", "json")
    found = cli("vulnerabilities", resource, *options).json["findings"]
    return str(found[0]["vulnerability_id"])


def life(cli: Cli, vulnerability: str, resource: str) -> Any:
    return cli("why", vulnerability, resource, "--output", "json")


def test_resolved_needs_an_event_that_proves_it(cli: Cli, demo: Path) -> None:
    causes = {one["cause"]: one for one in events(cli, "resolved")}
    assert set(causes) >= {"patched", "not_scanned", "unknown"}
    for cause, one in causes.items():
        run = life(cli, one["vulnerability_id"], one["resource_id"])
        own = [each for each in run.json["events"] if each["finding_key"] == one["finding_key"]]
        names = ("happened_at", "kind", "cause", "snapshot_id", "finding_arn", "severity")
        assert {name: own[-1][name] for name in names} == {name: one[name] for name in names}
        assert (run.json["cause"], run.json["resolved_at"]) == (cause, one["happened_at"])
        proven = cause in ("patched", "terminated")
        assert (run.json["life"], run.code) == (("resolved", 0) if proven else ("unknown", 3))
        assert run.json["headline"].endswith("it may still be there.") == (not proven)


def test_an_open_finding_has_the_due_date_of_the_resource(cli: Cli, demo: Path) -> None:
    shown = cli("vulnerabilities", "prod-web-36", "--cached", "-n", "0", "--output", "json").json
    findings = [one for one in shown["findings"] if one["due"]]
    assert findings
    for one in findings[:5]:
        same = [
            each["due"] for each in findings if each["vulnerability_id"] == one["vulnerability_id"]
        ]
        answer = life(cli, one["vulnerability_id"], "prod-web-36").json
        assert (answer["life"], answer["due_on"]) == ("open", min(same))
        assert f"due on {answer['due_on']}" in answer["headline"]


def test_the_number_of_reopenings_is_that_of_the_events(cli: Cli, demo: Path) -> None:
    for one in events(cli, "reopened")[:3]:
        answer = life(cli, one["vulnerability_id"], one["resource_id"]).json
        kinds = [each["kind"] for each in answer["events"]]
        assert answer["reopened"] == kinds.count("reopened") >= 1


def test_a_resource_that_is_not_scanned_is_unknown(cli: Cli, demo: Path) -> None:
    run = cli("why", "CVE-2099-0001", "forensics-33")
    assert run.code == 3
    assert "no finding is known, but there may be one" in run.out
    assert "it is excluded by a tag" in run.out


def test_without_findings_only_a_clean_resource_has_none(cli: Cli, demo: Path) -> None:
    for name in (CLEAN_INSTANCE, BUSY_INSTANCE):
        run = life(cli, "CVE-2099-0001", name)
        assert (run.code, run.json["life"], run.json["unread_snapshots"]) == (0, "none", [])
    for name in (STOPPED_INSTANCE, NETWORK_ONLY_INSTANCE):
        run = life(cli, "CVE-2099-0001", name)
        assert (run.code, run.json["life"]) == (3, "unknown")


@pytest.fixture
def partly(
    cli: Cli, inspector: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """Scans us-east-1 twice, and eu-west-1, where the busy instance is, once."""
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    regions = ("--region", "us-east-1", "--region", "eu-west-1", "--rate", "1000")
    with inspector():
        assert cli("scan", *regions).code == 0
    with inspector(faults=[Fault("denied", "ListFindings", times=99, region="eu-west-1")]):
        assert cli("scan", *regions).code == 3
    return cli


def test_a_snapshot_that_did_not_read_the_resource_is_named(
    partly: Cli, inspector: Callable[..., Any]
) -> None:
    (newest, *_) = partly("snapshots", "list", "--output", "json").json
    run = life(partly, "CVE-2099-0001", BUSY_INSTANCE)
    assert (run.code, run.json["life"], run.json["known"]) == (3, "unknown", False)
    assert "same name" not in " ".join(run.json["notes"])
    by_name = life(partly, "CVE-2099-0001", "prod-web-36").json
    assert (by_name["resource_id"], by_name["life"]) == (BUSY_INSTANCE, "unknown")
    assert "same name would not be found" in by_name["notes"][0]
    assert run.json["unread_snapshots"] == [newest["snapshot_id"]]
    assert "1 snapshot did not read the resource" in run.json["notes"][-1]
    known = vulnerability_of(partly, BUSY_INSTANCE)
    assert life(partly, known, BUSY_INSTANCE).json["life"] == "unknown"
    with inspector():
        partly("scan", "--region", "us-east-1", "--region", "eu-west-1", "--rate", "1000")
    assert life(partly, known, BUSY_INSTANCE).json["life"] == "open"
    later = life(partly, "CVE-2099-0001", BUSY_INSTANCE)
    assert (later.code, later.json["life"]) == (3, "unknown")  # it may have come and gone
    assert later.json["unread_snapshots"] == [newest["snapshot_id"]]


def test_a_snapshot_that_did_not_read_another_region_is_not_named(partly: Cli) -> None:
    found = partly("where", "openssl", "-r", "us-east-1", "-n", "0", "--json").json["findings"]
    hosts = {one["resource_id"] for one in found if one["resource_type"] == "AWS_EC2_INSTANCE"}
    answers = [life(partly, "CVE-2099-0001", host).json for host in sorted(hosts)[:6]]
    assert all(one["unread_snapshots"] == [] for one in answers)
    assert any((one["life"], one["known"]) == ("none", True) for one in answers)


def test_a_name_that_an_unread_place_may_have_too_is_doubted(partly: Cli) -> None:
    assert partly("why", "CVE-2099-0001", "prod-api-07").code == 7
    found = partly("where", "openssl", "-r", "us-east-1", "-n", "0", "--json").json["findings"]
    names = {one["resource_name"] for one in found} - {"prod-api-07", None}
    notes = [life(partly, "CVE-2099-0001", name).json["notes"] for name in sorted(names)[:3]]
    assert all(
        "a resource of the same name would not be found" in " ".join(one).lower() for one in notes
    )


def test_the_name_of_a_package_is_refused(cli: Cli, demo: Path) -> None:
    run = cli("why", "openssl", "prod-web-36")
    assert (run.code, "sre-cli where openssl" in run.err) == (2, True)


def test_a_resource_that_does_not_exist_is_refused(cli: Cli, demo: Path) -> None:
    assert cli("why", "CVE-2099-0001", "no-such-host").code == 2


def test_an_ambiguous_name_is_refused_with_its_ids(cli: Cli, demo: Path) -> None:
    assert cli("why", "CVE-2099-0001", "prod-api-07").code == 7


def test_a_server_does_not_answer_why(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SRE_STORE")
    monkeypatch.setenv("SRE_SERVER", "https://sre.example.com")
    run = cli("why", "CVE-2099-0001", "prod-web-36")
    assert (run.code, "SRE_SERVER is set" in run.err) == (2, True)
