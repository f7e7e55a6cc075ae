"""Slack accepts the message for any answer; texts from outside mention no user.

Different answers have different messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.slack_texts import HOSTILE, active, maybe, numbers, texts

from sre_findings.model.answers.answer import Group, Proof, ResourceAnswer, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.answers.verdict import (
    CLEAN,
    NO_FINDINGS,
    NO_SUCH_RESOURCE,
    NOT_SCANNED,
    UNKNOWN,
    VULNERABLE,
    Verdict,
)
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.text import phrase
from sre_reports.slack.blocks import data_table, fields, header, image, line_chart, section
from sre_reports.slack.buttons import Asked
from sre_reports.slack.escaping import code, escaped, prose
from sre_reports.slack.limits import problems
from sre_reports.slack.links import Links
from sre_reports.slack.message import Message, Part, message
from sre_reports.slack.overview import estate_message
from sre_reports.slack.resource import Beside, resource_message

times = st.integers(1_577_836_800, 1_795_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
counts = st.builds(Counts, *[numbers] * 7)
rollups = st.builds(Rollup, counts, numbers, numbers, numbers)
packages = st.builds(Package, texts, texts, maybe, maybe, maybe)
found = st.builds(
    Finding,
    texts,
    maybe,
    texts,
    texts,
    texts,
    maybe,
    st.lists(packages, max_size=4),
    maybe,
    maybe,
    st.none(),
    st.none(),
    times,
    times,
    texts,
    texts,
    texts,
    texts,
    texts,
    maybe,
)
reasons = st.sampled_from(
    ("findings", NO_FINDINGS, NO_SUCH_RESOURCE, NOT_SCANNED, "access_denied", "new")
)
verdicts = st.builds(
    Verdict,
    st.sampled_from((VULNERABLE, CLEAN, UNKNOWN)),
    reasons,
    texts,
    st.lists(texts, max_size=12).map(tuple),
)
proofs = st.builds(
    Proof,
    st.sampled_from(("snapshot", "live", "table")),
    maybe,
    st.none() | times,
    st.none() | numbers,
    maybe,
    texts,
    st.lists(st.builds(Reason, texts, texts, texts), max_size=12).map(tuple),
    st.booleans(),
)
covered = st.builds(
    Coverage,
    texts,
    texts,
    texts,
    texts,
    texts,
    st.sampled_from(("ACTIVE", "INACTIVE")),
    texts,
    maybe,
    st.none() | times,
)
some = st.lists(found, max_size=3).flatmap(
    lambda few: st.sampled_from((0, 1, 4, 900)).map(lambda times_: few * times_)
)
answers = st.builds(
    ResourceAnswer,
    st.builds(Resource, texts, texts, texts, texts, texts),
    verdicts,
    rollups,
    st.lists(covered, max_size=60),
    some,
    numbers,
    maybe,
    proofs,
    st.booleans(),
    texts,
)
fixes = st.fixed_dictionaries(
    {"what": texts, "findings": numbers, "command": maybe, "advice": texts}
)
besides = st.builds(Beside, st.none() | numbers, st.lists(fixes, max_size=5))
asks = st.builds(
    Asked,
    texts.map(lambda text: text[:1024]),
    st.just(("CRITICAL", "HIGH")),
    st.none() | st.just("20261122T010000Z.10"),
)
links = st.sampled_from(
    (Links(), Links("https://sre.example"), Links("https://sre.example/" + "a" * 3_000))
)

# Mentions, links and commands in Slack's syntax, which the product's markup does not use.
_MARKUP = re.compile(r"[<>]|&(?!amp;|lt;|gt;)")


def taken(told: Message) -> None:
    """Asserts that Slack accepts both forms, and that their markup has no mention."""
    for blocks in (told.blocks, told.classic):
        assert problems(told.text, blocks) == []
        for text in marked_up({"blocks": blocks}):
            assert not _MARKUP.search(text), text[:200]
            assert active(text) == [], text[:200]
    assert not re.search("[<>]", told.text)
    assert active(told.text) == []
    json.dumps(told.payload()).encode()


def marked_up(value: Any) -> list[str]:
    """Every text that Slack parses as markup."""
    if isinstance(value, Mapping):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [text for one in value.values() for text in marked_up(one)]
    return (
        [text for one in value for text in marked_up(one)]
        if isinstance(value, list | tuple)
        else []
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_no_emoji_mention_or_formatting_in_any_text(name: str) -> None:
    for text in (code(name), escaped(name), escaped(f"a {name}, b"), prose(name)):
        assert active(text) == []
        assert not _MARKUP.search(text)


def test_a_name_in_a_sentence_of_ours_is_a_code_span() -> None:
    arn = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0"
    assert prose(phrase("{} and {} are <unknown>", arn, "`x`")) == (
        f"`{arn}` and `ʼxʼ` are &lt;unknown&gt;"
    )
    assert prose(f"{arn} is unknown") == (
        "arn:\u2060aws:\u2060ec2:\u2060eu-west-1:\u2060111122223333:instance/i-0 is unknown"
    )


def test_words_with_underscores_and_single_colons_stay() -> None:
    assert escaped("AWS_EC2_INSTANCE: not read (01:00 UTC)") == (
        "AWS_EC2_INSTANCE: not read (01:00 UTC)"
    )


def test_no_button_or_heading_has_emoji(resource_answer: Callable[..., ResourceAnswer]) -> None:
    told = resource_message(resource_answer(), Asked(":fire:"), Beside(), Links())
    shown = [one for block in told.blocks for one in block.get("elements", ())]
    texts_ = [one.get("placeholder") or one["text"] for one in shown]
    texts_ += [option["text"] for one in shown for option in one.get("options", ())]
    plain = [one for one in texts_ if isinstance(one, dict)]
    assert plain
    assert {one["emoji"] for one in [*plain, header(":fire:")["text"]]} == {False}


def test_a_link_to_an_id_with_an_unpaired_surrogate_is_valid() -> None:
    assert Links("https://sre.example").resource("2026-11-22", "i-\ud800").endswith("#q=i-%3F")


@settings(
    max_examples=settings().max_examples * 60 // 100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(answers, asks, besides, links)
def test_slack_accepts_the_answer_for_any_resource(
    answer: ResourceAnswer, asked: Asked, beside: Beside, place: Links
) -> None:
    taken(resource_message(answer, asked, beside, place))


@settings(
    max_examples=settings().max_examples * 60 // 100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    verdicts,
    rollups,
    numbers,
    proofs,
    st.lists(st.tuples(texts, texts, rollups), max_size=30),
    links,
)
def test_slack_accepts_the_overview_of_any_resources(
    verdict: Verdict,
    rollup: Rollup,
    uncovered: int,
    proof: Proof,
    groups: list[tuple[str, str, Rollup]],
    place: Links,
) -> None:
    summary = SummaryAnswer(
        verdict, rollup, uncovered, proof, "owner", [Group(*one) for one in groups]
    )
    items = [{"owner": value, "late": 3} for value, _, _ in groups]
    late: ListAnswer[Any, Any] = ListAnswer(
        "", "owners", items, len(items), (), (), proof, {"late": 7}
    )
    taken(estate_message(summary, late, place))


@settings(max_examples=settings().max_examples * 60 // 100, deadline=None)
@given(st.lists(texts, min_size=1, max_size=40), texts)
def test_every_block_stays_within_its_limits(words: list[str], one: str) -> None:
    rows = [[word] * 25 for word in ["head", "first", *words]]
    small = [
        header(f"h {one}"),
        section("s\n" + "x" * 4_000),
        fields(["f" * 2_500] * 14),
        image("https://x.example/y", f"a{one}"),
    ]
    parts = [Part(small, 1), Part([data_table(f"c {one}", rows)], 2)]
    assert problems("text", message("text", parts).blocks) == []


def test_a_chart_keeps_its_last_points_and_its_labels() -> None:
    labels = [f"{n:02} {'x' * 30}" for n in range(40)]
    chart = line_chart("t" * 90, labels, [("s" * 40, list(range(40)))] * 9, "Findings")
    assert problems("text", [chart]) == []
    assert chart["chart"]["series"][0]["data"][-1]["value"] == 39


Answers = Callable[..., ResourceAnswer]


def said(answer: ResourceAnswer) -> str:
    told = resource_message(answer, Asked("prod-web-36"), Beside(), Links("https://sre.example"))
    taken(told)
    return json.dumps([told.text, told.blocks], ensure_ascii=False)


def empty(answer: ResourceAnswer, verdict: Verdict, coverage: list[Coverage]) -> ResourceAnswer:
    return replace(
        answer, verdict=verdict, rollup=Rollup(), findings=(), total_findings=0, coverage=coverage
    )


def scan(status: str, reason: str) -> Coverage:
    return Coverage(
        "i-0",
        "AWS_EC2_INSTANCE",
        "111122223333",
        "eu-west-1",
        "PACKAGE",
        status,
        reason,
        None,
        datetime(2026, 11, 21, tzinfo=UTC),
    )


def test_the_four_answers_are_distinct(resource_answer: Answers) -> None:
    some = resource_answer()
    clean = empty(
        some,
        Verdict(CLEAN, NO_FINDINGS, "Inspector reports no findings"),
        [scan("ACTIVE", "SUCCESSFUL")],
    )
    blind = empty(
        some,
        Verdict(UNKNOWN, NOT_SCANNED, "package not scanned"),
        [scan("INACTIVE", "UNMANAGED_EC2_INSTANCE")],
    )
    stranger = empty(
        some,
        Verdict(UNKNOWN, NO_SUCH_RESOURCE, "no findings or coverage exist for this resource"),
        [],
    )
    found_, clean_, blind_, stranger_ = map(said, (some, clean, blind, stranger))
    assert "13 open findings" in found_
    assert "2 critical, 6 high, 5 medium; 3 suppressed" in found_
    assert "CVE-2026-1234" in found_
    assert "Inspector reports no findings" in clean_
    assert "package scanned, last on 2026-11-21 00:00 UTC" in clean_
    assert "not scanned" not in clean_
    assert "Unknown: not scanned" in blind_
    assert "Attach an SSM instance profile" in blind_
    assert "This is not an all-clear." in blind_
    assert "No such resource" in stranger_
    assert "i-0123456789abcdef0" in stranger_
    assert "reports none" not in blind_ + stranger_ + found_


def test_a_tag_cannot_mention_users_or_end_a_code_span(resource_answer: Answers) -> None:
    resource = Resource(
        "i-0123456789abcdef0", "AWS_EC2_INSTANCE", "111122223333", "eu-west-1", "`<!channel> <@U1>`"
    )
    told = resource_message(resource_answer(resource=resource), Asked("x"), Beside(), Links())
    first = told.blocks[0]["text"]["text"]
    assert first.startswith("*`ʼ&lt;!channel&gt; &lt;@U1&gt;ʼ`*")


def test_buttons_offer_the_next_steps(
    resource_answer: Answers, proof: Callable[..., Proof]
) -> None:
    def actions(answer: ResourceAnswer) -> list[str]:
        told = resource_message(
            answer, Asked("prod-web-36", ("HIGH",)), Beside(), Links("https://sre.example")
        )
        return [one["action_id"] for one in told.blocks[-1]["elements"]]

    assert actions(resource_answer()) == ["open_report", "ask_live", "share"]
    assert actions(resource_answer(next_cursor="20261122T010000Z.10")) == [
        "open_report",
        "next_ten",
        "ask_live",
        "share",
    ]
    assert actions(resource_answer(proof=proof(source="live", snapshot_id=None))) == ["share"]


@pytest.mark.parametrize(
    ("late", "says"), [(None, ""), (0, "None past SLA."), (1_234, "*1,234* past SLA.")]
)
def test_overdue_findings_are_shown_if_queried(
    resource_answer: Answers, late: int | None, says: str
) -> None:
    told = resource_message(resource_answer(), Asked("x"), Beside(late), Links()).blocks[0]["text"][
        "text"
    ]
    assert (says in told) if says else ("SLA" not in told)


def test_kev_leads_the_counts_of_an_answer(resource_answer: Answers) -> None:
    rollup = replace(resource_answer().rollup, kev=9)
    told = resource_message(resource_answer(rollup=rollup), Asked("x"), Beside(4), Links())
    counted = told.blocks[0]["text"]["text"].split("\n")[2]
    assert counted.startswith(":rotating_light: *9 in CISA KEV.* *4* past SLA.")


def test_a_long_message_loses_its_least_important_part() -> None:
    parts = [
        Part([section("keep")]),
        Part([section("x" * 2_900)] * 3, weight=1),
        Part([section("y" * 2_900)] * 3, weight=2),
    ]
    told = message("text", parts)
    assert [block["text"]["text"][0] for block in told.blocks] == ["k", "x", "x", "x"]


def test_kev_leads_the_counts_of_all_resources(
    summary_answer: Callable[..., SummaryAnswer],
) -> None:
    def told(**changes: Any) -> str:
        usual = summary_answer().rollup
        one = summary_answer(by="owner", rollup=replace(usual, **changes))
        late: ListAnswer[Any, Any] = ListAnswer(
            "", "owners", [{}], 1, (), (), one.proof, {"late": 4}
        )
        return str(estate_message(one, late, Links()).blocks[0]["text"]["text"])

    assert ":rotating_light: *9 in CISA KEV.* *4* past SLA." in told(kev=9)
    assert "CISA KEV" not in told(kev=0, unchecked=0)
    assert "No KEV data." in told(kev=0, unchecked=summary_answer().rollup.counts.total)
