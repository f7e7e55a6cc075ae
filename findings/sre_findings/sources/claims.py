"""Marks findings that a person has taken. They stay open and counted."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.findings.claim import Claim, ClaimKey
from sre_findings.model.text import Text, phrase
from sre_findings.store.records import claims as kept

if TYPE_CHECKING:  # imported at run time only where it is needed, to start faster
    from collections.abc import Iterable, Sequence

    from sre_findings.model.findings.finding import Finding
    from sre_findings.sources.sources import Sources

FRESH = 1.0
"""Seconds for which the claims of a resource are not read again. Answers in a row are as fast."""
CLAIMS_UNKNOWN = phrase("Who has taken findings is unknown: the table cannot be read")


def with_claims(findings: Sequence[Finding], sources: Sources) -> tuple[Sequence[Finding], bool]:
    """The findings, each with its claim if it has one, and whether claims are known.

    They are not if the table cannot be read. Without claims, the findings are the same list.
    """
    today = sources.now().date()
    try:
        claims = {one.key: one for one in _claims(findings, sources) if one.is_kept(today)}
    except StoreUnreadable:
        return findings, False
    if not claims:
        return findings, True
    return [_marked(one, claims.get(key_of(one)), sources) for one in findings], True


def claim_words(sources: Sources) -> dict[ClaimKey, Text] | None:
    """Who has taken which finding until when, in words; None if the table cannot be read."""
    today = sources.now().date()
    try:
        claims = [one for one in kept.read(sources.stores.table) if one.is_kept(today)]
    except StoreUnreadable:
        return None
    return {one.key: one.words(today) for one in claims}


def key_of(finding: Finding) -> ClaimKey:
    """What a claim of the finding is about."""
    return ClaimKey(
        finding.account_id, finding.region, finding.resource_id, finding.vulnerability_id or ""
    )


def _claims(findings: Sequence[Finding], sources: Sources) -> Iterable[Claim]:
    """The claims of the resource if the findings have only one, and otherwise all."""
    table = sources.stores.table
    places = {(one.account_id, one.region, one.resource_id) for one in findings}
    if len(places) > 1:
        return kept.read(table)
    return [claim for place in places for claim in _of_resource(place, sources)]


def _of_resource(place: tuple[str, str, str], sources: Sources) -> Sequence[Claim]:
    """The claims of a resource, read at most once in FRESH seconds."""
    key, now = (sources.caller.access, place), time.monotonic()
    known = sources.caches.claims.get(key)
    if known and now - known[0] < FRESH:
        return known[1]
    claims = kept.of_resource(sources.stores.table, *place)
    sources.caches.claims.put(key, (now, claims), 1 + len(claims))
    return claims


def forget_claims(sources: Sources) -> None:
    """Lets the next answer read claims again, because this process has changed one."""
    sources.caches.claims.clear()


def _marked(finding: Finding, claim: Claim | None, sources: Sources) -> Finding:
    return replace(finding, claim=claim.mark(sources.now().date())) if claim else finding
