"""Answers as text: verdicts, counts of the rollup, and provenance."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_cli.render.coverage import render_coverage
from sre_cli.render.resource import render_resource
from sre_cli.render.snapshots import render_snapshots
from sre_cli.render.summary import render_summary
from sre_cli.render.terminal import Colour, width
from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.answer import (
    CoverageAnswer,
    Group,
    Proof,
    ResourceAnswer,
    SummaryAnswer,
)
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import Counts, Rollup

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
ID = "i-826b94c7f9118bb16"
COMPLETE = Proof(
    "snapshot", "20261122T010000Z", AS_OF, 6 * 3600, "complete", "for all visible accounts"
)
NO_SNAPSHOT = Proof("snapshot", None, None, None, None)
COUNTS = Rollup(
    Counts(critical=2, high=6, medium=5), suppressed=3, fixable=11, exploitable=1, resources=1
)
VULNERABLE = rule.Verdict(rule.VULNERABLE, rule.FINDINGS, "Inspector reports open findings")


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "finding_arn": "arn:aws:inspector2:eu-west-1:111122223333:finding/0",
        "vulnerability_id": "CVE-2022-58300",
        "severity": "CRITICAL",
        "status": "ACTIVE",
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2022-58300 - vim-minimal",
        "packages": (Package("vim-minimal", "9.0.2153-1.amzn2023", "0:9.1.785-1.amzn2023.0.1"),),
        "fix_available": "YES",
        "exploit_available": "NO",
        "epss_score": None,
        "inspector_score": 9.6,
        "first_observed_at": datetime(2026, 10, 16, tzinfo=UTC),
        "last_observed_at": AS_OF,
        "resource_id": ID,
        "resource_type": "AWS_EC2_INSTANCE",
        "resource_name": "prod-web-36",
        "account_id": "111122223333",
        "region": "eu-west-1",
    }
    return Finding(**values | changes)


def answer(**changes: Any) -> ResourceAnswer:
    values: dict[str, Any] = {
        "resource": Resource(ID, "AWS_EC2_INSTANCE", "111122223333", "eu-west-1", "prod-web-36"),
        "verdict": VULNERABLE,
        "rollup": COUNTS,
        "coverage": (),
        "findings": (finding(),),
        "total_findings": 1,
        "next_cursor": None,
        "proof": COMPLETE,
    }
    return ResourceAnswer(**values | changes)


def unknown(reason: str, explanation: str, **changes: Any) -> ResourceAnswer:
    verdict = rule.Verdict(rule.UNKNOWN, reason, explanation)
    return answer(verdict=verdict, rollup=Rollup(), findings=(), total_findings=0, **changes)


@pytest.mark.parametrize(
    ("days", "shown"), [(-42, "42 d overdue"), (0, "today"), (8, "in 8 d"), (None, None)]
)
def test_a_finding_shows_kev_and_how_long_it_may_stay(days: int | None, shown: str | None) -> None:
    due = None if days is None else date(2026, 12, 1) + timedelta(days=days)
    one = finding(kev=True, due=due, days_left=days, overdue=(days or 0) < 0)
    text = render_resource(answer(findings=(one,), total_findings=1), 124, Colour.NONE)
    head, row = text.splitlines()[5:7]
    assert head[row.index("KEV ") :].startswith("KEV ")
    assert ("Due" in head) is (shown is not None)
    assert shown is None or row.endswith(shown)


@pytest.mark.parametrize(
    ("rollup", "overdue", "shown"),
    [
        ({"kev": 9}, 1266, "9 in CISA KEV, 1,266 overdue."),
        ({"kev": 0}, 0, "None in CISA KEV, none overdue."),
        ({"kev": 9, "unchecked": 2}, None, "9 in CISA KEV, 2 not checked."),
        ({"unchecked": 13}, 3, "Not checked against CISA KEV, 3 overdue."),
    ],
)
def test_the_counts_say_what_is_urgent_and_what_was_not_checked(
    rollup: dict[str, Any], overdue: int | None, shown: str
) -> None:
    one = answer(rollup=Rollup(Counts(2, 6, 5), **rollup), overdue=overdue)
    assert shown in render_resource(one, 124, Colour.NONE).splitlines()


def test_nothing_is_urgent_where_nothing_is_open() -> None:
    assert "KEV" not in render_resource(answer(rollup=Rollup()), 124, Colour.NONE).split("\n\n")[0]


def test_an_answer_shows_name_counts_findings_and_provenance() -> None:
    findings = (
        finding(),
        finding(
            severity="HIGH",
            vulnerability_id="CVE-2026-57507",
            exploit_available="YES",
            inspector_score=8.8,
        ),
        finding(
            severity="MEDIUM",
            vulnerability_id="GHSA-aaaa-bbbb-cccc",
            inspector_score=None,
            status="SUPPRESSED",
            packages=(Package("openssl", "3.0.8"), Package("openssl-libs", "3.0.8")),
            fix_available="NO",
        ),
    )
    assert (
        render_resource(answer(findings=findings, total_findings=16), 124, Colour.NONE)
        == "prod-web-36  i-826b94c7f9118bb16  111122223333  eu-west-1\n13 open findings: 2"
        " critical, 6 high, 5 medium; 3 suppressed\nNone in CISA KEV.\n11 can be fixed by an update; 1 has"
        " an exploit available.\n\nSeverity  Score  Vulnerability        Risk        Package     "
        " Fixed in                Installed             Age\nCritical    9.6  CVE-2022-58300                "
        "   vim-minimal  9.1.785-1.amzn2023.0.1  9.0.2153-1.amzn2023  37 d\nHigh        8.8 "
        " CVE-2026-57507       exploit     vim-minimal  9.1.785-1.amzn2023.0.1 "
        " 9.0.2153-1.amzn2023  37 d\nMedium           GHSA-aaaa-bbbb-cccc  suppressed  openssl"
        " +1   no fix yet              3.0.8                37 d\n13 more not shown; -n 0"
        " lists all.\nSnapshot 20261122T010000Z, 6 h old, complete for all visible accounts. Use"
        " --live for current data.\n"
    )


def test_a_taken_finding_names_who_has_it_and_until_when_at_any_width() -> None:
    claim = {"by": "slack:T1/U1", "name": "ada\x1b[2J", "until": "2026-12-08", "taken_at": "x"}
    some = (
        finding(claim=claim | {"state": "live"}),
        finding(claim=claim | {"state": "live"}, vulnerability_id="CVE-1-1"),
        finding(claim=claim | {"state": "lapsed"}, vulnerability_id="CVE-1-2"),
        finding(),
    )
    text = ""
    for cells in (60, 80, 200):
        text = render_resource(answer(findings=some, total_findings=4), cells, Colour.NONE)
        plain = " ".join(text.split())
        assert "Taken by ada[2J until 2026-12-08: CVE-2022-58300, CVE-1-1." in plain
        assert "The claim of ada[2J lapsed after 2026-12-08: CVE-1-2." in plain
    assert "taken " in text
    assert "claim lapsed " in text


def test_counts_come_from_the_rollup_not_from_the_listed_findings() -> None:
    rollup = Rollup(Counts(1, 2, 3, 4, 5, 6), suppressed=7)
    text = render_resource(answer(rollup=rollup, findings=(), total_findings=0), 200, Colour.NONE)
    assert (
        "21 open findings: 1 critical, 2 high, 3 medium, 4 low, 5 informational, 6 untriaged; 7"
        " suppressed" in text
    )


def test_a_filtered_list_says_that_the_counts_cover_everything() -> None:
    text = render_resource(answer(filters={"severities": ["CRITICAL", "HIGH"]}), 120, Colour.NONE)
    assert "13 open findings" in text
    assert "Only critical, high findings are listed; the counts cover all severities." in text


def test_a_finding_without_packages_shows_its_title() -> None:
    network = finding(
        type="NETWORK_REACHABILITY",
        vulnerability_id=None,
        packages=(),
        title="Port 22 is reachable",
        fix_available=None,
    )
    text = render_resource(
        answer(findings=(network, finding(packages=(), title=None))), 130, Colour.NONE
    )
    assert re.search(r"network reachability +Port 22 is reachable +- +- +37 d", text)
    assert re.search(r"CVE-2022-58300 +- +- +- +37 d", text)


def test_a_clean_resource_shows_the_verdict_first_and_the_scans() -> None:
    clean = rule.Verdict(rule.CLEAN, rule.NO_FINDINGS, "Inspector reports no findings")
    rows = [
        Coverage(ID, "AWS_EC2_INSTANCE", "1", "eu-west-1", scan, "ACTIVE", "SUCCESSFUL", None, when)
        for scan, when in (("PACKAGE", AS_OF), ("NETWORK", None))
    ]
    text = render_resource(
        answer(verdict=clean, rollup=Rollup(), findings=(), total_findings=0, coverage=rows),
        100,
        Colour.NONE,
    )
    assert text.splitlines()[:4] == [
        "Inspector reports no findings.",
        "prod-web-36  i-826b94c7f9118bb16  111122223333  eu-west-1",
        "Scanned: package at 2026-11-22T01:00:00Z",
        "Scanned: network",
    ]
    assert not re.search("clean|safe|0 ", text)


def test_an_unscanned_resource_shows_the_reason_and_the_remedy() -> None:
    text = render_resource(
        unknown(
            rule.NOT_SCANNED, "package not scanned, its inventory is stale. Restart the SSM agent"
        ),
        100,
        Colour.NONE,
    )
    assert text.splitlines()[:4] == [
        "Unknown: not scanned.",
        "Package not scanned, its inventory is stale. Restart the SSM agent.",
        "This is not an all-clear.",
        "prod-web-36  i-826b94c7f9118bb16  111122223333  eu-west-1",
    ]
    assert "open finding" not in text


def test_an_unknown_resource_shows_similar_names() -> None:
    explanation = (
        "no findings or coverage exist for this resource; similar names: prod-web-36"
        " (i-826b94c7f9118bb16)"
    )
    text = render_resource(
        unknown(rule.NO_SUCH_RESOURCE, explanation, resource=Resource("i-0", "", "", "")),
        60,
        Colour.NONE,
    )
    assert text.splitlines() == [
        "No such resource.",
        "No findings or coverage exist for this resource; similar",
        "names: prod-web-36 (i-826b94c7f9118bb16).",
        "i-0",
        "Snapshot 20261122T010000Z, 6 h old, complete for all visible",
        "accounts. Use --live for current data.",
    ]


def test_without_a_snapshot_no_counts_are_shown() -> None:
    text = render_resource(
        unknown(rule.NO_SNAPSHOT, "there is no snapshot yet; run: sre-cli scan", proof=NO_SNAPSHOT),
        80,
        0,
    )
    assert text.splitlines()[0] == "Unknown: no snapshot."
    assert text.endswith("There is no snapshot yet. Run: sre-cli scan.\n")


def test_frozen_findings_are_announced_before_the_counts() -> None:
    frozen = rule.Verdict(
        rule.VULNERABLE,
        rule.FROZEN,
        "findings are as of 2026-11-01T00:00:00Z",
        ("may be more",),
    )
    lines = render_resource(answer(verdict=frozen), 120, Colour.NONE).splitlines()
    assert lines[:2] == [
        "Vulnerable, and no longer scanned.",
        "Findings are as of 2026-11-01T00:00:00Z.",
    ]
    assert "Note: May be more." in lines


def test_only_suppressed_findings_are_not_counted_as_open() -> None:
    suppressed = rule.Verdict(
        rule.VULNERABLE, rule.SUPPRESSED_ONLY, "every open finding is suppressed"
    )
    text = render_resource(
        answer(verdict=suppressed, rollup=Rollup(suppressed=3)), 120, Colour.NONE
    )
    assert "0 open findings; 3 suppressed" in text


def test_a_partial_snapshot_shows_its_reasons() -> None:
    partial = replace(
        COMPLETE, state="partial", causes=(Reason("not_ended", "findings denied", "eu-west-1"),)
    )
    text = render_resource(answer(proof=partial), 120, Colour.NONE)
    assert "Partial: Eu-west-1" not in text
    assert (
        "Partial: eu-west-1: findings denied.\nSnapshot 20261122T010000Z, 6 h old, partial." in text
    )


def test_a_live_answer_does_not_recommend_live() -> None:
    live = Proof("live", None, AS_OF, 0, None)
    assert render_resource(answer(proof=live), 120, Colour.NONE).endswith(
        "Amazon Inspector, queried live at 2026-11-22T01:00:00Z.\n"
    )


def test_findings_have_no_age_if_the_time_of_the_answer_is_unknown() -> None:
    text = render_resource(answer(proof=replace(COMPLETE, as_of=None)), 120, Colour.NONE)
    assert "Age" not in text


@pytest.mark.parametrize("colour", list(Colour))
def test_colours_change_only_the_escape_sequences(colour: Colour) -> None:
    text = render_resource(answer(), 120, colour)
    assert ("\x1b[1;48;" in text) is bool(colour)
    assert ("\x1b" in text) is bool(colour)
    assert re.sub(r"\x1b\[[\d;]*m", "", text) == render_resource(answer(), 120, Colour.NONE)


@given(st.integers(1, 200))
def test_ids_are_never_cut_at_any_width(room: int) -> None:
    text = render_resource(answer(), room, Colour.NONE)
    assert ID in text
    assert "CVE-2022-58300" in text
    assert "20261122T010000Z" in text


def test_output_to_a_pipe_is_neither_cut_nor_wrapped() -> None:
    long = finding(packages=(Package("p" * 200, "1"),))
    text = render_resource(answer(findings=(long,)), None, Colour.NONE)
    assert "p" * 200 in text
    assert "…" not in text


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_hostile_text_reaches_the_terminal_without_control_characters(text: str) -> None:
    one = finding(
        vulnerability_id=text, severity=text, title=text, packages=(Package(text, text, text),)
    )
    gap = Coverage(text, text, text, text, text, "INACTIVE", text, name=text)
    verdict = rule.Verdict(rule.UNKNOWN, rule.NOT_SCANNED, text, (text,))
    proof = replace(
        COMPLETE, state="partial", causes=(Reason("not_ended", text),), snapshot_id=text
    )
    shown = [
        render_resource(
            answer(
                resource=Resource(text, text, text, text, text),
                verdict=verdict,
                findings=(one,),
                proof=proof,
                filters={"severities": [text]},
                coverage=(gap,),
            ),
            80,
            Colour.NONE,
        ),
        render_summary(
            SummaryAnswer(verdict, COUNTS, 1, proof, "owner", (Group(text, text, COUNTS),)),
            80,
            Colour.NONE,
        ),
        render_coverage(CoverageAnswer(1, (gap,), (Gap(*[text] * 6),), proof), 80, Colour.NONE),
    ]
    for letter in "".join(shown):
        assert letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs"), repr(letter)
        assert not re.match("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", letter)


def summary(**changes: Any) -> SummaryAnswer:
    values: dict[str, Any] = {
        "verdict": VULNERABLE,
        "rollup": replace(COUNTS, resources=4),
        "uncovered": 0,
        "proof": COMPLETE,
    }
    return SummaryAnswer(**values | changes)


def test_a_summary_counts_the_whole_scope() -> None:
    assert (
        render_summary(summary(uncovered=2), 120, Colour.NONE)
        == "13 open findings on 4 resources: 2 critical, 6 high, 5 medium; 3 suppressed\n"
        "11 can be fixed by an update; 1 has an exploit available.\n"
        "2 resources not fully scanned: see sre-cli coverage.\n"
        "Snapshot 20261122T010000Z, 6 h old, complete for all visible accounts.\n"
    )


def test_a_summary_has_one_row_for_each_group() -> None:
    groups = (Group("payments", "", COUNTS), Group("", "", Rollup(Counts(low=1200))))
    lines = render_summary(summary(by="owner", groups=groups), 130, Colour.NONE).splitlines()
    assert lines[3:6] == [
        (
            "Owner       Critical  High  Medium    Low  Informational  Untriaged  Total  Suppressed"
            "  Fixable  Exploit"
        ),
        (
            "payments           2     6       5      -              -          -     13           3"
            "       11        1"
        ),
        (
            "Unassigned         -     -       -  1,200              -          -  1,200           -"
            "        -        -"
        ),
    ]


def test_an_unknown_severity_has_a_column_if_it_occurs() -> None:
    groups = (Group("payments", "", Rollup(Counts(other=2))),)
    assert "Other" in render_summary(summary(by="owner", groups=groups), 130, Colour.NONE)


def test_long_resource_ids_are_in_the_last_column_and_not_cut() -> None:
    arn = "arn:aws:lambda:us-west-2:222222222222:function:" + "x" * 90
    groups = (Group(arn, "n" * 80, COUNTS), Group(ID, "", COUNTS))
    one = summary(by="resource", groups=groups)
    header, first, second = render_summary(one, None, Colour.NONE).splitlines()[3:6]
    assert header.endswith("Resource")
    assert first.endswith(f"{'n' * 39}…  {arn}")
    assert second.endswith(ID)
    assert "Untriaged" in header
    header, first, below, _, second = render_summary(one, 80, Colour.NONE).splitlines()[3:8]
    assert header.endswith("Name")
    assert first.endswith("n…")
    assert (below, second) == (f"   {arn}", f"   {ID}")


def test_an_unknown_summary_says_so_first() -> None:
    verdict = rule.Verdict(rule.UNKNOWN, rule.INCOMPLETE, "the scan is incomplete")
    lines = render_summary(summary(verdict=verdict, rollup=Rollup()), 120, Colour.NONE).splitlines()
    assert lines[:2] == ["Unknown: the scan is incomplete.", "This is not an all-clear."]


def gap(number: int, reason: str) -> Coverage:
    return Coverage(
        f"i-{number:017x}",
        "AWS_EC2_INSTANCE",
        "111122223333",
        "eu-west-1",
        "PACKAGE",
        "INACTIVE",
        reason,
        name=f"s-{number}",
    )


def test_coverage_gaps_are_grouped_by_reason_with_a_remedy() -> None:
    gaps = (
        gap(1, "UNMANAGED_EC2_INSTANCE"),
        gap(2, "STALE_INVENTORY"),
        gap(3, "UNMANAGED_EC2_INSTANCE"),
    )
    cells = (Gap("*", "eu-south-1", "*", "*", "access_denied", "2026-11-20T01:00:00+00:00"),)
    assert (
        render_coverage(CoverageAnswer(40, gaps, cells, COMPLETE), 100, Colour.NONE)
        == "3 resources not fully scanned, 40 scanned\n"
        "\n"
        "The instance is not managed by SSM (UNMANAGED_EC2_INSTANCE): 2\n"
        "Attach an SSM instance profile, or use agentless scans.\n"
        "Account       Region     Scan     Name  Resource\n"
        "111122223333  eu-west-1  package  s-1   i-00000000000000001\n"
        "111122223333  eu-west-1  package  s-3   i-00000000000000003\n"
        "\n"
        "Its inventory is stale (STALE_INVENTORY): 1\n"
        "Restart the SSM agent: it has not reported for days.\n"
        "Account       Region     Scan     Name  Resource\n"
        "111122223333  eu-west-1  package  s-2   i-00000000000000002\n"
        "\n"
        "Account  Region      Resource type  Scan  Not read because  Last read\n"
        "all      eu-south-1  all            all   access denied     2026-11-20\n"
        "Snapshot 20261122T010000Z, 6 h old, complete for all visible accounts.\n"
    )


def test_without_gaps_the_source_of_the_statement_is_inspector() -> None:
    assert render_coverage(CoverageAnswer(40, (), (), COMPLETE), 120, Colour.NONE).startswith(
        "Inspector reports no coverage gaps, 40 scanned\n"
    )


def test_coverage_without_a_snapshot_shows_no_counts() -> None:
    assert (
        render_coverage(CoverageAnswer(0, (), (), NO_SNAPSHOT), 120, 0)
        == "There is no snapshot yet. Run: sre-cli scan.\n"
    )


@dataclass(frozen=True)
class Commit:
    snapshot_id: str
    started_at: datetime
    state: str = "complete"
    claim: str = "for all visible accounts"
    reasons: tuple[str, ...] = ()
    totals: dict[str, int] = field(default_factory=lambda: {"distinct": 1011, "covered": 40})


def test_snapshots_are_listed_newest_first_with_reasons() -> None:
    commits = [
        Commit("old", AS_OF),
        Commit("new", AS_OF + timedelta(days=1), "partial", reasons=("a: denied", "b: denied")),
    ]
    assert (
        render_snapshots(commits, AS_OF + timedelta(days=1, hours=6), 100, Colour.NONE)
        == "Snapshot   Age  State     Findings  Resources covered  Scope or reason\n"
        "new        6 h  partial      1,011                 40  a: denied; b: denied\n"
        "old       30 h  complete     1,011                 40  for all visible accounts\n"
    )


def test_an_empty_list_of_snapshots_names_the_next_step() -> None:
    assert (
        render_snapshots([], AS_OF, 80, Colour.NONE)
        == "There is no snapshot yet. Run: sre-cli scan.\n"
    )


Render = Callable[[Any, int | None, int], str]


@pytest.mark.parametrize(
    ("render", "one"),
    [
        (render_resource, answer()),
        (render_summary, summary()),
        (render_coverage, CoverageAnswer(1, (gap(1, "INTERNAL_ERROR"),), (), COMPLETE)),
    ],
)
def test_lines_fit_into_80_columns(render: Render, one: Any) -> None:
    assert max(width(line) for line in render(one, 80, Colour.NONE).splitlines()) <= 80
