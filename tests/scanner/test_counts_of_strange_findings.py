"""Unknown values are counted on the safe side, and nothing is counted twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.inspector_findings import INSTANCE, inspector_finding
from tests.support.sources import make_sources

from sre_findings.model.findings.finding import is_open
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CACHED, Summary, Vulnerabilities
from sre_findings.sources.sources import Sources
from sre_simulator.fleet import replay_fleet


def finding(number: int, *resources: str, **fields: Any) -> dict[str, Any]:
    some = [INSTANCE | {"id": f"i-{name:0>17}"} for name in resources]
    return inspector_finding(number, fixAvailable="YES", resources=some, **fields)


@pytest.fixture
def scanned(storage: Any, served: Callable[..., Any], tmp_path: Path) -> Callable[..., Sources]:
    """A store with only these findings."""

    def scan(*findings: dict[str, Any]) -> Sources:
        (tmp_path / "some.jsonl").write_text("".join(json.dumps(one) + "\n" for one in findings))
        with served(replay_fleet(tmp_path / "some.jsonl", now=NOW)) as simulator:
            storage.scan(simulator)
        return make_sources(
            storage.snapshots,
            storage.table,
            tmp_path / "copies",
            storage.snapshots.latest().ended_at,
        )

    return scan


def test_a_finding_of_two_resources_counts_for_each_and_once_in_total(
    scanned: Callable[..., Sources],
) -> None:
    sources = scanned(finding(1, "a", "b"), finding(2, "a"))
    of = {
        name: ask(Vulnerabilities(f"i-{name:0>17}", source=CACHED), sources) for name in ("a", "b")
    }
    assert [of[name].rollup.counts.high for name in ("a", "b")] == [2, 1]
    assert [of[name].total_findings for name in ("a", "b")] == [2, 1]
    whole = ask(Summary("account"), sources)
    assert whole.rollup.counts.total == whole.groups[0].rollup.counts.total == 2
    assert whole.rollup.fixable == 2
    assert ask(Summary("vulnerability"), sources).groups == []


def test_an_unknown_severity_counts_as_other_and_is_vulnerable(
    scanned: Callable[..., Sources],
) -> None:
    answer = ask(
        Vulnerabilities("i-0000000000000000a", source=CACHED),
        scanned(finding(1, "a", severity="CATASTROPHIC")),
    )
    assert (answer.verdict.verdict, answer.rollup.counts.other, answer.rollup.counts.total) == (
        "vulnerable",
        1,
        1,
    )
    assert answer.to_json()["counts"]["other"] == 1


@pytest.mark.parametrize(
    ("status", "counts"),
    [("ACTIVE", True), (None, True), ("REVIVED", True), ("SUPPRESSED", False), ("CLOSED", False)],
)
def test_an_unknown_status_counts_as_open(status: str | None, counts: bool) -> None:
    assert is_open(status) is counts
