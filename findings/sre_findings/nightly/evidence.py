"""Evidence of a snapshot for auditors: facts of its manifest, summed over its shards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sre_findings.model.snapshots.states import NOT_OPTED_IN, REACHED
from sre_findings.sources.sources import Found, Sources
from sre_findings.store.snapshots.keys import records
from sre_findings.store.snapshots.reader import Manifest


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an auditor needs to trust a snapshot or to repeat the scan.

    ``listed`` is the number of ACTIVE findings from ListFindings, ``counted`` the number from
    ListFindingAggregations, or None if that was not requested. ``cells`` is the number of
    account/region pairs, ``answered`` the number of them that were read. ``closed`` is the number
    of closed findings, which were read separately.
    """

    url: str
    manifest_sha256: str
    started_at: datetime
    ended_at: datetime
    statuses: tuple[str, ...]
    regions: tuple[str, ...]
    accounts: int
    pages: int
    retries: int
    throttles: int
    duplicates: int
    changed_meanwhile: int
    listed: int
    counted: int | None
    closed: int
    parts: int
    answered: int
    cells: int
    warnings: tuple[str, ...]


def evidence_of(found: Found, sources: Sources) -> Evidence:
    """The evidence of a snapshot.

    Raises StoreUnreadable if its manifest is not the one that was committed.
    """
    commit, snapshots = found.commit, sources.stores.snapshots
    manifest = snapshots.manifest(commit)
    totals, shards = manifest.certificate.totals, manifest.shards
    known, answered = _pairs(manifest)
    return Evidence(
        url=f"{snapshots.blobs.url}/{records(commit.snapshot_id, commit.layout)}".rstrip("/"),
        manifest_sha256=commit.manifest_sha256,
        started_at=commit.started_at,
        ended_at=commit.ended_at,
        statuses=tuple(manifest.plan.statuses),
        regions=tuple(sorted({shard.region for shard in manifest.plan.shards})),
        accounts=len({account.account_id for facts in shards for account in facts.accounts}),
        pages=totals["pages"],
        retries=totals["retries"],
        throttles=totals["throttles"],
        duplicates=totals["duplicates"],
        changed_meanwhile=totals["changed_meanwhile"],
        listed=sum(facts.listed.get("all", 0) for facts in shards),
        counted=sum(facts.aggregated[-1].get("all", 0) for facts in shards)
        if all(f.aggregated for f in shards)
        else None,
        closed=sum(facts.closed.items for facts in shards if facts.closed),
        parts=len(tuple(manifest.parts)),
        answered=answered,
        cells=known,
        warnings=manifest.certificate.warnings,
    )


def _pairs(manifest: Manifest) -> tuple[int, int]:
    """The number of account/region pairs, and of those that were read.

    A pair was read if each of its cells was reached or Inspector is not enabled there. The unknown
    accounts of a region (``*``) count as one pair, but only if no account of the region is known.
    """
    states: dict[tuple[str, str], set[str]] = {}
    for cell, state in manifest.certificate.cells.items():
        states.setdefault((cell.account_id, cell.region), set()).add(state)
    named = {region for account, region in states if account != "*"}
    states = {pair: some for pair, some in states.items() if pair[0] != "*" or pair[1] not in named}
    return len(states), sum(some <= {REACHED, NOT_OPTED_IN} for some in states.values())
