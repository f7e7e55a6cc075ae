"""The draft of an accepted risk covers one finding, and is rejected until it has a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.slack_texts import texts

from sre_findings.config.suppressions import parse
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.errors import UsageError
from sre_reports.slack.limits import problems
from sre_reports.slack.risk_acceptance import ACTION, choice, draft_message, rule
from sre_reports.slack.risk_choice import chosen

TODAY = date(2026, 11, 22)
Answers = Callable[..., ResourceAnswer]


def file_of(text: str) -> str:
    return "suppressions:\n" + "\n".join(f"  {line}" for line in text.split("\n"))


def test_a_draft_covers_its_finding_once_it_has_a_reason(resource_answer: Answers) -> None:
    finding = resource_answer().findings[0]
    text = rule(replace(finding, owner="payments"), TODAY)
    with pytest.raises(UsageError, match="reason must not be empty"):
        parse(file_of(text).encode(), "f.yaml")
    (read,) = parse(file_of(text.replace('""', '"isolated, see TICKET-1"', 1)).encode(), "f.yaml")
    assert read.covers(finding, "payments")
    assert not read.covers(replace(finding, vulnerability_id="CVE-2000-1"), "payments")
    assert not read.covers(replace(finding, resource_id="i-1", resource_name="x"), "payments")
    assert (read.owner, read.expires) == ("payments", date(2026, 12, 22))


def test_a_wildcard_of_a_finding_is_left_out_of_its_draft(resource_answer: Answers) -> None:
    finding = replace(resource_answer().findings[0], vulnerability_id="*")
    assert rule(finding, TODAY).startswith('- vulnerability: ""\n')


def test_a_draft_says_that_nothing_is_suppressed(resource_answer: Answers) -> None:
    told = draft_message(resource_answer().findings[0], TODAY)
    assert problems(told.text, told.blocks) == []
    assert "Nothing is suppressed" in told.blocks[0]["text"]["text"]
    assert told.blocks[1]["text"]["text"].startswith("```- vulnerability:")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, texts)
def test_slack_accepts_any_menu_and_draft(resource_answer: Answers, name: str, owner: str) -> None:
    finding = replace(
        resource_answer().findings[0], vulnerability_id=name, owner=owner, resource_id=name
    )
    told = draft_message(finding, TODAY)
    assert problems(told.text, told.blocks) == []
    assert problems("text", choice(name, [finding] * 3)) == []
    assert told.blocks[1]["text"]["text"].count("`") == 6


def test_a_choice_has_the_resource_and_the_vulnerability(resource_answer: Answers) -> None:
    finding = resource_answer().findings[0]
    (block,) = choice("i-0", [finding, finding])
    (menu,) = block["elements"]
    (option,) = menu["options"]
    pressed: dict[str, Any] = {
        "action_id": ACTION, "block_id": block["block_id"], "selected_option": option,
    }  # fmt: skip
    assert chosen(pressed) == {"id": "i-0", "vulnerability": finding.vulnerability_id}
    assert chosen(pressed | {"selected_option": None}) == {}
    assert chosen(pressed | {"block_id": "resource"}) == {}
