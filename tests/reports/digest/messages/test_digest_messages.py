"""Slack accepts every digest, texts from outside mention no user, and the kinds differ."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.slack_texts import active, maybe, numbers, texts

from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.open_finding import Place
from sre_findings.model.sla.ages import Lateness
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.digest import DigestData, EventCount, Gap, Onboarded, Silence
from sre_findings.nightly.leads import Lead
from sre_findings.nightly.report import Held, Material
from sre_reports.brief import brief
from sre_reports.digest.messages.content import (
    NIGHT,
    PARTIAL,
    QUIET,
    SILENCE,
    RenderedDigest,
    render_digest,
    urgent,
)
from sre_reports.digest.messages.report_links import Report
from sre_reports.slack.limits import problems
from sre_reports.slack.message import Message

Nights = Callable[..., DigestData]
Materials = Callable[..., Material]
Proofs = Callable[..., Proof]
REPORT = Report("https://sre.example/mcp")
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED", "")
KINDS = (
    "opened",
    "reopened",
    "resolved",
    "severity_raised",
    "kev_appeared",
    "fix_appeared",
    "exploit_appeared",
    "unsuppressed",
)
event_counts = st.builds(
    EventCount,
    st.sampled_from(KINDS),
    st.none() | st.sampled_from(("new", "patched", "unknown")) | texts,
    st.sampled_from(SEVERITIES),
    st.booleans(),
    st.booleans(),
    numbers,
)
gaps = st.builds(
    Gap,
    texts,
    texts,
    texts,
    texts,
    st.sampled_from(("STALE_INVENTORY", "access_denied")) | texts,
    st.booleans(),
)
events = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "cause": maybe,
        "severity": st.sampled_from(SEVERITIES[:6]),
        "severity_before": st.none(),
        "vulnerability_id": maybe,
        "subject": texts,
        "title": maybe,
        "owner": maybe,
        "resource_id": texts,
        "resource_name": maybe,
        "account_id": texts,
        "region": texts,
        "exposed": st.booleans(),
        "kev": st.booleans(),
    }
)
lists = st.dictionaries(
    st.sampled_from(KINDS[:7]),
    st.lists(events, min_size=1, max_size=3).map(lambda some: some * 7),
    max_size=7,
)
rollups = st.builds(Rollup, st.builds(Counts, *[numbers] * 7), numbers, numbers, numbers)
held = st.builds(Held, st.builds(Place, *[texts] * 6), rollups, st.builds(Lateness, numbers))
lines: Any = st.fixed_dictionaries(
    {
        "what": texts,
        "findings": numbers,
        "resources": numbers,
        "kev": numbers,
        "critical": numbers,
        "command": maybe,
        "advice": texts,
        "platform": texts,
    }
)
days = st.lists(st.integers(0, 200), max_size=90, unique=True).map(sorted)
_MARKUP = re.compile(r"[<>]|&(?!amp;|lt;|gt;)")


leads = st.builds(
    Lead, *[texts] * 2, st.none() | st.booleans(), st.booleans(), *[texts] * 5,
    st.none() | st.dates(), *[texts] * 2, numbers,
)  # fmt: skip


def lead(vulnerability_id: str = "CVE-2021-44228", **changes: Any) -> Lead:
    values: dict[str, Any] = {
        "severity": "CRITICAL", "kev": True, "exposed": False, "resource": "prod-web-36",
        "resource_id": "i-0123456789abcdef0", "account_id": "111122223333",
        "region": "eu-west-1", "owner": "payments", "due_on": date(2026, 12, 6),
        "command": "sudo dnf upgrade log4j", "advice": "Upgrade to log4j 2.17.", "more": 0,
    }  # fmt: skip
    return Lead(vulnerability_id, **values | changes)


def all_messages(found: RenderedDigest) -> Iterator[Message]:
    yield found.message
    yield from (reply.message for reply in found.thread)


def marked_up(value: Any) -> Iterator[str]:
    """The texts that Slack parses as markup."""
    if isinstance(value, Mapping):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from marked_up(one)


def taken(found: RenderedDigest) -> None:
    """Asserts that Slack accepts every form of every message, with only the product's mentions."""
    for one in all_messages(found):
        for blocks in (one.blocks, one.classic):
            assert problems(one.text, blocks) == []
            for text in marked_up(list(blocks)):
                ours = re.sub(r"<https://sre\.example/[^<>|]*\|Report>", "", text)
                assert not _MARKUP.search(ours.removeprefix("<!here>") if found.paged else ours), (
                    text[:200]
                )
                assert active(ours) == [], text[:200]
        assert not re.search("[<>]", one.text)
        assert active(one.text) == []
        json.dumps(one.payload()).encode()


