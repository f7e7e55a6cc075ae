"""Cached answers: only the age and the next cursor are recomputed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sre_findings.model.access import ALL, Access
from sre_findings.model.findings.finding import Finding
from sre_findings.sources.sources import Sources
from sre_mcp.tools.registry import TOOLS
from sre_mcp.tools.results import answer

HOST = "i-0123456789abcdef0"


@pytest.fixture
def store(scan_into: Any, make_finding: Any) -> Path:
    folder: Path = scan_into([make_finding(number) for number in range(100)])
    return folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ARNs of the findings that were converted to JSON."""
    arns, original = list[str](), Finding.to_json

    def counted(self: Finding) -> Any:
        arns.append(self.finding_arn)
        return original(self)

    monkeypatch.setattr(Finding, "to_json", counted)
    return arns


def check(sources: Sources, **more: Any) -> tuple[dict[str, Any], str]:
    tool = TOOLS["check_resource"]
    given = {"resource_id": HOST, "live": False, **more}
    result = answer(tool, tool.arguments.model_validate(given), sources)
    assert result.structured_content
    return result.structured_content, result.content[0].text  # type: ignore[union-attr]  # this server returns texts only


def test_a_cached_answer_differs_only_in_its_age(
    store: Path, open_store: Any, made: list[str]
) -> None:
    sources = open_store(store)
    taken = sources.stores.snapshots.latest().started_at
    # two hours later, on the same day
    began = taken if taken.hour < 21 else taken + timedelta(hours=3)
    first, text = check(replace(sources, now=lambda: began))
    listed = first["page"]["listed"]
    assert 0 < listed < 100
    assert len(made) <= listed + 1, "no more is made than the page has room for"
    made.clear()
    again, later = check(replace(sources, now=lambda: began + timedelta(hours=2)))
    assert made == []
    assert again.pop("age_seconds") - first.pop("age_seconds") == 7200
    assert again.pop("next_cursor") != first.pop("next_cursor")
    assert again.pop("page").keys() == first.pop("page").keys()
    assert again == first
    assert f"{(began - taken).seconds // 3600 + 2} h" in later
    assert later.splitlines()[-listed:] == text.splitlines()[-listed:]


def test_other_pages_clients_and_snapshots_are_computed_anew(
    store: Path, open_store: Any, scan_into: Any, make_finding: Any, made: list[str]
) -> None:
    sources = open_store(store)
    first, _ = check(sources)
    second, _ = check(sources, cursor=first["next_cursor"])
    assert not {one["finding_arn"] for one in first["findings"]} & {
        one["finding_arn"] for one in second["findings"]
    }
    made.clear()
    mine, _ = check(sources.seen_by(Access(frozenset({"111122223333"}), frozenset({ALL}))))
    assert [one["finding_arn"] for one in mine["findings"]] == made[: len(mine["findings"])]
    nothing, _ = check(sources.seen_by(Access(frozenset({"999999999999"}), frozenset({ALL}))))
    assert nothing["findings"] == []
    scan_into([make_finding(7)], store)
    assert [one["title"] for one in check(sources)[0]["findings"]] == ["title 7"]
    assert check(sources)[0]["total_findings"] == 1
