"""Queries Inspector about one resource: its current findings and coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sre_findings.inspector.listing import Inspector
from sre_findings.live.resource_listing import ListingRequest, LiveListing
from sre_findings.live.single_flight import SingleFlight
from sre_findings.model.access import Access
from sre_findings.model.answers.answer import LIVE, Proof, ResourceAnswer
from sre_findings.model.answers.verdict import NO_SUCH_RESOURCE, NOT_SCANNED, Evidence, decide
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.errors import UsageError
from sre_findings.model.findings import severity
from sre_findings.model.findings.finding import Finding, is_open, worst_first
from sre_findings.model.findings.reachability import NOT_REACHABLE, REACHABLE, left_out
from sre_findings.model.findings.reachability import UNKNOWN as NO_WORD
from sre_findings.model.resources.name_readings import inspectors_id
from sre_findings.model.resources.owners import Owners
from sre_findings.model.resources.resource import Resource, can_be_id, check_id
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.text import phrase
from sre_findings.questions.resource import Vulnerabilities

NO_OWNERS = Owners()
Known = Callable[[Sequence[Finding]], Sequence[Finding]]
"""Adds to findings what the snapshot knows of their vulnerabilities (KEV, observed exploits)."""
Live = Callable[[Vulnerabilities, ResourceAnswer | None, Access, Known | None], ResourceAnswer]
Open = Callable[[str], Inspector]
"""Returns Inspector in a region."""


def live(
    open_inspector: Open,
    regions: Callable[[], Sequence[str]],
    now: Callable[[], datetime],
    owners: Owners = NO_OWNERS,
    once: SingleFlight[LiveListing] | None = None,
) -> Live:
    """Returns the live source.

    It queries the region of the snapshot, the query, the ARN or the settings, in that order,
    for the accounts within the access scope. The answer for a resource outside the access scope
    is the same as for an unknown resource. With ``once``, concurrent identical requests are
    sent once.
    """
    share = once or SingleFlight(keep=0.0)

    def ask(
        question: Vulnerabilities,
        cached: ResourceAnswer | None,
        access: Access,
        completed: Known | None = None,
    ) -> ResourceAnswer:
        known = cached.resource if cached and cached.resource.region else None
        text, named = (
            (known.resource_id, known.region) if known else inspectors_id(check_id(question.text))
        )
        if known is None and not can_be_id(text):
            do = phrase("Use its id or ARN, or scan first, so that names can be resolved.")
            raise UsageError(phrase("Inspector cannot be queried by the name {!r}", text), do=do)
        region = known.region if known else question.region or named
        where = (region,) if region else tuple(regions())
        asked = [
            ListingRequest(open_inspector(region), region, text, known, access, owners)
            for region in where
        ]
        answers = [
            _answer(
                one,
                _completed(share.ask(one.key, partial(one.listed, now())), completed),
                question,
                now(),
            )
            for one in asked
        ]
        best = max(
            answers,
            key=lambda a: (
                a.total_findings + len(a.coverage),
                a.verdict.reason != NO_SUCH_RESOURCE,
            ),
        )
        off = (
            cached is not None
            and cached.verdict.reason == NOT_SCANNED
            and best.verdict.reason == NO_SUCH_RESOURCE
        )
        return replace(best, verdict=cached.verdict) if cached and off else best

    return ask


def _completed(listed: LiveListing, completed: Known | None) -> LiveListing:
    if completed is None:
        return listed
    return listed._replace(findings=sorted(completed(listed.findings), key=worst_first))


def _answer(
    asked: ListingRequest, listed: LiveListing, question: Vulnerabilities, now: datetime
) -> ResourceAnswer:
    """Returns the answer of one region."""
    as_of, found, coverage, gaps, off, use = listed
    resource = asked.known or _resource(found, coverage, asked.text, asked.region)
    rollup = _rollup(found)
    verdict = decide(
        Evidence(
            rollup,
            coverage,
            gaps,
            as_of,
            too_old=False,
            known=bool(found or coverage),
            until=now,
            off=off,
        )
    )
    wanted = [f for f in found if is_open(f.status) or question.suppressed]
    chosen = [f for f in wanted if not question.severities or f.severity in question.severities]
    if question.reachable:
        words = Counter(f.reachability or NO_WORD for f in chosen)
        verdict = replace(
            verdict, notes=(*verdict.notes, *left_out(words[NO_WORD], words[NOT_REACHABLE]))
        )
        chosen = [f for f in chosen if f.reachability == REACHABLE]
    shown = chosen[: question.count or None]
    if len(chosen) > len(shown):
        note = phrase(
            "live answers list {} of {} findings; use -n 0 for all", len(shown), len(chosen)
        )
        verdict = replace(verdict, notes=(*verdict.notes, note))
    age = max(0, int((now - as_of).total_seconds()))
    proof = Proof(LIVE, None, as_of, age, COMPLETE, "for this resource in Inspector")
    filters = {"reachable": True} if question.reachable else {}
    return ResourceAnswer(
        resource,
        verdict,
        rollup,
        coverage,
        shown,
        len(chosen),
        None,
        proof,
        incomplete=bool(gaps),
        filters=filters,
        use=use or None,
        overdue=_overdue(found),
    )


def _overdue(found: Sequence[Finding]) -> int | None:
    """Returns the number of overdue findings; None if it is not known for any of them."""
    known = [f.overdue for f in found if is_open(f.status)]
    return sum(map(bool, known)) if {*known} != {None} else None


def _resource(
    found: Sequence[Finding], coverage: Sequence[Coverage], text: str, region: str
) -> Resource:
    if found:
        one = found[0]
        return Resource(
            one.resource_id, one.resource_type, one.account_id, region, one.resource_name
        )
    if coverage:
        row = coverage[0]
        return Resource(row.resource_id, row.resource_type, row.account_id, region, row.name)
    return Resource(text, "", "", "")


def _rollup(found: Sequence[Finding]) -> Rollup:
    active = [f for f in found if is_open(f.status)]
    numbers = [
        sum(severity.rank(f.severity) == place for f in active)
        for place in range(severity.OTHER + 1)
    ]
    return Rollup(
        Counts(*numbers),
        suppressed=sum(f.status == "SUPPRESSED" for f in found),
        fixable=sum(f.fix_available in ("YES", "PARTIAL") for f in active),
        exploitable=sum(f.exploit_available == "YES" for f in active),
        kev=sum(f.kev is True for f in active),
        resources=int(bool(found)),
        unchecked=sum(f.kev is None for f in active),
    )
