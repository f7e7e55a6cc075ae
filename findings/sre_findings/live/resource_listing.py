"""What Inspector lists about one resource in one region."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sre_findings.engine.disabled_scans import is_proof
from sre_findings.inspector.listing import FILTER_VALUES, Inspector
from sre_findings.inspector.resource_metadata import covered_use, described, found_use
from sre_findings.inspector.retry import Tally
from sre_findings.inspector.unknown_fields import mark, strange_in
from sre_findings.inspector.wire.finding_parts import (
    WireResource,
    decode_resources,
)
from sre_findings.inspector.wire.findings import WireFinding
from sre_findings.live import account_status
from sre_findings.live.conversion import coverage_of, finding_of, key_of
from sre_findings.live.resource_owners import OwnerTally
from sre_findings.model.access import Access
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding, worst_first
from sre_findings.model.resources.image_use import UNREPORTED, Use, newest
from sre_findings.model.resources.owners import Owners
from sre_findings.model.resources.resource import Resource, told
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.states import NOT_OPTED_IN, Cell


class LiveListing(NamedTuple):
    """Inspector's data about one resource in one region, and the time of the request.

    ``gaps`` are the cells that could not be read. If Inspector has no data, ``off`` are the
    disabled cells.
    """

    as_of: datetime
    findings: Sequence[Finding]
    coverage: Sequence[Coverage]
    gaps: Sequence[Gap] = ()
    off: Sequence[Cell] = ()
    use: Use = UNREPORTED


Listed = tuple[WireFinding, WireResource, str | None]
"""A finding, its resource that was queried, and what of it was not understood."""


def latest_of_each(found: Iterable[Listed]) -> list[Listed]:
    """Returns each finding once, by the rule of a scan.

    A finding that changes while it is listed can come on two pages. Of findings with the same
    ARN, the one with the latest ``updatedAt`` is kept, or the later arrival.
    """
    newest: dict[str, Listed] = {}
    for one in found:
        arn = one[0].findingArn
        if arn not in newest or _updated(one) >= _updated(newest[arn]):
            newest[arn] = one
    return list(newest.values())


def _updated(one: Listed) -> float:
    """Returns the time of the last update, or minus infinity if there is none."""
    return -math.inf if one[0].updatedAt is None else one[0].updatedAt


@dataclass(frozen=True, slots=True)
class ListingRequest:
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
        tally, owners_tally, uses = Tally(), OwnerTally(self.owners), list[Use]()
        found, coverage = list[Listed](), list[Coverage]()
        for some in self._accounts():
            for covered in self.inspector.coverage(tally, accounts=some, resourceId=self.text):
                coverage += [coverage_of(row, self.region) for row in covered.coveredResources]
                for row in covered.coveredResources:
                    owners_tally.covered(row)
                    uses.append(
                        covered_use(described(row.resourceId, bytes(row.resourceMetadata)).kinds)
                    )
            for page in self.inspector.findings((), tally, accounts=some, resourceId=self.text):
                odd = (
                    (*page.odd.get(place, ()), *strange_in(wire))
                    for place, wire in enumerate(page.findings)
                )
                found += [
                    (wire, self._observe(wire, owners_tally), mark(names))
                    for wire, names in zip(page.findings, odd, strict=True)
                ]
                if not owners_tally.all_of(self.access):
                    break
        if not owners_tally.all_of(self.access) or not (found or coverage):
            return LiveListing(as_of, [], [], *self._switches())
        kept = latest_of_each(found)
        findings = [
            replace(
                finding_of(wire, mine, self.region, owners_tally.of(key_of(wire, mine))),
                not_understood=odd,
            )
            for wire, mine, odd in kept
        ]
        uses += [found_use(mine.details) for _, mine, _ in kept]
        gaps, coverage = self._switched(coverage)
        return LiveListing(
            as_of, sorted(findings, key=worst_first), coverage, gaps, use=newest(uses)
        )

    def _switched(self, coverage: list[Coverage]) -> tuple[Sequence[Gap], list[Coverage]]:
        """Returns the cells that could not be read, and the rows with those that are off marked.

        Inspector can list a scan as ACTIVE although its type is switched off.
        """
        accounts = sorted({row.account_id for row in coverage if row.active})
        if not accounts:
            return (), coverage
        cells = account_status.cells(self.inspector, self.region, accounts)
        return account_status.unread(cells), [account_status.marked(row, cells) for row in coverage]

    def _switches(self) -> tuple[list[Gap], list[Cell]]:
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
        cells = account_status.cells(self.inspector, self.region, wanted)
        off = [cell for cell, state in cells.items() if state == NOT_OPTED_IN and is_proof(cell)]
        return account_status.unread(cells), [
            cell for cell in off if like and cell.resource_type == like.resource_type
        ]

    def _observe(self, wire: WireFinding, owners_tally: OwnerTally) -> WireResource:
        """Adds a finding to the tally and returns its resource that was queried."""
        resources = decode_resources(bytes(wire.resources) or b"[]")
        mine = next(
            (r for r in resources if r.id == self.text),
            resources[0] if resources else WireResource(self.text),
        )
        owners_tally.found(wire.awsAccountId or "", mine, wire.updatedAt)
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
