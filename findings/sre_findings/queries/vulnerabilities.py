"""The findings and the verdict of one resource, from the snapshot or live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sre_findings.model.access import Access
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.errors import SreError, UsageError
from sre_findings.model.resources.resource import Resource, check_id, check_text
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import day_of
from sre_findings.queries import snapshot_answer
from sre_findings.queries.live_fallback import without_inspector
from sre_findings.questions.resource import CACHED, LIVE, Vulnerabilities
from sre_findings.rows.values import in_kev
from sre_findings.sources.claims import CLAIMS_UNKNOWN, with_claims
from sre_findings.sources.deadlines import deadlines
from sre_findings.sources.older_snapshots import for_reachability
from sre_findings.sources.sources import Found, Sources, find_any

if TYPE_CHECKING:  # imported at run time only where it is needed, to start faster
    from sre_findings.model.findings.finding import Finding
    from sre_findings.model.resources.aws_context import Context


def vulnerabilities(question: Vulnerabilities, sources: Sources) -> ResourceAnswer:
    """The findings and the verdict of one resource.

    The answer comes from the snapshot if that suffices, and otherwise, or if requested, from
    Inspector. If Inspector fails, the snapshot's answer is returned, marked as stale (see
    ``stale``). If requested, context is added to either answer.
    """
    answer = _with_claims(_about(question, sources), sources)
    return (
        replace(answer, context=_context(question, answer.resource, sources))
        if question.context
        else answer
    )


def _with_claims(answer: ResourceAnswer, sources: Sources) -> ResourceAnswer:
    """The answer with the current claims of its findings."""
    if not answer.findings:
        return answer
    findings, known = with_claims(answer.findings, sources)
    if known:
        return answer if findings is answer.findings else replace(answer, findings=findings)
    verdict = replace(answer.verdict, notes=(*answer.verdict.notes, CLAIMS_UNKNOWN))
    return replace(answer, verdict=verdict, claims_known=False)


def _about(question: Vulnerabilities, sources: Sources) -> ResourceAnswer:
    check_text(question.text)
    if question.region:
        from sre_findings.inspector.regions import check_region, known_regions

        check_region(question.region, known_regions())
    found = find_any(sources, question.as_of)
    found = for_reachability(found, question.reachable) if found else None
    if found is None:
        check_id(question.text)
    cached = _cached(question, found, sources) if found else None
    if not _wants_live(question, cached, sources):
        return cached or question.without_snapshot()
    try:
        ask = sources.live.inspector or _no_live
        known = partial(_with_exploits, found) if found else None
        return ask(question, cached, sources.caller.access, known)
    except SreError as error:
        return without_inspector(question, cached, error, sources)


def _with_exploits(found: Found, findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings with what the snapshot knows of their vulnerabilities, and their due dates.

    ``kev`` stays None for a vulnerability that the snapshot does not contain or did not check.
    """
    wanted = sorted({one.vulnerability_id for one in findings if one.vulnerability_id})
    rows = found.engine.rows("known_exploits", vulnerabilities=wanted) if wanted else []
    known = {row["vulnerability_id"]: row for row in rows}
    due = deadlines(found, None, [one.finding_arn for one in findings])
    return [
        due.completed(
            replace(
                one,
                kev=in_kev({"type": one.type, **row}),
                kev_due=day_of(row.get("kev_due")),
                exploit_observed=day_of(row.get("exploit_seen")),
            )
        )
        for one in findings
        for row in [known.get(one.vulnerability_id or "", {})]
    ]


def _cached(question: Vulnerabilities, found: Found, sources: Sources) -> ResourceAnswer:
    """The snapshot's answer; an answer from the cache gets the current proof."""
    plain = replace(
        question, source=CACHED, context=False, severities=tuple(question.severities), region=None
    )
    key = (
        sources.caller.access,
        found.commit.snapshot_id,
        found.proof.not_fresh,
        sources.now().date(),
        plain,
    )
    answer = sources.caches.answers.get(key)
    if answer is None:
        answer = snapshot_answer.answer(question, found, sources)
        sources.caches.answers.put(key, answer, 1 + len(answer.findings))
    return replace(answer, proof=found.proof)


def _wants_live(question: Vulnerabilities, cached: ResourceAnswer | None, sources: Sources) -> bool:
    if question.source == CACHED or (question.as_of and question.source != LIVE) or question.cursor:
        return False
    return question.source == LIVE or (
        sources.live.inspector is not None
        and (cached is None or not snapshot_answer.can_tell(cached))
    )


def _no_live(
    _question: Vulnerabilities, _cached: ResourceAnswer | None, _access: Access, _known: object
) -> ResourceAnswer:
    do = phrase("Ask the snapshot instead: leave out live.")
    raise UsageError(phrase("Inspector cannot be queried from here"), do=do)


def _context(question: Vulnerabilities, resource: Resource, sources: Sources) -> Context:
    """The current context of the resource in AWS.

    With restricted access, it covers only accounts that the caller may see, and only resources that
    the answer identified.
    """
    from sre_findings.model.resources.aws_context import Context, Note

    if not sources.caller.access.everything and not resource.account_id:
        return Context(
            remarks=(Note("context is available only for resources with findings or coverage"),)
        )
    context = (sources.live.context or _no_context)(question, resource)
    if context.account_id and not sources.caller.access.allows_account(context.account_id):
        return Context(
            remarks=(Note("context is available only for instances of the caller's own account"),)
        )
    if not sources.caller.access.all_accounts:
        context = context.within(sources.caller.access.allows_account)
    return context if sources.caller.aside is None else _outward(context, sources.caller.aside)


def _outward(context: Context, aside: Callable[[str], None]) -> Context:
    """The context without the full text of service errors, which goes to ``aside``."""
    for note in context.unchecked:
        if note.detail:
            aside(note.text)
    return context.outward()


def _no_context(_question: Vulnerabilities, _resource: Resource) -> Context:
    from sre_findings.model.resources.aws_context import Context, Note

    return Context(remarks=(Note("context from AWS is not available here"),))
