"""A night in a few words and eight numbers, for whoever has no room for the page: cards, mails and
messages.

Every number is its answer's own. What was not compared, not checked or not read says so, and is
never a zero. Text from outside is in here as it came: each mouth makes it harmless in its own way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.verdict import CLEAN
from sre_reports import wording
from sre_reports.key_figures import (
    GOOD,
    WARN,
    Number,
    flow,
    numbers,
    unknown,
)

if TYPE_CHECKING:
    from sre_findings.nightly.report import Material

FIXES = 3


@dataclass(frozen=True, slots=True)
class State:
    """How far the night may be trusted. ``words`` are the alarm, empty where there is none;
    ``facts`` stand beside it."""

    look: str
    words: str
    facts: str
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it in a line."""
        return " · ".join(part for part in (self.words, self.facts) if part)


@dataclass(frozen=True, slots=True)
class Fix:
    """One update: what it is, what it clears, and the command where there is one."""

    what: str
    clears: str
    command: str


@dataclass(frozen=True, slots=True)
class Brief:
    """``subject`` is the night in a header's length, ``verdict`` in a sentence, ``since`` what
    changed in another.

    ``accent`` is the worst severity's name, or what the night looks like where none is open.
    ``numbers`` are eight: critical, high, late, KEV, new and resolved, days to fix a critical,
    fixable, coverage.
    """

    who: str
    night: str
    subject: str
    state: State
    verdict: str
    accent: str
    since: str
    plan: str
    numbers: tuple[Number, ...]
    fixes: tuple[Fix, ...]
    snapshot: str
    proof: str


def brief(material: Material) -> Brief:
    """The night of the material."""
    state = _state(material)
    return Brief(
        who=_who(material),
        night=_day(material.proof.as_of),
        subject=_subject(material, state),
        state=state,
        verdict=_verdict(material),
        accent=_accent(material),
        since=_since(material),
        plan=_plan(material),
        numbers=tuple(numbers(material)),
        fixes=tuple(_fixes(material.fixes.items[:FIXES])),
        snapshot=material.proof.snapshot_id or "",
        proof=wording.proof_sentence(material.proof),
    )


def _who(material: Material) -> str:
    """Whose night it is; empty for everything."""
    names = {group.value: group.name for group in material.accounts.groups}
    account = material.account and (names.get(material.account) or f"account {material.account}")
    return ", ".join(part for part in (material.owner, account) if part)


def _state(material: Material) -> State:
    proof, counts = material.proof, material.summary.rollup.counts
    doubts = wording.doubts(proof)
    alarms = [f"PARTIAL: {wording.number(len(proof.reasons), 'reason')}"] if doubts else []
    alarms += (
        [f"TOO OLD: {wording.age(proof.age_seconds)}"]
        if proof.too_old and proof.age_seconds is not None
        else []
    )
    facts = [] if doubts else [f"Complete snapshot {proof.claim}".strip()]
    facts += [] if unknown(material) else [wording.number(counts.total, "open finding")]
    facts += [f"{proof.as_of.astimezone(UTC):%H:%M UTC}"] if proof.as_of else []
    return State(WARN if alarms else GOOD, " · ".join(alarms), " · ".join(facts), tuple(doubts))


def _accent(material: Material) -> str:
    worst = next((name for name, _ in wording.by_severity(material.summary.rollup.counts)), "")
    return worst or (GOOD if material.summary.verdict.verdict == CLEAN else WARN)


def _subject(material: Material, state: State) -> str:
    night = f"Inspector, {who}, " if (who := _who(material)) else "Inspector, "
    night += "the week to " if material.days > 1 else ""
    night += f"{as_of.day} {as_of:%b}: " if (as_of := material.proof.as_of) else ""
    alarm = f"{state.words.partition(':')[0]}, " if state.words else ""
    verdict = material.summary.verdict
    if verdict.verdict == CLEAN:
        return f"{night}{alarm}none reported"
    if unknown(material):
        return f"{night}{alarm}{wording.headline(verdict).lower().replace(': ', ', ')}"
    critical, late = material.summary.rollup.counts.critical, material.late.summary["late"]
    return f"{night}{alarm}{critical:,} critical, {late:,} past SLA"


def _verdict(material: Material) -> str:
    summary, counts = material.summary, material.summary.rollup.counts
    if summary.verdict.verdict == CLEAN:
        return "Inspector reports none among the resources that it scans."
    if unknown(material):
        return f"{wording.headline(summary.verdict)}."
    if not counts.total:
        return f"Every open finding is suppressed: {summary.rollup.suppressed:,} in all."
    named = " and ".join(f"{count:,} {name}" for name, count in wording.by_severity(counts)[:2])
    return f"{named} {'finding is' if counts.total == 1 else 'findings are'} open."


def _since(material: Material) -> str:
    before = material.before
    if before is None:
        return "The first night: there is nothing yet to compare it with."
    new, resolved = flow(material)
    since = f"{new:,} new and {resolved:,} resolved since {_day(before.summary.proof.as_of)}"
    return (
        f"{since}."
        if material.compared
        else f"{since}, where it was read. {material.not_compared}".strip()
    )


def _plan(material: Material) -> str:
    """What the first updates do, of all that an update clears."""
    first, total = material.fixes.items[:FIXES], material.summary.rollup.counts.total
    if not first:
        return (
            "What to do first is not known." if unknown(material) else "No update removes anything."
        )
    updates = (
        "One update clears"
        if len(first) == 1
        else f"{('Two', 'Three')[len(first) - 2]} updates clear"
    )
    return f"{updates} {sum(line['findings'] for line in first):,} of {total:,}."


def _fixes(lines: Sequence[Mapping[str, Any]]) -> Iterator[Fix]:
    """Updates of one name, as of a kernel, are told apart by what they are for."""
    for line, name in zip(lines, told_apart(lines), strict=True):
        kev = f", {line['kev']:,} KEV" if line["kev"] else ""
        clears = (
            f"{wording.number(line['findings'], 'finding')} on"
            f" {wording.number(line['resources'], 'resource')}{kev}"
        )
        yield Fix(name, clears, line["command"] or "")


def told_apart(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The name of each update, with its platform where another has the same: ``kernel · Amazon
    Linux 2023``."""
    names = Counter(line["what"] for line in lines)
    return [
        (
            f"{line['what']} · {_platform(line['platform'])}"
            if names[line["what"]] > 1 and line["platform"]
            else line["what"]
        )
        for line in lines
    ]


def _platform(text: str) -> str:
    """``AMAZON_LINUX_2023`` and ``UBUNTU_22_04`` as people write them."""
    return re.sub(r"(?<=\b\d\d) (?=\d\d\b)", ".", text.replace("_", " ").title())


def _day(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B %Y}" if moment else ""