def trend_of(found: RenderedDigest) -> Message:
    return dict(found.thread)["trend"]


def said(one: Message) -> str:
    return "\n".join(text for text in [one.text, *marked_up(list(one.blocks))])


@settings(
    max_examples=settings().max_examples * 40 // 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_slack_accepts_every_digest(
    tonight: Nights, night: Materials, proof: Proofs, data: st.DataObject
) -> None:
    usual, complete = night(), data.draw(st.booleans())
    state = (
        {}
        if complete
        else {"state": "partial", "reasons": data.draw(st.lists(texts, max_size=12).map(tuple))}
    )
    since = proof().as_of
    assert since is not None
    nights: list[Any] = [
        {
            "date": (since + timedelta(days=n)).date().isoformat(),
            "state": "complete",
            "critical": n,
            "high": n * 10**6,
            "medium": 0,
            "low": 0,
            "came": 1,
            "went": 1,
        }
        for n in data.draw(days)
    ]
    material = replace(
        usual,
        owner=data.draw(maybe),
        before=data.draw(st.sampled_from((None, usual.before))),
        summary=replace(
            usual.summary, rollup=data.draw(rollups), proof=proof(**state, claim=data.draw(texts))
        ),
        resources=data.draw(st.lists(held, max_size=10)),
        trend=replace(usual.trend, items=nights),
        fixes=replace(usual.fixes, items=data.draw(st.lists(lines, max_size=7))),
    )
    found = tonight(
        material,
        owners=tuple(data.draw(st.lists(texts, min_size=1, max_size=6))),
        listed=data.draw(lists),
        event_counts=data.draw(st.lists(event_counts, max_size=20)),
        gaps=data.draw(st.lists(gaps, max_size=30)),
        onboarded=data.draw(
            st.lists(st.builds(Onboarded, texts, texts, numbers, numbers), max_size=9)
        ),
        opened_gaps=data.draw(st.lists(gaps, max_size=9)),
        closed_gaps=data.draw(st.lists(gaps, max_size=9)),
        leads=data.draw(st.lists(leads, max_size=5)),
        lead_count=data.draw(st.integers(5, 10**6)),
    )
    taken(
        render_digest(
            found, data.draw(st.sampled_from((Report(), REPORT))), page=data.draw(st.booleans())
        )
    )


def test_a_digest_has_changes_remediations_and_provenance(tonight: Nights) -> None:
    found = render_digest(tonight(), REPORT)
    taken(found)
    assert (found.kind, found.key, found.sure, found.paged) == (
        NIGHT,
        "20261122T010000Z",
        True,
        False,
    )
    assert found.message.blocks[0]["text"]["text"] == "Inspector, 22 Nov: 2 critical, 4 past SLA"
    assert len(found.message.blocks) == 5
    text = said(found.message)
    for words in (
        "5 new and 2 resolved since 21 November 2026",
        "Resolved: 2 patched",
        "*Critical*\n2  _up 1_",
        "Three updates resolve 9 of 13 open findings.",
        "Snapshot `20261122T010000Z`",
        "`/sre-vuln-check &lt;id&gt;`",
    ):
        assert words in text, words
    assert "not scanned" not in text  # the gap is not new, and it is a Sunday
    assert [part for part, _ in found.thread] == ["came", "changed", "fixes", "trend"]


def test_message_card_and_email_have_the_same_numbers(tonight: Nights) -> None:
    found = tonight()
    text = said(render_digest(found, REPORT).message)
    shown = [
        one
        for one in brief(found.material).numbers
        if one.name in ("critical", "high", "past SLA", "KEV")
    ]
    assert all(f"\n{one.value}" in text for one in shown)


def test_a_snapshot_with_only_metadata_changes_is_one_line(quiet: Nights) -> None:
    found = render_digest(quiet(), REPORT)
    taken(found)
    assert (found.kind, found.thread) == (QUIET, ())
    (block,) = found.message.blocks
    line, link = (
        "Inspector, 22 Nov: 2 critical, 4 past SLA. No new or resolved findings.",
        "/reports/2026-11-22/|Report>",
    )
    assert block["text"]["text"] == f"{line} <https://sre.example{link}"


