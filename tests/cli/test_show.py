"""sre-cli show: what a vulnerability is, where it is, and how it is fixed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
LOG4SHELL = "CVE-2021-44228"


def test_the_facts_are_those_of_the_other_answers(cli: Cli, demo: Path) -> None:
    shown = cli("show", LOG4SHELL, "--output", "json").json
    ranked = cli("priorities", "-n", "0", "--output", "json").json["priorities"]
    (same,) = [one for one in ranked if one["vulnerability_id"] == LOG4SHELL]
    both = ("severity", "inspector_score", "kev", "kev_added", "kev_due", "kev_action", "resources")
    assert {name: shown[name] for name in both} == {name: same[name] for name in both}
    assert shown["kev"] is True
    assert (shown["epss_score"], shown["exploit_observed"], shown["first_observed_on"]) == (
        same["epss_score"],
        same["exploit_observed"],
        same["first_observed_on"],
    )
    where = cli("where", LOG4SHELL, "--output", "json").json["findings"]
    assert [
        {**one, "first_observed_on": one["first_observed_at"][:10]}
        | {name: each[name] for name in ("due", "days_left")}
        for one, each in zip(where, shown["findings"], strict=True)
    ] == (shown["findings"])


@pytest.mark.parametrize("name", [LOG4SHELL, "CVE-2024-3094", "CVE-2025-32463"])
def test_each_resource_has_the_due_date_of_its_own_answer(cli: Cli, demo: Path, name: str) -> None:
    items = cli("show", name, "-n", "0", "--json").json["findings"]
    assert any(one["due"] for one in items)
    for one in items:
        own = cli("vulnerabilities", one["resource_id"], "--cached", "--json", "-n", "0").json
        (same,) = [each for each in own["findings"] if each["finding_arn"] == one["finding_arn"]]
        assert [same[key] for key in ("due", "days_left")] == [one["due"], one["days_left"]]


def test_the_text_names_fact_place_fix_and_references(cli: Cli, demo: Path) -> None:
    values = cli("show", LOG4SHELL, "--output", "json").json
    run = cli("show", LOG4SHELL)
    assert run.code == 0
    text = " ".join(run.out.split())  # lines wrap at the width of the terminal
    assert (
        f"{LOG4SHELL}: {values['open']} open findings on {values['resources']} resources." in text
    )
    assert f"due on {values['kev_due']}: {values['kev_action']}" in text
    assert f"EPSS {values['epss_score']:.3f}" in text
    assert " ".join(values["description"].split()) in text
    assert values["references"][0] == f"https://nvd.nist.gov/vuln/detail/{LOG4SHELL}"
    assert all(one in text for one in values["references"][:5])
    facts = ("resource", "account_id", "region", "first_observed_on", "due", "fixed_in")
    for one in values["findings"]:
        shown = [one[name] or "-" for name in facts]
        assert any(all(text in row for text in shown) for row in run.out.splitlines())


def test_the_rows_are_the_findings_in_every_format(cli: Cli, demo: Path) -> None:
    items = cli("show", LOG4SHELL, "--output", "json").json["findings"]
    rows = list(csv.DictReader(io.StringIO(cli("show", LOG4SHELL, "--output", "csv").out)))
    lines = cli("show", LOG4SHELL, "--output", "ndjson").out.splitlines()
    assert [json.loads(line) for line in lines] == items
    assert [row["finding_arn"] for row in rows] == [one["finding_arn"] for one in items]


def test_a_name_means_its_id_and_case_is_ignored(cli: Cli, demo: Path) -> None:
    by_id = cli("show", LOG4SHELL, "--output", "json").json
    for text in ("Log4Shell", "cve-2021-44228"):
        named = cli("show", text, "--output", "json").json
        assert named["findings"] == by_id["findings"]
        assert named["vulnerability_id"] == LOG4SHELL
    assert f"Note: Log4shell is {LOG4SHELL}." in cli("show", "log4shell").out


def test_not_found_is_unknown_while_resources_are_not_scanned(cli: Cli, demo: Path) -> None:
    whole = cli("summary", "--output", "json").json
    assert whole["not_scanned"] > 0
    run = cli("show", "CVE-2099-0001")
    assert run.code == 3
    assert run.out.startswith("Unknown: CVE-2099-0001 not found in ")
    assert f"scanned resources; {whole['not_scanned']} not fully scanned" in run.out
    assert "clean" not in run.out.lower()
    answer = cli("show", "CVE-2099-0001", "--output", "json").json
    assert (answer["known"], answer["kev"], answer["severity"]) == (False, None, None)


def test_not_found_in_a_region_gives_no_number_of_resources(cli: Cli, demo: Path) -> None:
    run = cli("show", "CVE-2099-0001", "--region", "us-east-1")
    assert run.code == 3
    assert run.out.startswith("Unknown: CVE-2099-0001 not found")
    assert "in the data that was read in us-east-1." in run.out.splitlines()[0]


def test_a_package_is_refused_with_the_command_for_it(cli: Cli, demo: Path) -> None:
    run = cli("show", "openssl")
    assert (run.code, run.out) == (2, "")
    assert "openssl is a package, not a vulnerability. Run: sre-cli where openssl." in run.err
