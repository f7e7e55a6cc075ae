"""A snapshot in a few sentences and eight key figures, for cards, e-mails and Slack messages.

Each number comes from its answer. A number that was not compared, checked or read is marked as such
and is never zero. Text from outside is not escaped here: each output format escapes it in its own
way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
    from sre_findings.model.answers import fixes
    from sre_findings.nightly.report import Material

FIXES = 3


@dataclass(frozen=True, slots=True)
class State:
    """Completeness and freshness of the data.

    ``alarms`` are the warnings, each a word in capitals and its explanation. ``facts`` are shown
    beside them. ``reasons`` explain why the data is incomplete.
    """

    alarms: tuple[tuple[str, str], ...]
    facts: str
    reasons: tuple[str, ...]

    @property
    def look(self) -> str:
        """The look of the warnings; good if there are none."""
        return WARN if self.alarms else GOOD

    @property
    def words(self) -> str:
        """The warnings in one line; empty if there are none."""
        return " · ".join(f"{word}: {why}" for word, why in self.alarms)

    @property
    def text(self) -> str:
        """The warning and the facts in one line."""
        return " · ".join(part for part in (self.words, self.facts) if part)


@dataclass(frozen=True, slots=True)
class Fix:
    """One update: its name, what it resolves, and its command (empty if there is none)."""

    what: str
    clears: str
    command: str


@dataclass(frozen=True, slots=True)
class Brief:
    """The summary of a snapshot.

    ``subject`` is a headline, ``verdict`` a sentence on what is open, ``since`` one on what
    changed, and ``plan`` one on what the first updates resolve.

    ``accent`` is the name of the highest severity, or ``good`` or ``warn`` if nothing is open.
    ``numbers`` has eight figures: critical, high, past SLA, KEV, new and resolved, days to
    remediate, fixable, coverage.
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
    """Summarizes the material of a report."""
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
    """Returns the owner and account of the report; empty for all resources."""
    names = {group.value: group.name for group in material.accounts.groups}
    account = material.account and (names.get(material.account) or f"account {material.account}")
    return ", ".join(part for part in (material.owner, account) if part)


def _state(material: Material) -> State:
    proof, counts = material.proof, material.summary.rollup.counts
    doubts = wording.doubts(proof)
    alarms: list[tuple[str, str]] = []
    alarms += [("PARTIAL", wording.number(len(proof.reasons), "reason"))] if doubts else []
    alarms += wording.not_fresh(proof)
    facts = [] if doubts else [f"Complete snapshot {proof.claim}".strip()]
    facts += [] if unknown(material) else [wording.number(counts.total, "open finding")]
    facts += [f"{proof.as_of.astimezone(UTC):%H:%M UTC}"] if proof.as_of else []
    return State(tuple(alarms), " · ".join(facts), tuple(doubts))


def _accent(material: Material) -> str:
    worst = next((name for name, _ in wording.by_severity(material.summary.rollup.counts)), "")
    return worst or (GOOD if material.summary.verdict.verdict == CLEAN else WARN)


def _subject(material: Material, state: State) -> str:
    night = f"Inspector, {who}, " if (who := _who(material)) else "Inspector, "
    night += "week to " if material.days > 1 else ""
    night += f"{as_of.day} {as_of:%b}: " if (as_of := material.proof.as_of) else ""
    alarm = f"{state.alarms[0][0]}, " if state.alarms else ""
    verdict = material.summary.verdict
    if verdict.verdict == CLEAN:
        return f"{night}{alarm}no findings reported"
    if unknown(material):
        return f"{night}{alarm}{wording.headline(verdict).lower().replace(': ', ', ')}"
    critical, late = material.summary.rollup.counts.critical, material.late.facts["late"]
    return f"{night}{alarm}{critical:,} critical, {late:,} past SLA"


def _verdict(material: Material) -> str:
    summary, counts = material.summary, material.summary.rollup.counts
    if summary.verdict.verdict == CLEAN:
        return "Inspector reports no findings on the resources that it scans."
    if unknown(material):
        return f"{wording.headline(summary.verdict)}."
    if not counts.total:
        return all_suppressed(summary.rollup.suppressed)
    named = " and ".join(f"{count:,} {name}" for name, count in wording.by_severity(counts)[:2])
    return f"{named} {'finding is' if counts.total == 1 else 'findings are'} open."


def all_suppressed(count: int) -> str:
    """Returns a sentence such as ``All 95 findings are suppressed.``"""
    return (
        "The only finding is suppressed."
        if count == 1
        else f"All {count:,} findings are suppressed."
    )


def _since(material: Material) -> str:
    before = material.before
    if before is None:
        return "First snapshot: there is nothing to compare it with yet."
    new, resolved = flow(material)
    if not material.compared and material.not_compared and not new and not resolved:
        return material.not_compared
    since = f"{new:,} new and {resolved:,} resolved since {_day(before.summary.proof.as_of)}"
    return (
        f"{since}."
        if material.compared
        else f"{since} (partial data). {material.not_compared}".strip()
    )


def _plan(material: Material) -> str:
    """Returns a sentence on how many findings the first updates resolve, those in KEV first."""
    first, total = material.fixes.items[:FIXES], material.summary.rollup.counts.total
    if not first:
        return (
            "Top remediations are unknown."
            if unknown(material)
            else "No update resolves a finding."
        )
    updates = (
        "One update resolves"
        if len(first) == 1
        else f"{('Two', 'Three')[len(first) - 2]} updates resolve"
    )
    kev = wording.of_kev(sum(line["kev"] for line in first), material.summary.rollup.kev)
    resolved = sum(line["findings"] for line in first)
    return f"{updates} {kev}{resolved:,} of {wording.number(total, 'open finding')}."


def _fixes(lines: Sequence[fixes.Fix]) -> Iterator[Fix]:
    """Yields the first updates of the fix plan."""
    for line, name in zip(lines, distinguished(lines), strict=True):
        kev = f", {line['kev']:,} KEV" if line["kev"] else ""
        clears = (
            f"{wording.number(line['findings'], 'finding')} on"
            f" {wording.number(line['resources'], 'resource')}{kev}"
        )
        yield Fix(name, clears, line["command"] or "")


def distinguished(lines: Sequence[fixes.Fix]) -> list[str]:
    """Returns the name of each update, with its platform if another update has the same name.

    Example: ``kernel · Amazon Linux 2023``.
    """
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
    """Returns a platform in words: ``UBUNTU_22_04`` as ``Ubuntu 22.04``."""
    return re.sub(r"(?<=\b\d\d) (?=\d\d\b)", ".", text.replace("_", " ").title())


def _day(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B %Y}" if moment else ""