@pytest.mark.parametrize(
    "kind",
    [
        "opened",
        "reopened",
        "resolved",
        "severity_raised",
        "kev_appeared",
        "fix_appeared",
        "unsuppressed",
    ],
)
def test_one_relevant_event_makes_a_full_digest(quiet: Nights, kind: str) -> None:
    assert (
        render_digest(
            quiet(event_counts=(EventCount(kind, None, "LOW", False, False, 1),)), REPORT
        ).kind
        == NIGHT
    )


def test_lower_severities_and_suppressions_are_quiet(quiet: Nights) -> None:
    counts = tuple(
        EventCount(kind, None, "LOW", False, False, 1)
        for kind in ("severity_lowered", "suppressed", "exposure_ended")
    )
    assert render_digest(quiet(event_counts=counts), REPORT).kind == QUIET


def test_known_gaps_are_repeated_on_mondays_and_new_ones_at_once(
    quiet: Nights, night: Materials, proof: Proofs
) -> None:
    gap = quiet().gaps[0]
    monday = night({"proof": proof(as_of=datetime(2026, 11, 23, 1, tzinfo=UTC))})
    still = render_digest(quiet(monday), REPORT)
    assert still.kind == QUIET
    assert "1 resource still not scanned: its inventory is stale (1)" in said(still.message)
    assert "still not scanned" not in said(render_digest(quiet(), REPORT).message)
    new = render_digest(quiet(opened_gaps=(gap,)), REPORT)
    assert new.kind == NIGHT
    assert "1 resource newly unscanned" in said(new.message)
    assert "*new* `silent-1`" in said(dict(new.thread)["gaps"])
    assert "1 resource scanned again or terminated" in said(
        render_digest(quiet(closed_gaps=(gap,)), REPORT).message
    )


def test_findings_of_a_first_scan_are_not_counted_as_new(
    quiet: Nights, onboarded: Onboarded
) -> None:
    found = render_digest(quiet(onboarded=(onboarded,)), REPORT)
    assert found.kind == NIGHT
    text = said(found.message)
    assert (
        "First scan of 40 resources in account `sandbox (444455556666)`: 1,200 findings, not"
        " counted as new" in text
    )
    assert "1,200 new" not in text
    assert not any(part == "came" for part, _ in found.thread)


def test_a_first_snapshot_is_not_quiet_and_has_nothing_new(
    quiet: Nights, night: Materials, onboarded: Onboarded
) -> None:
    found = render_digest(quiet(night(before=None), onboarded=(onboarded,)), REPORT, page=True)
    taken(found)
    assert (found.kind, found.paged) == (NIGHT, False)
    assert "First snapshot" in said(found.message)


def test_a_partial_digest_lists_failures_and_compares_nothing(
    tonight: Nights, night: Materials, proof: Proofs
) -> None:
    partial = night({"proof": proof(state="partial", reasons=("eu-south-1: access was denied",))})
    found = render_digest(tonight(partial), REPORT, page=True)
    taken(found)
    text = said(found.message)
    assert (found.kind, found.sure, found.thread) == (PARTIAL, False, ())
    assert "The scan is partial" in text
    assert "eu-south-1: access was denied" in text
    for word in ("new and", "resolved since", "up 1", "_down", "0 findings"):
        assert word not in text


def test_a_partial_snapshot_without_findings_is_no_all_clear(
    tonight: Nights, night: Materials, proof: Proofs
) -> None:
    partial = night({"proof": proof(state="partial", reasons=("all",)), "rollup": Rollup()})
    text = said(render_digest(tonight(partial), REPORT).message)
    assert "This is not an all-clear" in text


def test_the_message_without_a_snapshot_has_no_numbers(proof: Proofs) -> None:
    last = datetime(2026, 11, 20, 1, tzinfo=UTC)
    found = render_digest(Silence("2026-11-22", last, last - timedelta(days=1)), REPORT)
    taken(found)
    assert (found.kind, found.key, found.sure) == (SILENCE, "silence-2026-11-22", False)
    text = said(found.message)
    assert "No complete snapshot since 19 November 2026, 01:00 UTC" in text
    assert "20 November 2026, 01:00 UTC, is partial" in text
    assert "finding" not in text
    assert "*No snapshot yet.*" in said(
        render_digest(Silence("2026-11-22", None, None), REPORT).message
    )


