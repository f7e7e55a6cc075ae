"""Answers a query about one resource from a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sre_findings.engine import aggregates
from sre_findings.engine.disabled_scans import kinds, switched_off
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.verdict import (
    INCOMPLETE,
    NO_SNAPSHOT,
    NO_SUCH_RESOURCE,
    TOO_OLD,
    UNKNOWN,
    Evidence,
    Verdict,
    decide,
)
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.reachability import NOT_REACHABLE, left_out
from sre_findings.model.findings.reachability import UNKNOWN as NO_WORD
from sre_findings.model.resources.addresses import address_of
from sre_findings.model.resources.image_use import Use, newest
from sre_findings.model.resources.resource import (
    FUNCTION,
    INSTANCE,
    Resource,
    check_id,
    check_text,
    told,
)
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Rollup, resource_scope
from sre_findings.model.sql_parameters import parameters, resource_parameters
from sre_findings.model.text import joined, phrase
from sre_findings.queries import coverage_rows
from sre_findings.queries.resource_lookup import UnknownResource, contains, resolve_in
from sre_findings.rows.values import finding_of, time_of
from sre_findings.sources import rollup_access
from sre_findings.sources.deadlines import resource_deadlines
from sre_findings.sources.older_snapshots import lacks_names
from sre_findings.sources.risk_acceptance import marked
from sre_findings.sources.sources import Found, Sources
from sre_findings.store.records import rollups as stored

if TYPE_CHECKING:
    from sre_findings.model.findings.suppression import Suppressions
    from sre_findings.questions.resource import Vulnerabilities


def answer(question: Vulnerabilities, found: Found, sources: Sources) -> ResourceAnswer:
    """The snapshot's answer; unknown if there is no such resource."""
    text = check_text(question.text)
    try:
        resource, unread_names = resolve_in(found, text)
    except UnknownResource as error:
        check_id(text)
        return _unidentified(question, found, error.near)
    place = resource_parameters(resource)
    rollup, notes_on_counts = _rollup(resource, found, sources)
    now, rules = sources.now(), sources.suppressions
    evidence = evidence_of(resource, rollup, found)
    verdict = decide(evidence)
    findings, total, cursor = _page(question, found, place)
    use, exposed = _use(found, place)
    due, overdue = resource_deadlines(found, place, question.as_of)
    unread = (unread_names,) if unread_names else ()
    notes = (*verdict.notes, *unread, *notes_on_counts, *_left_out(question, found, place))
    verdict = replace(verdict, notes=notes)
    return ResourceAnswer(
        resource,
        verdict,
        rollup,
        evidence.coverage,
        [due.completed(marked(one, rules, now.date())) for one in findings],
        total,
        cursor,
        found.proof,
        bool(evidence.gaps),
        account_name=found.commit.account_names.get(resource.account_id, ""),
        filters=_filters(question),
        accepted=_accepted(found, place, rules, now),
        use=use,
        exposed=exposed,
        overdue=overdue,
    )


def evidence_of(resource: Resource, rollup: Rollup, found: Found) -> Evidence:
    """The evidence for the verdict on a resource of the snapshot that has these counts."""
    return Evidence(
        rollup,
        coverage_rows.of_resource(found, resource_parameters(resource)),
        gaps_touching(found.commit.gaps, resource),
        found.commit.started_at,
        found.proof.too_old,
        known=True,
        until=found.commit.ended_at,
        in_future=found.proof.in_future,
    )


def _rollup(one: Resource, found: Found, sources: Sources) -> tuple[Rollup, tuple[str, ...]]:
    """The counts of the resource: from the table, which takes a tenth of the time, or from Parquet.

    The table lacks them if it was lost, or if a scan failed before it wrote its rollups. A note
    says so.
    """
    if not rollup_access.can_read(found, sources, "resource"):
        notes = rollup_access.not_in_table(sources, "resource")
        return aggregates.of_resource(found.engine, one), notes
    scope = resource_scope(one.account_id, one.region, one.resource_type, one.resource_id)
    return stored.read(sources.stores.table, found.commit, scope), ()


def _accepted(
    found: Found, place: dict[str, Any], rules: Suppressions | None, now: datetime
) -> int | None:
    """The number of its open findings whose risk is accepted; None without a suppressions file."""
    if rules is None:
        return None
    rows = found.engine.rows(
        "resource_findings",
        count=None,
        skip=0,
        suppressed=False,
        severities=None,
        reachable=False,
        **place,
    )
    return sum(marked(finding_of(row), rules, now.date()).accepted is not None for row in rows)


def _filters(question: Vulnerabilities) -> dict[str, Any]:
    severities = {"severities": list(question.severities)} if question.severities else {}
    return severities | ({"reachable": True} if question.reachable else {})


def _wanted(question: Vulnerabilities, place: dict[str, Any]) -> dict[str, Any]:
    return {
        **parameters(severities=question.severities),
        "suppressed": question.suppressed,
        **place,
    }


