"""Queries Inspector about one resource: its current findings and coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sre_findings.engine.disabled_scans import is_proof
from sre_findings.inspector.listing import FILTER_VALUES, Inspector
from sre_findings.inspector.resource_metadata import covered_use, described, found_use
from sre_findings.inspector.retry import Tally
from sre_findings.inspector.unknown_fields import mark, strange_in
from sre_findings.inspector.wire.coverage import WireCoverage
from sre_findings.inspector.wire.finding_parts import (
    WireResource,
    decode_epss,
    decode_packages,
    decode_resources,
)
from sre_findings.inspector.wire.findings import WireFinding
from sre_findings.live.resource_owners import Key, OwnerTally
from sre_findings.live.single_flight import SingleFlight
from sre_findings.model.access import Access
from sre_findings.model.answers.answer import LIVE, Proof, ResourceAnswer
from sre_findings.model.answers.verdict import NO_SUCH_RESOURCE, NOT_SCANNED, Evidence, decide
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.errors import AccessDenied, UsageError
from sre_findings.model.findings import severity
from sre_findings.model.findings.finding import Finding, is_open
from sre_findings.model.findings.reachability import NOT_REACHABLE, REACHABLE, left_out
from sre_findings.model.findings.reachability import UNKNOWN as NO_WORD
from sre_findings.model.resources.image_use import NOT_TOLD, Use, newest
from sre_findings.model.resources.name_readings import inspectors_id
from sre_findings.model.resources.owners import Owners
from sre_findings.model.resources.resource import Resource, can_be_id, check_id, told
from sre_findings.model.snapshots.cells import cells_of
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_facts import ENDED, Listing, ShardFacts
from sre_findings.model.snapshots.states import COMPLETE, NOT_OPTED_IN, REACHED, Cell
from sre_findings.model.timestamps import moment_of
from sre_findings.questions.resource import Vulnerabilities
from sre_findings.rows.values import packages_of, reachability_of

NOBODY = Owners()
Live = Callable[[Vulnerabilities, ResourceAnswer | None, Access], ResourceAnswer]
Open = Callable[[str], Inspector]
"""Returns Inspector in a region."""


def live(
    open_inspector: Open,
    regions: Callable[[], Sequence[str]],
    now: Callable[[], datetime],
    owners: Owners = NOBODY,
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
        question: Vulnerabilities, cached: ResourceAnswer | None, access: Access
    ) -> ResourceAnswer:
        known = cached.resource if cached and cached.resource.region else None
        text, named = (
            (known.resource_id, known.region) if known else inspectors_id(check_id(question.text))
        )
        if known is None and not can_be_id(text):
            do = "Use its id or ARN, or scan first, so that names can be resolved."
            raise UsageError(f"Inspector cannot be queried by the name {text!r}", do=do)
        region = known.region if known else question.region or named
        where = (region,) if region else tuple(regions())
        asked = [
            _Asked(open_inspector(region), region, text, known, access, owners) for region in where
        ]
        answers = [
            _answer(one, share.ask(one.key, partial(one.listed, now())), question, now())
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


class LiveListing(NamedTuple):
    """Inspector's data about one resource in one region, and the time of the request.

    If Inspector has no data, ``gaps`` are the cells that could not be read, and ``off`` the
    disabled cells.
    """

    as_of: datetime
    findings: Sequence[Finding]
    coverage: Sequence[Coverage]
    gaps: Sequence[tuple[Cell, str]] = ()
    off: Sequence[Cell] = ()
    use: Use = NOT_TOLD


@dataclass(frozen=True, slots=True)
class _Asked:
    """One resource in one region, for one client."""

    inspector: Inspector
    region: str
    text: str
    known: Resource | None
    access: Access
    owners: Owners

    @property
    def key(self) -> tuple[object, ...]:
        """The key that identical requests to Inspector share."""
        return self.region, self.text, self.known and self.known.account_id, self.access

    def listed(self, as_of: datetime) -> LiveListing:
        """Returns Inspector's findings and coverage of the resource.

        Coverage is needed because a resource without findings and without coverage is not
        clean. It also determines the owner of the resource and is therefore read first. If
        it has no tags, the findings determine the owner.

        For a resource outside the access scope reading stops at the first page of findings,
        so that it takes as many calls as an unknown resource.
        """
        tally, whose, uses = Tally(), OwnerTally(self.owners), list[Use]()
        found, coverage = list[tuple[WireFinding, WireResource, str | None]](), list[Coverage]()
        for some in self._accounts():
            for covered in self.inspector.coverage(tally, accounts=some, resourceId=self.text):
                coverage += [_coverage(row, self.region) for row in covered.coveredResources]
                for row in covered.coveredResources:
                    whose.covered(row)
                    uses.append(
                        covered_use(described(row.resourceId, bytes(row.resourceMetadata)).kinds)
                    )
            for page in self.inspector.findings((), tally, accounts=some, resourceId=self.text):
                odd = (
                    (*page.odd.get(place, ()), *strange_in(wire))
                    for place, wire in enumerate(page.findings)
                )
                found += [
                    (wire, self._heard(wire, whose), mark(names))
                    for wire, names in zip(page.findings, odd, strict=True)
                ]
                if not whose.all_of(self.access):
                    break
        if not whose.all_of(self.access) or not (found or coverage):
            return LiveListing(as_of, [], [], *self._switches())
        findings = [
            replace(
                _finding(wire, mine, self.region, whose.of(_key(wire, mine))), not_understood=odd
            )
            for wire, mine, odd in found
        ]
        uses += [found_use(mine.details) for _, mine, _ in found]
        return LiveListing(as_of, sorted(findings, key=_worst_first), coverage, use=newest(uses))

    def _switches(self) -> tuple[list[tuple[Cell, str]], list[Cell]]:
        """Returns why Inspector may not list the resource.

        These are the cells that could not be read, and the disabled cells of its type, in
        the accounts that can contain it.
        """
        like = told(self.text)
        if not self.access.all_accounts and not self.access.accounts:
            return [], []
        account = like.account_id if like else ""
        wanted = (
            ([account] if account else [])
            if self.access.all_accounts
            else sorted(self.access.accounts)
        )
        cells = dict(cells_of(Shard(self.region, self.region), self._statuses(wanted)))
        unread = [
            (cell, state)
            for cell, state in cells.items()
            if cell.scan_type == "*" and state != REACHED
        ]
        off = [cell for cell, state in cells.items() if state == NOT_OPTED_IN and is_proof(cell)]
        return unread, [cell for cell in off if like and cell.resource_type == like.resource_type]

    def _statuses(self, accounts: Sequence[str]) -> ShardFacts:
        """Returns the status of Inspector in these accounts, in the form that a scan records.

        Without accounts, it is the status of the process's own account.
        """
        ended, at = Listing(ENDED), "now"
        facts = ShardFacts(
            self.region,
            self.region,
            at,
            at,
            findings=ended,
            coverage=ended,
            status=ended,
            named=accounts,
        )
        try:
            return replace(facts, accounts=tuple(self.inspector.statuses(accounts, Tally())))
        except AccessDenied:
            return replace(facts, status=Listing("denied"))

    def _heard(self, wire: WireFinding, whose: OwnerTally) -> WireResource:
        """Adds a finding to the tally and returns its resource that was queried."""
        resources = decode_resources(bytes(wire.resources) or b"[]")
        mine = next(
            (r for r in resources if r.id == self.text),
            resources[0] if resources else WireResource(self.text),
        )
        whose.found(wire.awsAccountId or "", mine, wire.updatedAt)
        return mine

    def _accounts(self) -> Iterator[Sequence[str]]:
        """Yields the accounts of each call. An empty list means all accounts.

        Yields nothing if no account is allowed.
        """
        if self.access.all_accounts:
            yield ()
            return
        allowed = [self.known.account_id] if self.known else sorted(self.access.accounts)
        yield from (
            allowed[first : first + FILTER_VALUES]
            for first in range(0, len(allowed), FILTER_VALUES)
        )


def _answer(
    asked: _Asked, listed: LiveListing, question: Vulnerabilities, now: datetime
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
        note = f"live answers list {len(shown)} of {len(chosen)} findings; use -n 0 for all"
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
        filters=filters,
        use=use or None,
    )


def _worst_first(finding: Finding) -> tuple[int, str, float, str, str]:
    """Returns the sort key, with the same order as resource_findings.sql."""
    score = -(finding.inspector_score or -1.0)
    return (
        severity.rank(finding.severity),
        finding.status,
        score,
        finding.vulnerability_id or "",
        finding.finding_arn,
    )


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


def _coverage(row: WireCoverage, region: str) -> Coverage:
    status = row.scanStatus
    return Coverage(
        row.resourceId,
        row.resourceType,
        row.accountId,
        region,
        row.scanType,
        status.statusCode,
        status.reason,
        row.scanMode,
        moment_of(row.lastScannedAt),
    )


def _key(wire: WireFinding, mine: WireResource) -> Key:
    return wire.awsAccountId or "", mine.type, mine.id


def _finding(wire: WireFinding, mine: WireResource, region: str, owner: str | None) -> Finding:
    details = decode_packages(bytes(wire.packageVulnerabilityDetails) or b"{}")
    reached = reachability_of(bytes(details.vulnerablePackages))
    return Finding(
        finding_arn=wire.findingArn,
        vulnerability_id=details.vulnerabilityId,
        severity=wire.severity or "",
        status=wire.status or "",
        type=wire.type or "",
        title=wire.title,
        packages=packages_of(bytes(details.vulnerablePackages)),
        fix_available=wire.fixAvailable,
        exploit_available=wire.exploitAvailable,
        epss_score=decode_epss(bytes(wire.epss)),
        inspector_score=wire.inspectorScore,
        first_observed_at=moment_of(wire.firstObservedAt),
        last_observed_at=moment_of(wire.lastObservedAt),
        resource_id=mine.id,
        resource_type=mine.type,
        resource_name=(mine.tags or {}).get("Name", ""),
        account_id=wire.awsAccountId or "",
        region=region,
        owner=owner,
        reachability=reached.word,
        reachability_reason=reached.reason,
    )


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
        resources=int(bool(found)),
        unchecked=len(active),
    )
