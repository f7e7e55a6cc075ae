"""The summary of all resources and its groups, from rollups if available, or else from Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sre_findings.engine import aggregates, disabled_scans
from sre_findings.model.answers.answer import Group, SummaryAnswer
from sre_findings.model.answers.verdict import (
    CLEAN,
    FINDINGS,
    INCOMPLETE,
    NO_FINDINGS,
    NOT_SCANNED,
    SCANNED_TOO_LONG_AGO,
    SUPPRESSED_ONLY,
    TOO_OLD,
    UNKNOWN,
    VULNERABLE,
    Verdict,
    switched_off,
    unread,
)
from sre_findings.model.coverage.counts import Silence
from sre_findings.model.errors import UsageError
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.snapshots.rollup import KINDS, ORGANIZATION, Rollup, Scope
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import joined, phrase
from sre_findings.queries import coverage_rows
from sre_findings.questions.estate import BY, Summary
from sre_findings.sources import rollup_access
from sre_findings.sources.places import within
from sre_findings.sources.sources import Found, Sources, find


def summary(question: Summary, sources: Sources) -> SummaryAnswer:
    """The counts and the verdict for all resources.

    Raises UsageError if ``by`` is not a known grouping.
    """
    if question.by is not None and question.by not in BY:
        raise UsageError(
            phrase("cannot summarize by {!r}", question.by),
            do=phrase("Use one of: {}.", ", ".join(BY)),
        )
    return summarize(question, find(sources, question.as_of), sources)


def summarize(question: Summary, found: Found, sources: Sources) -> SummaryAnswer:
    """The counts of the whole snapshot, and groups if requested, highest severity first."""
    found = within(found, Place(owners=question.owners))
    read, notes = _reader(question, found, sources)
    whole = dict(read(ORGANIZATION)).get(Scope(ORGANIZATION), Rollup())
    groups = _groups(question, found, read)
    silence = unsure(found, question.owners)
    verdict = _verdict(whole, silence, found)
    verdict = replace(verdict, notes=(*verdict.notes, *notes))
    return SummaryAnswer(
        verdict,
        whole,
        silence.uncovered,
        found.proof,
        question.by,
        groups,
        doubtful=silence.doubtful,
    )


class Unsure(NamedTuple):
    """What the absence of findings proves (see ``model.coverage.counts.Silence``).

    The numbers of resources that are not fully scanned, of others in doubt, and of those with
    proof.
    """

    uncovered: int
    doubtful: int
    proven: int


def unsure(found: Found, owners: Sequence[str] = ()) -> Unsure:
    """How many resources of the query's scope are in doubt.

    A commit has these totals for everything; they are computed for owners and for restricted
    access.
    """
    totals = found.commit.totals
    if totals and not owners:
        return Unsure(*(int(totals.get(name, 0)) for name in Unsure._fields))
    silence = Silence(found.commit.started_at)
    for row in coverage_rows.of_owners(found, owners):
        silence.add(row, found.commit.ended_at)
    for row in coverage_rows.unlisted_of_owners(found, owners):
        silence.add_unlisted(row)
    return Unsure(silence.uncovered, silence.doubtful, silence.proven)


Read = Callable[[str], Iterable[tuple[Scope, Rollup]]]


def _reader(question: Summary, found: Found, sources: Sources) -> tuple[Read, tuple[str, ...]]:
    """The function that reads each kind of scope that the query needs, and notes about it."""
    kinds = (
        (ORGANIZATION, question.by)
        if question.by in KINDS and question.by != "resource"
        else (ORGANIZATION,)
    )
    if question.owners:
        return _from_parquet(found, question.owners), ()
    if rollup_access.can_read(found, sources, *kinds):
        return rollup_access.reader(found, sources), ()
    return _from_parquet(found), rollup_access.not_in_table(sources, *kinds)


def _from_parquet(found: Found, owners: Sequence[str] = ()) -> Read:
    """The same numbers from Parquet, if the table does not have them.

    That is the case for some owners only, and if the table was lost or a scan failed before it
    wrote its rollups. The next scan writes these.
    """
    every = aggregates.rollups(found.engine, owners)
    return lambda kind: [
        (scope, rollup)
        for scope, rollup in every.items()
        if scope.kind == kind and rollup != Rollup()
    ]


def _groups(question: Summary, found: Found, read: Read) -> list[Group]:
    by = question.by
    if by is None:
        return []
    if by in ("resource", "package", "vulnerability"):
        place: dict[str, Any] = dict.fromkeys(
            ("resource_id", "resource_type", "account_id", "region")
        )
        rows = found.engine.rows(
            f"by_{by}", count=question.count or None, **parameters(owners=question.owners), **place
        )
        return [Group(row["value"], row["name"] or "", Rollup.counted(row)) for row in rows]
    groups = [Group(scope.value, "", rollup) for scope, rollup in read(by)]
    groups.sort(key=lambda g: ([-n for n in g.rollup.counts.by_rank()], g.value))
    chosen = groups[: question.count or None]
    if by == "account":
        return [
            Group(one.value, found.commit.account_names.get(one.value, ""), one.rollup)
            for one in chosen
        ]
    return chosen


def _verdict(whole: Rollup, silence: Unsure, night: Found) -> Verdict:
    """The verdict on everything, by the rule for one resource.

    It takes every cell and every row of coverage into account.
    """
    notes = tuple(night.proof.reasons) if night.proof.state != COMPLETE else ()
    why = _unknown(silence, night)
    if found := _found(whole):
        return Verdict(VULNERABLE, *found, notes, why[0] if why else "")
    return Verdict(UNKNOWN, *why, notes) if why else _silent(night)


def _silent(night: Found) -> Verdict:
    """The verdict without findings if all that Inspector scans was read.

    It is unknown if Inspector is off somewhere: resources there are in no list.
    """
    if off := disabled_scans.switched_off(night.engine, None):
        return Verdict(UNKNOWN, NOT_SCANNED, switched_off(off))
    return Verdict(CLEAN, NO_FINDINGS, phrase("Inspector reports no findings"))


def _found(whole: Rollup) -> tuple[str, str] | None:
    """What was found, as a reason and an explanation; None if there is nothing."""
    if whole.counts.total:
        return FINDINGS, phrase("Inspector reports open findings")
    if whole.suppressed:
        return SUPPRESSED_ONLY, phrase("every open finding is suppressed")
    if whole.resources:  # findings count at their first resource, whose owner may be another
        return FINDINGS, phrase(
            "findings are shared with resources of other owners, and counted there"
        )
    return None


def _unknown(silence: Unsure, night: Found) -> tuple[str, str] | None:
    """Why the absence of findings proves nothing, as a reason and an explanation."""
    proof = night.proof
    if proof.state == COMPLETE and night.commit.gaps:
        texts = unread(night.commit.gaps)
        return texts.reason, texts.explanation
    why = (
        (
            proof.state != COMPLETE,
            INCOMPLETE,
            phrase("the scan is incomplete"),
        ),
        (bool(proof.unread), INCOMPLETE, joined("; ", proof.unread)),
        (proof.too_old, TOO_OLD, proof.not_fresh),
        (
            silence.uncovered > 0,
            NOT_SCANNED,
            phrase("{} not fully scanned", quantity(silence.uncovered, "resource")),
        ),
        (
            silence.doubtful > 0,
            SCANNED_TOO_LONG_AGO,
            phrase("{} not scanned recently, or never", quantity(silence.doubtful, "resource")),
        ),
        (
            silence.proven == 0,
            NOT_SCANNED,
            phrase("Inspector scans no resources in this scope"),
        ),
    )
    return next(((reason, explanation) for applies, reason, explanation in why if applies), None)