KEV = EventCount("kev_appeared", None, "HIGH", False, True, 1)
EXPOSED = EventCount("opened", "new", "CRITICAL", True, False, 2)


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ((KEV,), "1 finding added to CISA KEV"),
        ((EXPOSED,), "2 new critical findings on internet-facing resources"),
        ((KEV, EXPOSED), "1 finding added to CISA KEV, 2 new critical findings on internet-facing resources"),
        ((EventCount("opened", "new", "HIGH", True, False, 2),), ""),
        ((EventCount("resolved", "patched", "CRITICAL", True, True, 2),), ""),
    ],
)  # fmt: skip
def test_a_channel_is_notified_only_if_enabled_and_urgent(
    tonight: Nights, counts: tuple[EventCount, ...], why: str
) -> None:
    found = tonight(event_counts=counts)
    assert urgent(found) == why
    woken = render_digest(found, REPORT, page=True)
    taken(woken)
    assert woken.paged == bool(why)
    assert said(woken.message).count("<!here>") == (1 if why else 0)
    assert "<!here>" not in said(render_digest(found, REPORT).message)


def test_buttons_open_the_report_filtered(tonight: Nights) -> None:
    def urls(*owners: str) -> list[str]:
        blocks = render_digest(tonight(owners=owners), REPORT).message.blocks
        return [
            button["url"]
            for one in blocks
            if one["type"] == "actions"
            for button in one["elements"]
        ]

    base = "https://sre.example/reports/2026-11-22/"
    assert urls("*") == [base, f"{base}#only=late&sort=sla", f"{base}#only=kev"]
    assert urls("payments")[1] == f"{base}owner/payments/#only=late&sort=sla"
    assert urls("payments", "search") == [f"{base}owner/payments/", f"{base}owner/search/"]
    assert not [
        one for one in render_digest(tonight(), Report()).message.blocks if one["type"] == "actions"
    ]


def test_without_charts_and_tables_the_thread_is_lines(tonight: Nights) -> None:
    found = render_digest(tonight(), REPORT)
    thread = [reply.message for reply in found.thread]
    kinds = [block["type"] for one in thread for block in one.blocks]
    assert "data_visualization" in kinds
    assert "data_table" in kinds
    usual = {"header", "section", "actions", "context"}
    assert {block["type"] for block in found.message.blocks} <= usual
    assert {block["type"] for one in thread for block in one.classic} <= usual


def test_a_digest_starts_with_the_new_risks_by_name(tonight: Nights) -> None:
    other = lead(
        "CVE-2026-1234", kev=False, owner="", due_on=date(2026, 11, 20), command="",
        advice="Upgrade to vim 9.1.", more=2, exposed=True,
    )  # fmt: skip
    found = render_digest(tonight(leads=(lead(), other), lead_count=4), REPORT)
    taken(found)
    assert [block["type"] for block in found.message.blocks[:2]] == ["header", "section"]
    assert found.message.blocks[1]["text"]["text"].split("\n") == [
        ":rotating_light: *KEV* `CVE-2021-44228` on `prod-web-36` · `payments` · due 2026-12-06",
        "      `sudo dnf upgrade log4j`",
        (
            "• *Critical* `CVE-2026-1234` on `prod-web-36` and 2 other resources"
            " · unassigned · *overdue since 2026-11-20* · internet-facing"
        ),
        "      Upgrade to vim 9.1.",
        "… and 2 more vulnerabilities that are new and critical or in KEV.",
    ]
    assert found.message.text.endswith(": CVE-2021-44228 on prod-web-36, in KEV")


def test_new_risks_that_are_named_are_not_counted_again(tonight: Nights) -> None:
    counts = (KEV, EXPOSED)
    counted = said(render_digest(tonight(event_counts=counts), REPORT).message)
    named = render_digest(tonight(event_counts=counts, leads=(lead(),), lead_count=1), REPORT)
    assert "1 finding added to CISA KEV" in counted
    assert "added to CISA KEV" not in said(named.message)


