"""What the parts of the report say, as plain values for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sre_findings.model.answer import CoverageAnswer, Group, SummaryAnswer
from sre_findings.model.certificate import COMPLETE
from sre_findings.model.coverage import explain, remedy
from sre_findings.model.finding import Finding, iso
from sre_findings.model.rollup import Rollup
from sre_findings.model.verdict import CLEAN, UNKNOWN
from sre_reports import wording

BARS = 10
BAR_WIDTH = 240
_LEAST = 4  # a segment narrower than this cannot be seen


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


@dataclass(frozen=True, slots=True)
class Tile:
    """One number. ``look`` is a severity's, or empty."""

    title: str
    count: int
    look: str
    hint: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a bar, in the units of its drawing."""

    look: str
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One resource: what it is, its counts, and the bar that shows them; ``label`` says the bar in words."""

    resource_id: str
    name: str
    rollup: Rollup
    label: str
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Gap:
    """One reason why resources are not scanned, how many, and what to do."""

    reason: str
    why: str
    remedy: str
    resources: int


@dataclass(frozen=True, slots=True)
class Row:
    """One finding of the table."""

    severity: str
    look: str
    score: str
    identity: str
    title: str
    packages: str
    fixed_in: str
    installed: str
    resource_id: str
    resource_name: str
    account_id: str
    region: str
    age: str
    tags: Sequence[str]


def pill(summary: SummaryAnswer) -> Pill:
    """Complete, partial, too old, or nothing at all; never green when in doubt."""
    proof = summary.proof
    reasons = (*wording.doubts(proof), *(("The snapshot is older than allowed.",) if proof.too_old else ()))
    if proof.snapshot_id is None and proof.as_of is None:
        return Pill("warn", "NO SNAPSHOT", ("Nothing has been read yet. Run: sre-cli scan",))
    words = [] if not wording.doubts(proof) else [f"PARTIAL: {wording.number(len(proof.reasons), 'reason')}"]
    words += ["TOO OLD"] if proof.too_old else []
    counted = wording.number(summary.rollup.counts.total, "open finding")
    facts = [counted, *([clock(proof.as_of)] if proof.as_of else [])]
    if words:
        return Pill("warn", " · ".join([*words, *facts]), reasons)
    return Pill("good", " · ".join([f"Complete {proof.claim}".strip(), *facts]), ())


def verdict(summary: SummaryAnswer) -> Sentences:
    """The page in a sentence or three."""
    rollup, rest = summary.rollup, []
    if more := wording.more_sentence(rollup):
        rest.append(more)
    if summary.uncovered:
        silent = "resource is" if summary.uncovered == 1 else "resources are"
        rest.append(f"{summary.uncovered:,} {silent} not fully scanned: what they hold is not known.")
    if summary.verdict.verdict == CLEAN:
        return Sentences("good", "Inspector reports none among the resources that it scans.", rest)
    if summary.verdict.verdict == UNKNOWN:
        return Sentences("warn", f"{wording.headline(summary.verdict)}.", (f"{summary.verdict.explanation}.", *rest))
    return Sentences(_worst(rollup), _open(rollup), rest)


def _open(rollup: Rollup) -> str:
    if not rollup.counts.total:
        return f"Every open finding is suppressed: {rollup.suppressed:,} in all."
    worst = wording.by_severity(rollup.counts)[:2]
    named = " and ".join(f"{count:,} {name}" for name, count in worst)
    where = f"on {wording.number(rollup.resources, 'resource')}"
    verb = "finding is" if rollup.counts.total == 1 else "findings are"
    if sum(count for _, count in worst) == rollup.counts.total:
        return f"{named} {verb} open {where}."
    return f"{named} {verb} open; {rollup.counts.total:,} in all, {where}."


def _worst(rollup: Rollup) -> str:
    return next((name for name, _ in wording.by_severity(rollup.counts)), "muted")


def tiles(summary: SummaryAnswer) -> list[Tile]:
    """The six severities, always, and what else counts."""
    rollup = summary.rollup
    counts = dict(zip(wording.SEVERITIES, rollup.counts.by_rank(), strict=True))
    severities = [Tile(name.capitalize(), count, name, "open") for name, count in counts.items() if count or name != "other"]
    return [
        *severities,
        Tile("Suppressed", rollup.suppressed, "", "beside the open ones"),
        Tile("Fixable", rollup.fixable, "", "by an update"),
        Tile("Exploit known", rollup.exploitable, "", "of the open ones"),
        Tile("Not scanned", summary.uncovered, "", "resources, in part or whole"),
    ]


