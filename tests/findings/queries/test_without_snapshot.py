"""The answers to queries if there is no snapshot: unknown, and never clean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.sources import folder_sources

from sre_findings.model.errors import NoSnapshot, UsageError
from sre_findings.model.findings.suppression import Suppressions
from sre_findings.queries import QUERIES, ask
from sre_findings.queries.export import rows
from sre_findings.queries.user_sql import Sql, sql
from sre_findings.questions.catalogue import (
    Changes,
    Claims,
    CoverageGaps,
    DueDates,
    ExportFile,
    ExportFilters,
    ExportPage,
    Exposure,
    FindingList,
    FixEffects,
    Fixes,
    ImageFixes,
    OneFinding,
    Priorities,
    ResourceDifferences,
    Sla,
    SnapshotList,
    Summary,
    SuppressionList,
    SurvivalCurves,
    Take,
    TimeToFix,
    Trend,
    Vulnerabilities,
    VulnerabilityDetails,
    VulnerabilityLife,
)
from sre_findings.sources.download_links import DownloadLink
from sre_findings.sources.sources import Sources

LISTS: dict[str, Any] = {
    "events": Changes(),
    "nights": Trend(),
    "regions": Sla("region"),
    "deadlines": DueDates(),
    "groups": TimeToFix(),
    "steps": SurvivalCurves(),
    "priorities": Priorities(),
    "findings": Exposure("openssl"),
    "suppressions": SuppressionList(),
    "lines": Fixes(),
    "snapshots": SnapshotList(),
    "claims": Claims(),
}
MORE_LISTS = (
    ("lines", ImageFixes()),
    ("severities", FixEffects(3)),
    ("findings", FindingList()),
    ("findings", VulnerabilityDetails("log4shell")),
    ("events", VulnerabilityLife("log4shell", "i-00000000")),
    ("findings", ResourceDifferences("i-00000000", "i-00000001")),
)
OTHERS = (Summary(), CoverageGaps(), OneFinding("arn:x"), Vulnerabilities("i-00000000"))
FILE = ExportFile()
TAKE = Take("i-00000000", "CVE-2024-3094", "7d")
STORED = {"operations"}  # answered from the table


@pytest.fixture
def empty(tmp_path: Path) -> Sources:
    link = DownloadLink("x", NOW, "/exports/x", None)
    rules = Suppressions([], "rules.yaml")
    return folder_sources(tmp_path, suppressions=rules, issue_link=lambda _: link)


def test_every_query_is_tested_here() -> None:
    asked = (*LISTS.values(), *(one for _, one in MORE_LISTS), *OTHERS, ExportPage(), FILE, TAKE)
    assert {one.name for one in asked} | STORED == set(QUERIES)


@pytest.mark.parametrize(("name", "question"), [*LISTS.items(), *MORE_LISTS])
def test_a_list_is_empty_and_not_known(empty: Sources, name: str, question: Any) -> None:
    answer = ask(question, empty)
    assert (answer.name, answer.items, answer.total, answer.known) == (name, [], 0, False)
    assert answer.headline == "There is no snapshot yet. Run: sre-cli scan."
    assert answer.proof.snapshot_id is None


@pytest.mark.parametrize("question", [Summary("owner"), Vulnerabilities("i-00000000")])
def test_a_verdict_is_unknown(empty: Sources, question: Any) -> None:
    verdict = ask(question, empty).verdict
    assert (verdict.verdict, verdict.reason) == ("unknown", "no_snapshot")


def test_nothing_is_covered_and_no_finding_exists(empty: Sources) -> None:
    assert ask(CoverageGaps(), empty).scanned == 0
    assert not ask(CoverageGaps(), empty).proof.sure
    assert ask(OneFinding("arn:x"), empty).finding is None
    assert ask(ExportPage(), empty).summary == {"file": None}


def test_a_file_sql_and_a_claim_are_errors(empty: Sources) -> None:
    for fails in (
        lambda: ask(FILE, empty),
        lambda: ask(TAKE, empty),
        lambda: rows(ExportFilters(), empty),
        lambda: sql(Sql("select 1"), empty),
    ):
        with pytest.raises(NoSnapshot, match="there is no snapshot yet"):
            fails()


def test_a_wrong_grouping_is_an_error_even_without_a_snapshot(empty: Sources) -> None:
    for question in (Summary("colour"), Sla("colour"), DueDates("colour"), TimeToFix("colour")):
        with pytest.raises(UsageError, match="colour"):
            ask(question, empty)
