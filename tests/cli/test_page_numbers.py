"""The numbers of the HTML report equal those in the JSON of the other commands."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.fixture
def page(cli: Cli, demo: Path, tmp_path: Path) -> str:
    run = cli("report", "-f", str(tmp_path / "report"))
    assert (run.code, run.out) == (0, f"{tmp_path / 'report' / 'index.html'}\n")
    return (tmp_path / "report" / "index.html").read_text()


def words(page: str) -> str:
    bare = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return (
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare))
        .replace("&#39;", "'")
        .replace("&gt;", ">")
    )


def tiles(page: str) -> dict[str, tuple[str, str]]:
    found = re.findall(
        r'<a class="tile" href="[^"]*">\s*<span class="[^"]*">([^<]+)</span>\s*<span'
        r' class="count">([^<]+)</span>'
        r'\s*<span class="hint">(.*?)</span></a>',
        page,
        re.DOTALL,
    )
    return {title: (value, re.sub("<[^>]+>", "", hint)) for title, value, hint in found}


def table(page: str, of: str) -> list[list[str]]:
    (body,) = re.findall(rf'<table class="{of}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    lines = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [
            re.sub("<[^>]+>", " ", cell).split()[0]
            for cell in re.findall(r'<td class="number[^>]*>(.*?)</td>', one, re.DOTALL)
        ]
        for one in lines
    ]


def packed(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="text/plain" id="rows">([^<]*)</script>', page)
    values: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text)))
    return values


def test_the_eight_numbers_are_those_of_the_commands(cli: Cli, page: str) -> None:
    summary, late, moved, covered = (
        cli(*question, "--output", "json").json
        for question in (("summary",), ("sla",), ("changes",), ("coverage",))
    )
    told, scanned = tiles(page), covered["scanned"]
    assert told["Critical"][0] == f"{summary['counts']['critical']:,}"
    assert told["High"][0] == f"{summary['counts']['high']:,}"
    assert told["Past SLA"][0] == f"{late['late']:,}"
    assert told["Past SLA"][1].endswith(f"{late['due_this_week']:,} due within a week")
    assert told["In CISA KEV"][0] == f"{summary['kev']:,}"
    came, gone = moved["opened_by"], sum(moved["resolved_by"].values())
    assert told["New"] == (f"{came['new'] + came['reopened']:,}", f"{gone:,} resolved")
    assert told["Fixable now"][1] == f"{summary['fixable']:,} by an update"
    assert told["Coverage"][0] == f"{round(100 * scanned / (scanned + summary['not_scanned']))} %"
    assert told["Coverage"][1].endswith(f"{covered['not_scanned']:,} not fully scanned")
    assert len(told) == 8


def test_the_header_and_the_evidence_name_the_same_snapshot(cli: Cli, page: str) -> None:
    summary, text = cli("summary", "--output", "json").json, words(page)
    total = f"{summary['counts']['total']:,}"
    assert f"{total} open findings on {summary['resources']:,} resources" in text
    assert (
        f"Snapshot {summary['snapshot_id']} Completeness complete {summary['certificate']['claim']}"
        in text
    )
    assert f"ListFindings {total} active = ListFindingAggregations {total}" in text
    assert f"{summary['suppressed']:,} suppressed findings" in text


def test_overdue_findings_add_up_by_age_and_by_owner(cli: Cli, page: str) -> None:
    late = cli("sla", "--output", "json").json
    ages = re.findall(r'<td class="number strong">([\d,]+)</td>', page)
    assert sum(int(one.replace(",", "")) for one in ages) == late["late"]
    owned = dict(
        re.findall(
            r'<a href="#q=([\w-]+)">.*?</th>.*?<td class="number">[\d,]+</td>\s*<td'
            r' class="number">([\d,]+)</td>',
            page.partition('aria-label="By owner"')[2].partition("</section>")[0],
            re.DOTALL,
        )
    )
    assert owned == {one["owner"]: f"{one['late']:,}" for one in late["owners"] if one["owner"]}


def test_the_most_vulnerable_resources_are_those_of_the_summary(cli: Cli, page: str) -> None:
    groups = cli("summary", "--by", "resource", "-n", "10", "--output", "json").json["groups"]
    told = [
        [
            f"{one['counts']['critical']:,}",
            f"{one['counts']['high']:,}",
            f"{one['counts']['total']:,}",
        ]
        for one in groups
    ]
    assert [line[:3] for line in table(page, "worst")] == told
    assert [line[4] for line in table(page, "worst")] == [f"{one['kev']:,}" for one in groups]


def test_every_open_finding_is_in_the_embedded_data(cli: Cli, page: str) -> None:
    summary, late, moved = (
        cli(name, "--output", "json").json for name in ("summary", "sla", "changes")
    )
    values = packed(page)
    found, weaknesses = values["findings"], values["weaknesses"]
    of = [*accumulate(found["w"])]
    assert len(of) == summary["counts"]["total"]
    ranks = [weaknesses["severity"][w] for w in of]
    names = ("critical", "high", "medium", "low", "informational", "untriaged")
    assert {name: ranks.count(n) for n, name in enumerate(names)} == {
        name: summary["counts"][name] for name in names
    }
    assert sum(weaknesses["kev"][w] == 1 for w in of) == summary["kev"]
    assert sum(weaknesses["fixable"][w] for w in of) == summary["fixable"]
    assert sum(weaknesses["exploit"][w] for w in of) == summary["exploitable"]
    days = zip(found["due"], found["opened"], strict=True)  # counted from the first day
    assert sum(due is not None and due < (age or 0) for due, age in days) == late["late"]
    assert len(found["new"]) == moved["opened_by"]["new"] + moved["opened_by"]["reopened"]


def test_a_report_of_an_older_snapshot_has_its_numbers(
    cli: Cli, demo: Path, tmp_path: Path
) -> None:
    nights = sorted(one["snapshot_id"] for one in cli("snapshots", "list", "--output", "json").json)
    cli("report", "-f", str(tmp_path), "--as-of", nights[0])
    text = words((tmp_path / "index.html").read_text())
    counts = cli("summary", "--as-of", nights[0], "--output", "json").json["counts"]
    assert f"{counts['total']:,} open findings on" in text
    assert "First snapshot: there is nothing to compare it with yet" in text
    assert f"sre-cli report --as-of {nights[0]} -f report" in text