def _left_out(question: Vulnerabilities, found: Found, place: dict[str, Any]) -> Sequence[str]:
    """Notes about the findings that the filter for reachable findings leaves out."""
    if not question.reachable:
        return ()
    rows = found.engine.rows("resource_reachability", **_wanted(question, place))
    words = {row["reachability"]: int(row["findings"]) for row in rows}
    return tuple(left_out(words.get(NO_WORD, 0), words.get(NOT_REACHABLE, 0)))


def _use(found: Found, place: dict[str, Any]) -> tuple[Use | None, bool | None]:
    """How an image is used, and whether a resource is exposed. None if it is not known."""
    if place["resource_type"] == FUNCTION:
        return None, None
    rows = found.engine.rows("resource_use", **place)
    exposed = any(row["exposed"] for row in rows) or None
    if place["resource_type"] == INSTANCE:
        return None, exposed
    uses = (Use(row["in_use_count"], time_of(row["last_in_use_us"])) for row in rows)
    return newest(uses) or None, exposed


def _page(
    question: Vulnerabilities, found: Found, place: dict[str, Any]
) -> tuple[list[Any], int, str | None]:
    """One page of findings, the total number, and the cursor of the next page.

    The cursor is pinned to the snapshot.
    """
    wanted = _wanted(question, place) | {"reachable": question.reachable}
    skip = _skip(question.cursor, found.commit.snapshot_id)
    rows = found.engine.rows("resource_findings", count=question.count or None, skip=skip, **wanted)
    total = (
        int(rows[0]["total"])
        if rows
        else int(found.engine.rows("resource_total", **wanted)[0]["total"])
    )
    more = f"{found.commit.snapshot_id}.{skip + len(rows)}" if skip + len(rows) < total else None
    return [finding_of(row) for row in rows], total, more


def _skip(cursor: str | None, snapshot_id: str) -> int:
    """The number of findings that a cursor skips.

    Raises UsageError if the cursor belongs to another snapshot.
    """
    if cursor is None:
        return 0
    pinned, _, place = cursor.rpartition(".")
    if pinned != snapshot_id or not place.isdecimal():
        do = (
            phrase("Repeat the query with --as-of {}, or without a cursor.", pinned)
            if pinned
            else phrase("Repeat the query without a cursor.")
        )
        raise UsageError(phrase("this cursor belongs to another snapshot"), do=do)
    return int(place)


def gaps_touching(gaps: Sequence[Gap], resource: Resource | None) -> list[Gap]:
    """The incomplete cells that can contain the resource; all of them if its place is not known."""
    return [gap for gap in gaps if resource is None or contains(gap, resource)]


def _scanning_considered(evidence: Evidence, like: Resource | None, found: Found) -> Verdict:
    """The verdict on a resource that occurs nowhere.

    Where Inspector is not enabled, it occurs nowhere even if it exists.
    """
    verdict = decide(evidence)
    if like is None or verdict.reason != NO_SUCH_RESOURCE:
        return verdict
    return decide(replace(evidence, off=switched_off(found.engine, like)))


def _unidentified(
    question: Vulnerabilities, found: Found, similar: Sequence[str]
) -> ResourceAnswer:
    """The answer for a resource that the snapshot does not contain.

    It is "no such resource" only if everything was read.
    """
    as_of = found.proof.as_of or datetime.now(UTC)
    gaps = gaps_touching(found.commit.gaps, None)
    like = told(question.text.strip())
    proof = found.proof
    evidence = Evidence(
        Rollup(), (), gaps, as_of, proof.too_old, known=False, in_future=proof.in_future
    )
    verdict = _scanning_considered(evidence, like, found)
    if verdict.reason == NO_SUCH_RESOURCE:
        explanation = phrase("{}", verdict.explanation)
        if similar:
            explanation += phrase("; similar names: {}", joined(", ", similar))
        if address_of(question.text.strip()):
            explanation += phrase("; IP addresses are known only for instances with findings")
        if like is None and (off := switched_off(found.engine, None)):
            explanation += phrase(
                "; in some accounts or regions, Inspector does not scan {}", kinds(off)
            )
        lacking = lacks_names(found.commit)
        verdict = (
            Verdict(UNKNOWN, INCOMPLETE, lacking)
            if lacking
            else Verdict(UNKNOWN, NO_SUCH_RESOURCE, explanation)
        )
    return replace(
        question.without_snapshot(), verdict=verdict, proof=found.proof, incomplete=bool(gaps)
    )


def can_tell(cached: ResourceAnswer) -> bool:
    """Whether the snapshot's answer suffices: it knows the resource and is fresh."""
    return not cached.proof.too_old and cached.verdict.reason not in (
        NO_SNAPSHOT,
        NO_SUCH_RESOURCE,
        TOO_OLD,
    )