def bars(groups: Sequence[Group]) -> list[Bar]:
    """The worst resources, drawn to one scale."""
    worst = [group for group in groups if group.rollup.counts.total][:BARS]
    most = max((group.rollup.counts.total for group in worst), default=0)
    return [_bar(group, most) for group in worst]


def _bar(group: Group, most: int) -> Bar:
    severities = wording.by_severity(group.rollup.counts)
    label = ", ".join(f"{count:,} {name}" for name, count in severities)
    segments, left = [], 0
    # What is wanted for seeing the small ones is taken from the scale, so that no bar outgrows the drawing.
    scale = (BAR_WIDTH - _LEAST * len(wording.SEVERITIES)) / most
    for name, count in severities:
        width = max(_LEAST, round(count * scale))
        segments.append(Segment(name, left, width - 1))
        left += width
    return Bar(group.value, group.name, group.rollup, label, segments)


def gaps(coverage: CoverageAnswer) -> list[Gap]:
    """Reasons for not being scanned, the one that hides most resources first."""
    resources: dict[str, set[tuple[str, str, str]]] = {}
    for row in coverage.gaps:
        resources.setdefault(row.reason, set()).add((row.account_id, row.region, row.resource_id))
    found = [Gap(reason, wording.capital(explain(reason)), remedy(reason), len(silent)) for reason, silent in resources.items()]
    return sorted(found, key=lambda gap: (-gap.resources, gap.reason))


def row(one: Finding, as_of: datetime | None) -> Row:
    """One finding as its line says it."""
    days = wording.days_old(one, as_of)
    tags = (("exploit",) if one.exploit_available == "YES" else ()) + (("suppressed",) if one.status == "SUPPRESSED" else ())
    look = one.severity.lower()
    return Row(
        severity=one.severity.capitalize() or "None given",
        look=look if look in wording.SEVERITIES else "other",
        score="" if one.inspector_score is None else f"{one.inspector_score:.1f}",
        identity=wording.identity(one),
        title=_title(one),
        packages=", ".join(wording.packages(one)),
        fixed_in=wording.version(one.fixed_in) or ("no fix yet" if one.fix_available == "NO" else ""),
        installed=wording.version(one.installed) or "",
        resource_id=one.resource_id,
        resource_name=one.resource_name,
        account_id=one.account_id,
        region=one.region,
        age="" if days is None else f"{days:,} d",
        tags=tags,
    )


def _title(one: Finding) -> str:
    """Its title where that says more than the id and the packages beside it."""
    return "" if one.packages and one.vulnerability_id and (one.title or "").startswith(one.vulnerability_id) else one.title or ""


def evidence(summary: SummaryAnswer, coverage: CoverageAnswer, generated_at: datetime) -> list[tuple[str, str]]:
    """What an auditor needs to trust the page, or to repeat it."""
    proof, counts = summary.proof, summary.rollup.counts
    state = f"{proof.state} {proof.claim if proof.state == COMPLETE else ''}".strip() if proof.state else "none"
    facts = [
        ("Source", proof.source),
        ("Snapshot", proof.snapshot_id or "none"),
        ("As of", iso(proof.as_of) if proof.as_of else "unknown"),
        ("Age when written", wording.age(proof.age_seconds) if proof.age_seconds is not None else "unknown"),
        ("Certificate", state),
        *(("Reason", reason) for reason in proof.reasons),
        ("Open findings", f"{counts.total:,}"),
        ("Suppressed findings", f"{summary.rollup.suppressed:,}"),
        ("Resources with findings", f"{summary.rollup.resources:,}"),
        ("Resources scanned", f"{coverage.scanned:,}"),
        ("Cells not read", f"{len(coverage.cells):,}"),
        ("Written", iso(generated_at)),
    ]
    again = f"sre-cli summary --as-of {proof.snapshot_id}" if proof.snapshot_id else ""
    return [*facts, *((("Ask again", again),) if again else ())]


def day(moment: datetime) -> str:
    """The night in words: 2026-11-22."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def clock(moment: datetime) -> str:
    """Day and minute, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
