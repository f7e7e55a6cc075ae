"""The page in a few sentences: how far it may be trusted, how bad it is, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.verdict import CLEAN, UNKNOWN
from sre_findings.model.snapshots.rollup import WENT, Rollup
from sre_findings.nightly.report import Material
from sre_reports import wording

_WENT = {
    "patched": "patched",
    "terminated": "with their resource gone",
    "not_scanned": "no longer scanned",
    "unknown": "unexplained",
}


@dataclass(frozen=True, slots=True)
class Pill:
    """How far the page may be trusted: its look, its words, and the reasons where there are any."""

    look: str
    text: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sentences:
    """The verdict: its look, one sentence that stands out, and what follows."""

    look: str
    first: str
    rest: Sequence[str]


def pill(night: Material) -> Pill:
    """Complete, partial or too old; never green when in doubt."""
    proof = night.proof
    doubts = wording.doubts(proof)
    reasons = (*doubts, *(("The snapshot is older than allowed.",) if proof.too_old else ()))
    words = [f"PARTIAL: {wording.number(len(doubts), 'reason')}"] if doubts else []
    words += [f"TOO OLD: {wording.age(proof.age_seconds or 0)}"] if proof.too_old else []
    facts = [_read(night), *([f"{proof.as_of:%H:%M} UTC"] if proof.as_of else [])]
    if words:
        return Pill("warn", " · ".join([*words, *facts]), reasons)
    return Pill("good", " · ".join([f"Complete {proof.claim}".strip(), *facts]), ())


def _read(night: Material) -> str:
    """How many findings were read, of how many that Inspector counts where that was asked."""
    evidence = night.evidence
    if evidence is None or evidence.counted is None:
        return wording.number(night.summary.rollup.counts.total, "open finding")
    return f"{evidence.listed:,} of {evidence.counted:,} active findings read"


def verdict(night: Material) -> Sentences:
    """The page in a sentence or three."""
    summary = night.summary
    rest = [*_fixes(night), _since(night), *_silent(night)]
    if summary.verdict.verdict == CLEAN:
        scanned = wording.number(night.coverage.scanned, "resource")
        return Sentences("good", f"Inspector reports none among the {scanned} that it scans.", rest)
    if summary.verdict.verdict == UNKNOWN:
        return Sentences(
            "warn",
            f"{wording.headline(summary.verdict)}.",
            (f"{wording.capital(summary.verdict.explanation)}.", *rest),
        )
    return Sentences(_worst(summary.rollup), _open(night), rest)


def _open(night: Material) -> str:
    """What is open, late and exploited. What is nothing is not said."""
    rollup = night.summary.rollup
    if not rollup.counts.total:
        return f"Every open finding is suppressed: {rollup.suppressed:,} in all."
    worst, count = wording.by_severity(rollup.counts)[0]
    late = night.late.summary["late_by_severity"].get(worst, 0)
    clauses = [f"{wording.number(count, f'{worst} finding')} {'is' if count == 1 else 'are'} open"]
    if late:
        clauses.append(f"{late:,} of them past {_allowed(night, worst)}")
    if rollup.kev:
        verb = "is" if rollup.kev == 1 else "are"
        clauses.append(
            f"{rollup.kev:,} of all {rollup.counts.total:,} {verb} known to be exploited (CISA KEV)"
        )
    return f"{_joined(clauses)}."


def _allowed(night: Material, severity: str) -> str:
    days = night.policy.to_json()["sla"].get(severity)
    return f"their {days:,}-day SLA" if days else "their deadline"


def _joined(clauses: Sequence[str]) -> str:
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])}, and {clauses[-1]}"


def _fixes(night: Material) -> list[str]:
    """What the first few updates would remove."""
    lines = night.fixes.items
    removed, total = sum(line["findings"] for line in lines), night.summary.rollup.counts.total
    if not removed:
        return []
    first = (
        "The first update below removes"
        if len(lines) == 1
        else f"The first {len(lines)} updates below remove"
    )
    return [f"{first} {removed:,} of {total:,} open findings ({percent(removed, total)})."]


def _since(night: Material) -> str:
    """What came and what went since the night before; on a first night, that there is none."""
    if night.before is None:
        return (
            "This is the first night: nothing is called new, for there is nothing to compare with."
        )
    counts, why = night.changes.summary["opened_by"], night.changes.summary["resolved_by"]
    came, went = counts["new"] + counts["reopened"], sum(why[word] for word in WENT)
    told = ", ".join(f"{why[word]:,} {_WENT[word]}" for word in WENT if why[word])
    met = (
        f" {counts['onboarding']:,} more were met for the first time."
        if counts["onboarding"]
        else ""
    )
    if night.compared is None:
        if not came and not went:
            return (
                night.not_compared
                or "Not compared with the night before: one of the two is partial."
            )
        return (
            f"Where it was read: {came:,} new, {went:,}"
            f" resolved{f' ({told})' if told else ''}.{met} {night.not_compared}".strip()
        )
    if not came and not went:
        return f"Nothing came and nothing went since the night before.{met}"
    return (
        f"Since the night before: {came:,} new, {went:,} resolved{f' ({told})' if told else ''},"
        f" net {came - went:+,}.{met}"
    )


def _silent(night: Material) -> list[str]:
    """What hides from the counts."""
    count = night.summary.uncovered
    if not count:
        return []
    return [
        (
            f"{wording.number(count, 'resource')} {'is' if count == 1 else 'are'} not fully scanned:"
            " what they hold is not known."
        )
    ]


def _worst(rollup: Rollup) -> str:
    return next((name for name, _ in wording.by_severity(rollup.counts)), "muted")


def percent(part: int, whole: int) -> str:
    """``31 %``; never 0 for some, nor 100 for less than all."""
    if not whole or part in (0, whole):
        return "0 %" if not part else "100 %"
    return f"{min(99, max(1, round(100 * part / whole)))} %"
