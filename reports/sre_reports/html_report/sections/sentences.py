"""The report in a few sentences: completeness, what is open, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.verdict import CLEAN, UNKNOWN
from sre_findings.model.snapshots.rollup import RESOLVED_CAUSES, Rollup
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.brief import all_suppressed

_RESOLVED = {
    "patched": "patched",
    "terminated": "on terminated resources",
    "not_scanned": "no longer scanned",
    "unknown": "unexplained",
}


@dataclass(frozen=True, slots=True)
class Pill:
    """Completeness and freshness: ``look`` is ``good``, or ``warn`` with its reasons."""

    look: str
    text: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sentences:
    """The verdict: its look, one emphasized sentence, and the sentences that follow."""

    look: str
    first: str
    rest: Sequence[str]


def pill(material: Material) -> Pill:
    """Returns complete, partial or stale. The look is never ``good`` if in doubt."""
    proof = material.proof
    doubts = wording.doubts(proof)
    reasons = (*doubts, *((f"{wording.capital(proof.not_fresh)}.",) if proof.too_old else ()))
    words = [f"PARTIAL: {wording.number(len(doubts), 'reason')}"] if doubts else []
    words += [f"{word}: {why}" for word, why in wording.not_fresh(proof)]
    facts = [_read(material), *([f"{proof.as_of:%H:%M} UTC"] if proof.as_of else [])]
    if words:
        return Pill("warn", " · ".join([*words, *facts]), reasons)
    return Pill("good", " · ".join([f"Complete {proof.claim}".strip(), *facts]), ())


def _read(material: Material) -> str:
    """Returns how many findings were read, and how many Inspector counts, if that is known."""
    evidence = material.evidence
    if evidence is None or evidence.counted is None:
        return wording.number(material.summary.rollup.counts.total, "open finding")
    return f"{evidence.listed:,} of {evidence.counted:,} active findings read"


def verdict(material: Material) -> Sentences:
    """Returns the verdict of the report with its sentences."""
    summary = material.summary
    rest = [*_fixes(material), _since(material), *_silent(material)]
    if summary.verdict.verdict == CLEAN:
        scanned = wording.number(material.coverage.scanned, "resource")
        return Sentences("good", f"Inspector reports no findings on {scanned} that it scans.", rest)
    if summary.verdict.verdict == UNKNOWN:
        return Sentences(
            "warn",
            f"{wording.headline(summary.verdict)}.",
            (f"{wording.capital(summary.verdict.explanation)}.", *rest),
        )
    return Sentences(_worst(summary.rollup), _open(material), rest)


def _open(material: Material) -> str:
    """Returns how many findings are open, past their SLA and in KEV. Zeros are left out."""
    rollup = material.summary.rollup
    if not rollup.counts.total:
        return all_suppressed(rollup.suppressed)
    worst, count = wording.by_severity(rollup.counts)[0]
    late = material.late.facts["late_by_severity"].get(worst, 0)
    noun = "finding is" if count == 1 else "findings are"
    lead = "" if material.proof.state == COMPLETE else "At least "
    clauses = [f"{lead}{count:,} {worst} {noun} open"]
    if late:
        clauses.append(f"{late:,} of them past {_allowed(material, worst)}")
    if rollup.kev:
        verb = "is" if rollup.kev == 1 else "are"
        clauses.append(
            f"{rollup.kev:,} of all {rollup.counts.total:,} {verb} known to be exploited (CISA KEV)"
        )
    return f"{_joined(clauses)}."


def _allowed(material: Material, severity: str) -> str:
    days = material.policy.to_json()["sla"].get(severity)
    # A line break would separate the number from its unit.
    return f"their {days:,}\N{NON-BREAKING HYPHEN}day SLA" if days else "their due date"


def _joined(clauses: Sequence[str]) -> str:
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])}, and {clauses[-1]}"


def _fixes(material: Material) -> list[str]:
    """Returns how many findings the first updates resolve, those in KEV first."""
    lines = material.fixes.items
    removed, total = sum(line["findings"] for line in lines), material.summary.rollup.counts.total
    if not removed:
        return []
    first = (
        "The first update below resolves"
        if len(lines) == 1
        else f"The first {len(lines)} updates below resolve"
    )
    kev = wording.of_kev(sum(line["kev"] for line in lines), material.summary.rollup.kev)
    found = wording.number(total, "open finding")
    return [f"{first} {kev}{removed:,} of {found} ({percent(removed, total)})."]


def _since(material: Material) -> str:
    """Returns what was opened and resolved since the previous snapshot, if there is one."""
    if material.before is None:
        return "First snapshot: there is nothing to compare it with yet, so no finding is new."
    counts, why = material.changes.facts["opened_by"], material.changes.facts["resolved_by"]
    opened, went = counts["new"] + counts["reopened"], sum(why[word] for word in RESOLVED_CAUSES)
    reasons = ", ".join(f"{why[word]:,} {_RESOLVED[word]}" for word in RESOLVED_CAUSES if why[word])
    resolved = f"{went:,} resolved{f' ({reasons})' if reasons else ''}"
    met = f" {_first_scan(counts['onboarding'])}" if counts["onboarding"] else ""
    if material.compared is None:
        if not opened and not went:
            return (
                material.not_compared
                or "Not compared with the previous snapshot: one of the two is partial."
            )
        read = f"In the data that was read: {opened:,} new, {resolved}.{met}"
        return f"{read} {material.not_compared}".strip()
    if not opened and not went:
        return f"No changes since the previous snapshot.{met}"
    return f"Since the previous snapshot: {opened:,} new, {resolved}, net {opened - went:+,}.{met}"


def _first_scan(count: int) -> str:
    verb = "was" if count == 1 else "were"
    return f"{wording.number(count, 'more finding')} {verb} found by a first scan."


def _silent(material: Material) -> list[str]:
    """Returns how many resources are not fully scanned."""
    count = material.summary.uncovered
    if not count:
        return []
    return [
        (
            f"{wording.number(count, 'resource is', 'resources are')} not fully scanned, so"
            f" {'its' if count == 1 else 'their'} findings are not fully known."
        )
    ]


def _worst(rollup: Rollup) -> str:
    return next((name for name, _ in wording.by_severity(rollup.counts)), "muted")


def percent(part: int, whole: int) -> str:
    """Returns ``31 %``; 0 only for none, and 100 only for all."""
    if not whole or part in (0, whole):
        return "0 %" if not part else "100 %"
    return f"{min(99, max(1, round(100 * part / whole)))} %"
