"""The answer about everything, and its groups: from rollups where they are, from Parquet where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sre_findings.ask import counting, kept
from sre_findings.ask.questions.estate import BY, Summary
from sre_findings.ask.rows import coverage_of
from sre_findings.ask.sources import Found, Sources, find
from sre_findings.model.answer import SNAPSHOT, Group, Proof, SummaryAnswer
from sre_findings.model.coverage import Coverage, packages_listed, scanned_too_long_ago, silent
from sre_findings.model.errors import UsageError
from sre_findings.model.rollup import KINDS, ORGANIZATION, Rollup, Scope
from sre_findings.model.state import COMPLETE
from sre_findings.model.verdict import (
    CLEAN,
    FINDINGS,
    INCOMPLETE,
    NO_FINDINGS,
    NO_SNAPSHOT,
    NOT_SCANNED,
    SCANNED_TOO_LONG_AGO,
    SUPPRESSED_ONLY,
    TOO_OLD,
    UNKNOWN,
    VULNERABLE,
    Verdict,
)


def summary(question: Summary, sources: Sources) -> SummaryAnswer:
    """How vulnerable everything is."""
    return summarize(question, find(sources, question.as_of), sources)


def summarize(question: Summary, found: Found | None, sources: Sources) -> SummaryAnswer:
    """Counts of the whole snapshot, and groups where they are asked for, the worst first."""
    if question.by is not None and question.by not in BY:
        raise UsageError(f"cannot summarize by {question.by!r}", do=f"Use one of: {', '.join(BY)}.")
    if found is None:
        verdict = Verdict(UNKNOWN, NO_SNAPSHOT, "there is no snapshot yet; run: sre-cli scan")
        return SummaryAnswer(verdict, Rollup(), 0, Proof(SNAPSHOT, None, None, None, None), question.by)
    check_owners(found, question.owners)
    read = _reader(question, found, sources)
    whole = dict(read(ORGANIZATION)).get(Scope(ORGANIZATION), Rollup())
    groups = _groups(question, found, read)
    uncovered, doubtful = unsure(found, question.owners)
    scanned = bool(uncovered or doubtful or _scanned(found, question.owners))
    verdict = _verdict(whole, _Unsure(uncovered, doubtful, scanned), found.proof)
    return SummaryAnswer(verdict, whole, uncovered, found.proof, question.by, groups, doubtful=doubtful)


class _Unsure(NamedTuple):
    """Resources not fully scanned, further ones whose silence proves nothing, and whether anything is scanned at all."""

    uncovered: int
    doubtful: int
    scanned: bool


def _scanned(found: Found, owners: Sequence[str]) -> int:
    """How many resources are scanned: of none, nothing is known. A commit counts the rows of coverage of everything."""
    if not owners and "coverage" in found.commit.totals:
        return int(found.commit.totals["coverage"])
    return int(found.engine.rows("coverage_scanned", owners=list(owners) or None)[0]["scanned"])


_PLACE = ("account_id", "region", "resource_type", "resource_id")


def check_owners(found: Found, owners: Sequence[str]) -> None:
    """Raises UsageError for an owner of nothing: a mistyped name must not look like one without findings."""
    if not owners:
        return
    known = [row["owner"] for row in found.engine.rows("owners")]
    if strangers := [owner for owner in owners if owner not in known]:
        why = f"owners are {', '.join(known)}" if known else "nobody owns anything"
        raise UsageError(f"{', '.join(strangers)} owns nothing here", why=why, do="Check the name, or SRE_OWNERS.")


def unsure(found: Found, owners: Sequence[str] = ()) -> tuple[int, int]:
    """Resources that are not fully scanned, and further ones whose silence proves nothing.

    A commit has the totals of everything, and none for who sees a part of it.
    """
    totals = found.commit.totals
    if totals and not owners:
        return int(totals.get("uncovered", 0)), int(totals.get("doubtful", 0))
    rows: dict[tuple[str, ...], list[Coverage]] = {}
    for row in found.engine.rows("coverage_of_owners", owners=list(owners) or None):
        rows.setdefault(tuple(row[name] for name in _PLACE), []).append(coverage_of(row))
    as_of = found.commit.started_at
    uncovered = {place for place, some in rows.items() if not all(one.active for one in some)}
    doubtful = {place for place, some in rows.items() if not packages_listed(some)
                or any(silent(one) or scanned_too_long_ago(one, as_of) for one in some)}  # fmt: skip
    return len(uncovered), len(doubtful - uncovered)


Read = Callable[[str], Iterable[tuple[Scope, Rollup]]]


def _reader(question: Summary, found: Found, sources: Sources) -> Read:
    """What reads each kind of scope that the question is about."""
    kinds = (ORGANIZATION, question.by) if question.by in KINDS and question.by != "resource" else (ORGANIZATION,)
    if not question.owners and kept.can_read(found, sources, *kinds):
        return kept.reader(found, sources)
    return _from_parquet(found, question.owners)


def _from_parquet(found: Found, owners: Sequence[str] = ()) -> Read:
    """The same numbers where no rollup has them: for some owners alone, and where a scan died before its rollups were
    written, which the next scan repairs."""
    every = counting.rollups(found.engine, owners)
    return lambda kind: [(scope, rollup) for scope, rollup in every.items() if scope.kind == kind and rollup != Rollup()]


def is_unread(scope: Scope, found: Found) -> bool:
    """Whether it is a region of which nothing was read: what the table knows of it is of another night."""
    return scope.kind == "region" and any(gap[:2] == ("*", scope.value) for gap in found.commit.gaps)


def _groups(question: Summary, found: Found, read: Read) -> list[Group]:
    by = question.by
    if by is None:
        return []
    if by in ("resource", "package", "vulnerability"):
        place: dict[str, Any] = dict.fromkeys(("resource_id", "resource_type", "account_id", "region"))
        rows = found.engine.rows(f"by_{by}", count=question.count or None, owners=list(question.owners) or None, **place)
        return [Group(row["value"], row["name"] or "", Rollup.counted(row)) for row in rows]
    groups = [Group(scope.value, "", rollup) for scope, rollup in read(by) if not is_unread(scope, found)]
    groups.sort(key=lambda g: ([-n for n in g.rollup.counts.by_rank()], g.value))
    chosen = groups[: question.count or None]
    if by == "account":
        return [Group(one.value, found.commit.account_names.get(one.value, ""), one.rollup) for one in chosen]
    return chosen


def _verdict(whole: Rollup, unsure: _Unsure, proof: Proof) -> Verdict:
    """The verdict on everything: the rule of one resource, with every cell and every row of coverage in it."""
    notes = tuple(proof.reasons) if proof.state != COMPLETE else ()
    why = _unknown(unsure, proof)
    if found := _found(whole):
        return Verdict(VULNERABLE, *found, notes, why[0] if why else "")
    return Verdict(UNKNOWN, *why, notes) if why else Verdict(CLEAN, NO_FINDINGS, "Inspector reports none")


def _found(whole: Rollup) -> tuple[str, str] | None:
    """What is open, as a reason and an explanation."""
    if whole.counts.total:
        return FINDINGS, "Inspector reports open findings"
    if whole.suppressed:
        return SUPPRESSED_ONLY, "every open finding is suppressed"
    if whole.resources:  # counts are of findings at their first resource, which may be another's
        return FINDINGS, "findings are shared with resources of others, and counted there"
    return None


def _unknown(unsure: _Unsure, proof: Proof) -> tuple[str, str] | None:
    """Why silence is not the same as none, as a reason and an explanation."""
    why = (
        (proof.state != COMPLETE, INCOMPLETE, "the scan is incomplete"),
        (proof.too_old, TOO_OLD, "the snapshot is older than allowed"),
        (unsure.uncovered > 0, NOT_SCANNED, f"{unsure.uncovered} resources are not fully scanned"),
        (unsure.doubtful > 0, SCANNED_TOO_LONG_AGO, f"{unsure.doubtful} resources were not scanned lately, or never"),
        (not unsure.scanned, NOT_SCANNED, "Inspector scans nothing of what was asked for"),
    )
    return next(((reason, explanation) for applies, reason, explanation in why if applies), None)
