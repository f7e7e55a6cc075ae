"""The verdict on a resource: vulnerable, clean, or unknown with a reason. Clean requires proof.

A resource is ``clean`` only if all of these hold:

- every cell that the query covers was read, and scanning is switched on there;
- the snapshot is not stale;
- every row of coverage is ACTIVE, and its scan succeeded;
- there is a rule for the resource's type and each of its scans (``model/coverage/rules.py``);
- the scan that this rule requires as proof exists, and each last scan is within its limit;
- there are no open and no SUPPRESSED findings.

A type without a rule is never clean. Any finding makes the resource ``vulnerable``, even in partial
data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sre_findings.model.coverage.reasons import explain, remedy
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import (
    RULES,
    holds_others,
    proves,
    rule_of,
    scanned_too_long_ago,
    silent,
)
from sre_findings.model.resources import resource as types
from sre_findings.model.snapshots.freshness import IN_FUTURE
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.model.snapshots.states import Cell
from sre_findings.model.text import joined, phrase, without_stop
from sre_findings.model.timestamps import iso

VULNERABLE, CLEAN, UNKNOWN = "vulnerable", "clean", "unknown"

# Reasons. The first four belong to vulnerable, the next one to clean, and all others to unknown.
# The last four and access_denied are also kinds of errors: why a live query failed for a resource
# that is in no snapshot.
FINDINGS = "findings"
FROZEN = "findings_frozen"
STOPPED = "findings_of_stopped_instance"
SUPPRESSED_ONLY = "suppressed_only"
NO_FINDINGS = "no_findings"
NO_SNAPSHOT = "no_snapshot"
NO_SUCH_RESOURCE = "no_such_resource"
NOT_SCANNED = "not_scanned"
NO_RULE = "no_rule"
SCANNED_TOO_LONG_AGO = "scanned_too_long_ago"
INCOMPLETE = "scan_incomplete"
DENIED = "access_denied"
DISABLED = "inspector_disabled"
TOO_OLD = "snapshot_too_old"
CREDENTIALS = "credentials_invalid"
THROTTLED = "throttled"
UNREACHABLE = "unreachable"
REJECTED = "rejected"

# Display names of Inspector's scans, by resource type and scan type.
SCANS: dict[tuple[str, ...], str] = {
    (types.INSTANCE, "PACKAGE"): "EC2",
    (types.INSTANCE, "NETWORK"): "EC2",
    (types.IMAGE, "PACKAGE"): "ECR",
    (types.FUNCTION, "PACKAGE"): "Lambda",
    (types.FUNCTION, "CODE"): "Lambda code",
    (types.CODE_REPOSITORY, "CODE"): "code repositories",
    (types.MACHINE_IMAGE, "PACKAGE"): "machine images",
}
_PLACES = 3  # maximum places to name where scanning is off


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about one resource: counts, rows of coverage, and what could not be read.

    ``gaps`` are the incomplete cells that the query covers. ``too_old`` is true for stale data,
    ``known`` if any row of findings or coverage names the resource. ``until`` is when coverage was
    read, if not at ``as_of``. ``off`` are the cells that the query covers in which scanning is
    switched off. ``in_future`` is true for a snapshot that starts in the future.
    """

    rollup: Rollup
    coverage: Sequence[Coverage]
    gaps: Sequence[Gap]
    as_of: datetime
    too_old: bool
    known: bool
    until: datetime | None = None
    off: Sequence[Cell] = ()
    in_future: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``verdict`` is vulnerable, clean or unknown, and ``reason`` one of the constants above.

    ``explanation`` is a clause to show to users. ``doubt`` is the reason for which the verdict
    would be unknown if there were no findings; there can be more findings, and more severe ones.
    """

    verdict: str
    reason: str
    explanation: str
    notes: tuple[str, ...] = ()
    doubt: str = ""


WITHOUT_SNAPSHOT = Verdict(
    UNKNOWN, NO_SNAPSHOT, phrase("there is no snapshot yet; run: sre-cli scan")
)


def decide(evidence: Evidence) -> Verdict:
    """The verdict on one resource."""
    found, unknown = _vulnerable(evidence), _unknown(evidence)
    verdict = (
        found or unknown or Verdict(CLEAN, NO_FINDINGS, phrase("Inspector reports no findings"))
    )
    doubt = unknown if found else None
    notes = (*_doubts(evidence, verdict, doubt), *_lambda_note(evidence))
    return Verdict(
        verdict.verdict, verdict.reason, verdict.explanation, notes, doubt.reason if doubt else ""
    )


def _vulnerable(evidence: Evidence) -> Verdict | None:
    silent = [row for row in evidence.coverage if not row.active]
    if evidence.rollup.counts.total and silent:
        return _frozen(silent)
    if evidence.rollup.counts.total:
        return Verdict(VULNERABLE, FINDINGS, phrase("Inspector reports open findings"))
    if evidence.rollup.suppressed:
        return Verdict(VULNERABLE, SUPPRESSED_ONLY, phrase("every open finding is suppressed"))
    return None


def _frozen(silent: Sequence[Coverage]) -> Verdict:
    """The verdict on findings of a resource that is no longer scanned.

    The findings are as of the last scan.
    """
    row = silent[0]
    if any(one.reason in {"EC2_INSTANCE_STOPPED", "RESOURCE_STOPPED"} for one in silent):
        return Verdict(
            VULNERABLE,
            STOPPED,
            phrase("the instance is stopped; its findings are as of the last scan"),
        )
    since = iso(row.last_scanned_at) if row.last_scanned_at else "an unknown time"
    return Verdict(VULNERABLE, FROZEN, phrase("findings are as of {}: {}", since, _silence(row)))


def _unknown(evidence: Evidence) -> Verdict | None:
    if evidence.gaps:
        return unread(evidence.gaps)
    if evidence.in_future:
        return Verdict(UNKNOWN, TOO_OLD, IN_FUTURE)
    if evidence.too_old:
        return Verdict(UNKNOWN, TOO_OLD, phrase("the snapshot of {} is stale", iso(evidence.as_of)))
    if evidence.off:
        return Verdict(UNKNOWN, NOT_SCANNED, switched_off(evidence.off))
    if not evidence.known:
        return Verdict(
            UNKNOWN, NO_SUCH_RESOURCE, phrase("no findings or coverage exist for this resource")
        )
    return _not_scanned(evidence.coverage) or _not_proven(evidence)


def unread(gaps: Sequence[Gap]) -> Verdict:
    """The verdict if some cells were not read. The first of them determines the reason."""
    gap = gaps[0]
    where = " ".join(part for part in (gap.account_id, gap.region, gap.scan_type) if part != "*")
    reason = {"denied": DENIED, "disabled": DISABLED}.get(gap.state, INCOMPLETE)
    return Verdict(UNKNOWN, reason, phrase("{}: {}", where, gap.why))


def switched_off(cells: Sequence[Cell]) -> str:
    """A clause that names up to three places where scanning is off, and the number of others."""
    places = sorted(
        {
            f"{SCANS.get(cell[2:], cell.resource_type)} in {cell.account_id} {cell.region}"
            for cell in cells
        }
    )
    more = phrase(" and {} more", len(places) - _PLACES) if len(places) > _PLACES else ""
    return phrase("Inspector does not scan {}{}", ", ".join(places[:_PLACES]), more)


def _not_scanned(coverage: Sequence[Coverage]) -> Verdict | None:
    """Unknown if Inspector does not scan the resource, or has not yet; otherwise None."""
    quiet = [row for row in coverage if silent(row)]
    if quiet or not coverage:
        why = joined("; ", [_silence(row) for row in quiet]) or phrase(
            "Inspector does not list this resource as covered"
        )
        return Verdict(UNKNOWN, NOT_SCANNED, why)
    return None


def _not_proven(evidence: Evidence) -> Verdict | None:
    """Unknown if there is no rule, no scan that counts as proof, or no recent scan; else None."""
    ruleless = [row for row in evidence.coverage if rule_of(row) is None]
    if ruleless:
        return Verdict(UNKNOWN, NO_RULE, _no_rule(ruleless[0]))
    if holds_others(evidence.coverage[0].resource_type):
        return Verdict(
            UNKNOWN,
            NOT_SCANNED,
            phrase("it only contains images and is not scanned itself: query its images"),
        )
    if not any(map(proves, evidence.coverage)):
        return Verdict(UNKNOWN, NOT_SCANNED, _only(evidence.coverage))
    late = [
        row
        for row in evidence.coverage
        if scanned_too_long_ago(row, evidence.as_of, evidence.until)
    ]
    return _late(late[0], evidence) if late else None


def _no_rule(row: Coverage) -> str:
    """The explanation for a type or scan type without a rule."""
    what = (
        phrase("the type {}", row.resource_type)
        if row.resource_type not in RULES
        else phrase("{} scans of {}", row.scan_type, row.resource_type)
    )
    return phrase(
        "Inspector reports no findings, but the product has no rule for {},"
        " so it cannot be called clean",
        what,
    )


def _only(coverage: Sequence[Coverage]) -> str:
    scan_types = ", ".join(sorted({row.scan_type.lower() for row in coverage}))
    proof = (
        phrase("code") if RULES[coverage[0].resource_type].proof == "CODE" else phrase("packages")
    )
    verb = phrase("are") if proof == "packages" else phrase("is")
    return phrase("only its {} is scanned; its {} {} not covered", scan_types, proof, verb)


def _late(row: Coverage, evidence: Evidence) -> Verdict:
    last = row.last_scanned_at
    when = f"was last scanned at {iso(last)}" if last else "was never scanned"
    ahead = ", which is in the future" if last and last > (evidence.until or evidence.as_of) else ""
    return Verdict(
        UNKNOWN, SCANNED_TOO_LONG_AGO, phrase("its {} {}{}", row.scan_type.lower(), when, ahead)
    )


def _silence(row: Coverage) -> str:
    """Why a scan type is not scanned, and the remedy."""
    advice = remedy(row.reason)
    how = phrase("may not be scanned") if row.active else phrase("not scanned")
    return phrase("{} {}, {}", row.scan_type.lower(), how, explain(row.reason)) + (
        phrase(". {}", without_stop(advice)) if advice else ""
    )


def _doubts(evidence: Evidence, verdict: Verdict, doubt: Verdict | None) -> tuple[str, ...]:
    """Notes for a vulnerable verdict whose counts are lower bounds."""
    if verdict.verdict != VULNERABLE:
        return ()
    gap = (
        ("part of its data could not be read, so there may be more findings",)
        if evidence.gaps
        else ()
    )
    late = IN_FUTURE if evidence.in_future else "the data is stale"
    old = (late,) if evidence.too_old else ()
    reported = gap or old or verdict.reason in (FROZEN, STOPPED)
    return (
        *gap,
        *old,
        *((f"there may be more findings: {doubt.explanation}",) if doubt and not reported else ()),
    )


def _lambda_note(evidence: Evidence) -> tuple[str, ...]:
    functions = [row for row in evidence.coverage if row.resource_type == types.FUNCTION]
    if not functions or any(row.scan_type == "CODE" and row.active for row in functions):
        return ()
    return ("only packages of $LATEST are scanned, not its code",)
