"""sre-cli diff: the open vulnerabilities that only one of two resources has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, STOPPED_INSTANCE

Cli = Callable[..., Any]
OTHER = "data-etl-32"


def diff(cli: Cli, *words: str) -> Any:
    return cli("diff", *words, "-n", "0", "--output", "json").json


def open_pairs(cli: Cli, resource: str, *words: str) -> set[tuple[str, str | None]]:
    """The open vulnerabilities by package, from the answer about the resource."""
    options = ("--cached", "-n", "0", "--output", "json", *words)
    found = cli("vulnerabilities", resource, *options).json["findings"]
    return {
        (one["vulnerability_id"] or one["title"], each["name"] or None)
        for one in found
        for each in one["packages"] or [{"name": ""}]
    }


def pairs(answer: Any, side: str) -> set[tuple[str, str | None]]:
    return {
        (one["vulnerability_id"], one["package"])
        for one in answer["findings"]
        if one["only_on"] == side
    }


@pytest.mark.parametrize("words", [(), ("-s", "critical,high")], ids=["all", "some"])
def test_each_side_has_what_only_its_own_answer_has(
    cli: Cli, demo: Path, words: tuple[str, ...]
) -> None:
    answer = diff(cli, BUSY_INSTANCE, OTHER, *words)
    one, other = (open_pairs(cli, name, *words) for name in (BUSY_INSTANCE, OTHER))
    assert one - other
    assert other - one
    assert pairs(answer, "first") == one - other
    assert pairs(answer, "second") == other - one
    assert sum(answer["both"].values()) == len(one & other)
    for side in ("first", "second"):
        assert sum(answer[side]["only"].values()) == len(pairs(answer, side))
    turned = diff(cli, OTHER, BUSY_INSTANCE, *words)
    assert (pairs(turned, "second"), turned["both"]) == (one - other, answer["both"])


def test_the_findings_have_kev_due_date_and_fix_of_the_resource(cli: Cli, demo: Path) -> None:
    options = ("--cached", "-n", "0", "--output", "json")
    own = cli("vulnerabilities", BUSY_INSTANCE, *options).json["findings"]
    known = {one["finding_arn"]: one for one in own}
    answer = diff(cli, BUSY_INSTANCE, OTHER)
    listed = [one for one in answer["findings"] if one["only_on"] == "first"]
    names = ("severity", "kev", "kev_due", "due", "days_left", "overdue", "title")
    for one in listed:
        assert {name: one[name] for name in names} == {
            name: known[one["finding_arn"]][name] for name in names
        }
    assert answer["first"]["only_kev"] == sum(bool(one["kev"]) for one in listed) > 0
    severities = [one["severity"] for one in listed]
    critical = [one["kev"] is True for one in listed if one["severity"] == "CRITICAL"]
    assert critical == sorted(critical, reverse=True)
    assert severities[0] == "CRITICAL"


def test_two_scanned_resources_are_known_to_differ(cli: Cli, demo: Path) -> None:
    run = cli("diff", BUSY_INSTANCE, CLEAN_INSTANCE, "--output", "json")
    assert (run.code, run.json["known"], run.json["same"]) == (0, True, False)
    assert run.json["total_findings"] > len(run.json["findings"]) == 25


@pytest.mark.parametrize("name", ["forensics-33", STOPPED_INSTANCE])
@pytest.mark.parametrize("severity", ["critical", "informational"])
def test_a_resource_that_is_not_scanned_is_never_the_same(
    cli: Cli, demo: Path, name: str, severity: str
) -> None:
    run = cli("diff", CLEAN_INSTANCE, name, "-s", severity)
    assert run.code == 3
    assert "as far as known" in " ".join(run.out.split())
    assert "There may be more on" in run.out
    assert "same" not in run.out
    answer = diff(cli, CLEAN_INSTANCE, name, "-s", severity)
    assert (answer["known"], answer["second"]["unknown_because"] is None) == (False, False)
    assert answer["same"] in ((None,) if not answer["findings"] else (False,))


def test_without_differences_both_must_be_scanned(cli: Cli, demo: Path) -> None:
    run = cli("diff", CLEAN_INSTANCE, BUSY_INSTANCE, "-s", "untriaged", "--output", "json")
    if run.json["findings"]:
        run = cli("diff", CLEAN_INSTANCE, BUSY_INSTANCE, "-s", "informational", "--output", "json")
    assert (run.code, run.json["same"], run.json["findings"]) == (0, True, [])
    assert "have no open" in run.json["headline"]


def test_the_same_resource_twice_is_refused(cli: Cli, demo: Path) -> None:
    run = cli("diff", "prod-web-36", BUSY_INSTANCE)
    assert (run.code, BUSY_INSTANCE in run.err) == (2, True)


def test_two_resources_of_one_name_are_shown_by_their_ids(cli: Cli, demo: Path) -> None:
    refused = cli("diff", "prod-web-36", "prod-api-07")
    assert refused.code == 7
    listed = refused.err.split(": ")[2].split(". ")[0].split(", ")
    names = [one.split(" ")[0] for one in listed]  # without account and region
    shown = {one["resource"] for one in diff(cli, *names)["findings"]}
    assert shown == set(names)


def test_a_server_does_not_answer_diff(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SRE_STORE")
    monkeypatch.setenv("SRE_SERVER", "https://sre.example.com")
    run = cli("diff", "prod-web-36", OTHER)
    assert (run.code, "SRE_SERVER is set" in run.err) == (2, True)