def test_a_partial_digest_names_what_is_new_and_says_that_it_is_partial(
    tonight: Nights, night: Materials, proof: Proofs
) -> None:
    partial = night({"proof": proof(state="partial", reasons=("eu-south-1: access was denied",))})
    found = render_digest(tonight(partial, leads=(lead(),), lead_count=1), REPORT)
    taken(found)
    text = said(found.message)
    assert "*New in the data that was read:*\n:rotating_light: *KEV* `CVE-2021-44228`" in text
    assert text.index("PARTIAL") < text.index("CVE-2021-44228")


def test_a_command_too_long_for_a_line_is_advice_and_never_cut(tonight: Nights) -> None:
    long = lead(command="sudo dnf upgrade " + "package " * 100, advice="Upgrade them.")
    text = said(render_digest(tonight(leads=(long,), lead_count=1), REPORT).message)
    assert "Upgrade them." in text
    assert "sudo" not in text.partition("Resolved")[0]


def test_three_months_are_one_point_per_week(tonight: Nights, night: Materials) -> None:
    first = datetime(2026, 7, 1, tzinfo=UTC)
    nights: list[Any] = [
        {
            "date": (first + timedelta(days=n)).date().isoformat(),
            "state": "complete",
            "critical": n,
            "high": n,
            "medium": 0,
            "low": 0,
            "came": 0,
            "went": 0,
        }
        for n in range(120)
    ]
    material = night()
    found = render_digest(
        tonight(replace(material, trend=replace(material.trend, items=nights))), REPORT
    )
    (chart,) = (block for block in trend_of(found).blocks if block["type"] == "data_visualization")
    assert [point["value"] for point in chart["chart"]["series"][0]["data"]] == list(
        range(119 - 12 * 7, 120, 7)
    )


def test_weeks_without_a_complete_snapshot_are_left_out_and_counted(
    tonight: Nights, night: Materials
) -> None:
    first = datetime(2026, 10, 1, tzinfo=UTC)
    nights: list[Any] = [
        {
            "date": (first + timedelta(days=n)).date().isoformat(),
            "state": "partial" if 7 <= n < 14 else "complete",
            "critical": n,
            "high": n,
            "medium": 0,
            "low": 0,
            "came": 0,
            "went": 0,
        }
        for n in range(28)
    ]
    material = night()
    found = render_digest(
        tonight(replace(material, trend=replace(material.trend, items=nights))), REPORT
    )
    (chart,) = (block for block in trend_of(found).blocks if block["type"] == "data_visualization")
    assert [point["value"] for point in chart["chart"]["series"][0]["data"]] == [6, 20, 27]
    assert "1 week without a complete snapshot is left out." in said(trend_of(found))


LAPSED = {
    "vulnerability_id": "CVE-2026-1",
    "resource_id": "i-0",
    "resource_name": "prod-web-36",
    "account_id": "111122223333",
    "region": "eu-west-1",
    "by": "slack:T1/U1",
    "name": "<!here>",
    "until": "2026-11-21",
    "taken_at": "2026-11-20T09:00:00Z",
    "state": "lapsed",
}


def test_a_lapsed_claim_is_told_by_name_and_makes_a_full_digest(quiet: Nights) -> None:
    found = render_digest(quiet(lapsed=[LAPSED]), REPORT)
    assert found.kind == NIGHT
    told = (
        ":hourglass: *Claim lapsed*: `CVE-2026-1` on `prod-web-36` is still open;"
        " `&lt;!here&gt;` had it until 2026-11-21."
    )
    assert told in said(found.message)
    many = render_digest(quiet(lapsed=[LAPSED] * 9), REPORT).message
    assert said(many).count(told) == 5
    assert "… and 4 more claims lapsed" in said(many)
    assert problems(many.text, many.blocks) == []


def test_a_partial_digest_names_lapsed_claims_too(
    tonight: Nights, night: Materials, proof: Proofs
) -> None:
    partial = night({"proof": proof(state="partial", reasons=("eu-south-1: denied",))})
    assert "*Claim lapsed*" in said(
        render_digest(tonight(partial, lapsed=[LAPSED]), REPORT).message
    )


def test_claims_that_cannot_be_read_are_unknown_and_not_none(quiet: Nights) -> None:
    found = render_digest(quiet(lapsed=None), REPORT)
    assert found.kind == QUIET
    assert ":warning: Who has taken findings is unknown" in said(found.message)
    assert "unknown" not in said(render_digest(quiet(), REPORT).message)
