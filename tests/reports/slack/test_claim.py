"""The menu that takes a finding until a day, and the answers to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.slack_texts import texts

from sre_findings.model.answers.answer import TABLE, ResourceAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_reports.slack.buttons import Asked
from sre_reports.slack.claim import ACTION, choice, claim_message
from sre_reports.slack.claim_choice import chosen
from sre_reports.slack.limits import problems
from sre_reports.slack.links import Links
from sre_reports.slack.resource import Beside, resource_message

Answers = Callable[..., ResourceAnswer]
CLAIM = {"by": "slack:T1/U1", "name": "ada", "until": "2026-12-08", "taken_at": "x"}
ITEM = CLAIM | {
    "vulnerability_id": "CVE-2021-44228",
    "resource_id": "i-0",
    "resource_name": "prod-web-36",
    "account_id": "111122223333",
    "region": "eu-west-1",
    "state": "live",
}


def options(block: dict[str, Any]) -> list[tuple[str, str]]:
    """The texts and values of the menu."""
    (menu,) = block["elements"]
    return [
        (one["text"]["text"], one["value"])
        for group in menu["option_groups"]
        for one in group["options"]
    ]


def test_an_option_has_the_day_and_the_vulnerability(resource_answer: Answers) -> None:
    finding = resource_answer().findings[0]
    cve = finding.vulnerability_id
    (block,) = choice("i-0", [finding, finding])
    assert options(block) == [
        (f"{cve}, until tomorrow", f"tomorrow {cve}"),
        (f"{cve}, for 7 days", f"7d {cve}"),
        (f"{cve}, for 14 days", f"14d {cve}"),
    ]
    pressed = {
        "action_id": ACTION,
        "block_id": block["block_id"],
        "selected_option": {"value": options(block)[1][1]},
    }
    assert chosen(pressed) == {"id": "i-0", "vulnerability": cve, "until": "7d"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"selected_option": None},
        {"selected_option": {"value": "7d"}},
        {"selected_option": {"value": " CVE-1-1"}},
        {"selected_option": {"value": 7}},
        {"block_id": "accept i-0"},
        {"block_id": None},
    ],
    ids=str,
)
def test_a_choice_of_another_form_is_none(wrong: dict[str, Any]) -> None:
    pressed = {"block_id": "take i-0", "selected_option": {"value": "7d CVE-1-1"}}
    assert chosen(pressed)
    assert chosen(pressed | wrong) == {}


def test_only_the_person_who_has_a_finding_can_give_it_back(resource_answer: Answers) -> None:
    taken = replace(resource_answer().findings[0], claim=CLAIM | {"state": "live"})
    back = (f"{taken.vulnerability_id}, give back", f"release {taken.vulnerability_id}")
    for by, offered in (("slack:T1/U1", True), ("slack:T1/U2", False), ("", False)):
        (block,) = choice("i-0", [taken], by)
        assert (back in options(block)) is offered


def test_an_answer_names_who_has_a_finding_without_markup(resource_answer: Answers) -> None:
    claim = CLAIM | {"state": "live", "name": "<!channel> :aws: `x`"}
    taken = replace(resource_answer().findings[0], claim=claim)
    told = resource_message(
        resource_answer(findings=[taken]), Asked("i-0"), Beside(), Links("https://sre.example")
    )
    text = json.dumps([*told.blocks, *told.classic], ensure_ascii=False)
    assert text.count("Taken by `&lt;!channel&gt; :aws: ʼxʼ` until 2026-12-08: `CVE-") == 2
    assert "<!channel>" not in text


@pytest.mark.parametrize(
    ("changes", "done", "told"),
    [
        ({}, True, "*Taken*: `CVE-2021-44228` on `prod-web-36` is yours until 2026-12-08."),
        ({}, False, "*Not changed*: `CVE-2021-44228` on `prod-web-36` is taken by `ada` until"),
        ({"state": "done"}, True, "*Given back*: `CVE-2021-44228` on `prod-web-36`."),
        ({"resource_name": ""}, True, "*Taken*: `CVE-2021-44228` on `i-0` is yours"),
    ],
)
def test_each_answer_to_a_choice_says_what_has_changed(
    changes: dict[str, str], done: bool, told: str, proof: Any
) -> None:
    message = claim_message(taken_answer([ITEM | changes], done, proof))
    assert problems(message.text, message.blocks) == []
    assert message.blocks[0]["text"]["text"].startswith(told)
    assert "*" not in message.text


def taken_answer(items: list[Any], done: bool, proof: Any) -> Any:
    return ListAnswer("", "claims", items, len(items), (), (), proof(source=TABLE), {"done": done})


def test_nobody_has_a_finding_that_was_not_taken(proof: Any) -> None:
    assert claim_message(taken_answer([], False, proof)).text == "This finding is not taken."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, texts)
def test_slack_accepts_any_menu_and_answer(
    resource_answer: Answers, proof: Any, name: str, person: str
) -> None:
    taken = replace(
        resource_answer().findings[0],
        vulnerability_id=name,
        resource_id=name,
        claim=CLAIM | {"state": "live"},
    )
    assert problems("text", choice(name, [taken] * 10, "slack:T1/U1")) == []
    item = ITEM | {"vulnerability_id": name, "resource_name": name, "name": person}
    for done in (True, False):
        told = claim_message(taken_answer([item], done, proof))
        assert problems(told.text, told.blocks) == []
