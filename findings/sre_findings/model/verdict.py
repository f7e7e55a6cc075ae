"""The rule of the house: vulnerable, clean, or unknown with its reason. It never says clean when it does not know.

``clean`` needs all of: the cells of the question complete; the snapshot young enough; at least one ACTIVE row of
coverage and no other; for an EC2 instance, a last scan within the limit of its scan mode; no ACTIVE and no SUPPRESSED
finding. Findings that are there make it ``vulnerable``, even in partial data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sre_findings.model.coverage import Coverage, explain, packages_listed, remedy, scanned_too_long_ago, silent
from sre_findings.model.finding import iso
from sre_findings.model.resource import FUNCTION
from sre_findings.model.rollup import Rollup
from sre_findings.model.state import Cell

VULNERABLE, CLEAN, UNKNOWN = "vulnerable", "clean", "unknown"

# Why; the first four go with vulnerable, the next with clean, all others with unknown. The last ones, and access_denied, are
# kinds of errors too: why Inspector did not answer where no snapshot knows the resource.
FINDINGS = "findings"
FROZEN = "findings_frozen"
STOPPED = "findings_of_stopped_instance"
SUPPRESSED_ONLY = "suppressed_only"
NO_FINDINGS = "no_findings"
NO_SNAPSHOT = "no_snapshot"
NO_SUCH_RESOURCE = "no_such_resource"
NOT_SCANNED = "not_scanned"
SCANNED_TOO_LONG_AGO = "scanned_too_long_ago"
INCOMPLETE = "scan_incomplete"
DENIED = "access_denied"
DISABLED = "inspector_disabled"
TOO_OLD = "snapshot_too_old"
CREDENTIALS = "credentials_invalid"
THROTTLED = "throttled"
UNREACHABLE = "unreachable"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one resource: its counts, its rows of coverage, and what could not be read.

    ``gaps`` are the incomplete cells that the question touches; ``too_old`` says that the data's age is past the limit;
    ``known`` that any row of findings or coverage names the resource.
    """

    rollup: Rollup
    coverage: Sequence[Coverage]
    gaps: Sequence[tuple[Cell, str]]
    as_of: datetime
    too_old: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """``verdict`` is vulnerable, clean or unknown; ``reason`` one of the words above; ``explanation`` for a person.

    ``doubt`` is the reason for which it would be unknown without its findings: there may be more of them, and worse ones.
    """

    verdict: str
    reason: str
    explanation: str
    notes: tuple[str, ...] = ()
    doubt: str = ""


def decide(evidence: Evidence) -> Verdict:
    """The verdict on one resource."""
    found, unknown = _vulnerable(evidence), _unknown(evidence)
    verdict = found or unknown or Verdict(CLEAN, NO_FINDINGS, "Inspector reports none")
    doubt = unknown if found else None
    notes = (*_doubts(evidence, verdict, doubt), *_lambda_note(evidence))
    return Verdict(verdict.verdict, verdict.reason, verdict.explanation, notes, doubt.reason if doubt else "")


def _vulnerable(evidence: Evidence) -> Verdict | None:
    silent = [row for row in evidence.coverage if not row.active]
    if evidence.rollup.counts.total and silent:
        return _frozen(silent)
    if evidence.rollup.counts.total:
        return Verdict(VULNERABLE, FINDINGS, "Inspector reports open findings")
    if evidence.rollup.suppressed:
        return Verdict(VULNERABLE, SUPPRESSED_ONLY, "every open finding is suppressed")
    return None


def _frozen(silent: Sequence[Coverage]) -> Verdict:
    """Findings of a resource that Inspector no longer scans: they stand as they stood when it stopped looking."""
    row = silent[0]
    if any(one.reason in {"EC2_INSTANCE_STOPPED", "RESOURCE_STOPPED"} for one in silent):
        return Verdict(VULNERABLE, STOPPED, "the instance is stopped; its findings stand as they were")
    since = f"since {iso(row.last_scanned_at)}" if row.last_scanned_at else "for a time that Inspector does not tell"
    return Verdict(VULNERABLE, FROZEN, f"findings are frozen {since}: {_silence(row)}")


def _unknown(evidence: Evidence) -> Verdict | None:
    if evidence.gaps:
        return _gap(evidence.gaps)
    if evidence.too_old:
        return Verdict(UNKNOWN, TOO_OLD, f"the snapshot of {iso(evidence.as_of)} is older than allowed")
    if not evidence.known:
        return Verdict(UNKNOWN, NO_SUCH_RESOURCE, "neither findings nor coverage name this resource")
    return _not_scanned(evidence)


def _gap(gaps: Sequence[tuple[Cell, str]]) -> Verdict:
    cell, state = gaps[0]
    where = " ".join(part for part in (cell.account_id, cell.region, cell.scan_type) if part != "*")
    reason = {"denied": DENIED, "disabled": DISABLED}.get(state, INCOMPLETE)
    return Verdict(UNKNOWN, reason, f"{where}: {state.replace('_', ' ')}")


def _not_scanned(evidence: Evidence) -> Verdict | None:
    quiet = [row for row in evidence.coverage if silent(row)]
    if quiet or not evidence.coverage:
        why = "; ".join(_silence(row) for row in quiet) or "Inspector does not list this resource as covered"
        return Verdict(UNKNOWN, NOT_SCANNED, why)
    if not packages_listed(evidence.coverage):
        return Verdict(UNKNOWN, NOT_SCANNED, "its network is scanned and its packages are not listed as covered")
    late = [row for row in evidence.coverage if scanned_too_long_ago(row, evidence.as_of)]
    if late:
        row = late[0]
        when = f"was last scanned at {iso(row.last_scanned_at)}" if row.last_scanned_at else "was never scanned"
        return Verdict(UNKNOWN, SCANNED_TOO_LONG_AGO, f"its {row.scan_type.lower()} {when}")
    return None


def _silence(row: Coverage) -> str:
    """Why one scan type does not run, and the remedy."""
    advice = remedy(row.reason)
    return f"{row.scan_type.lower()} not scanned, {explain(row.reason)}" + (f". {advice.rstrip('.')}" if advice else "")


def _doubts(evidence: Evidence, verdict: Verdict, doubt: Verdict | None) -> tuple[str, ...]:
    """What makes a vulnerable verdict a lower bound."""
    if verdict.verdict != VULNERABLE:
        return ()
    gap = ("part of its data could not be read: there may be more",) if evidence.gaps else ()
    old = ("the data are older than allowed",) if evidence.too_old else ()
    told = gap or old or verdict.reason in (FROZEN, STOPPED)
    return (*gap, *old, *((f"there may be more: {doubt.explanation}",) if doubt and not told else ()))


def _lambda_note(evidence: Evidence) -> tuple[str, ...]:
    functions = [row for row in evidence.coverage if row.resource_type == FUNCTION]
    if not functions or any(row.scan_type == "CODE" and row.active for row in functions):
        return ()
    return ("$LATEST, packages only: its code is not scanned",)
