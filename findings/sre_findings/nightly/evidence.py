"""What an auditor needs to trust a night, or to repeat it: facts of its manifest, added up over its
shards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sre_findings.model.snapshots.certificate import NOT_OPTED_IN, REACHED
from sre_findings.sources.sources import Found, Sources
from sre_findings.store.snapshots.keys import records
from sre_findings.store.snapshots.reader import Manifest


@dataclass(frozen=True, slots=True)
class Evidence:
    """``listed`` are the ACTIVE findings that ListFindings gave, ``counted`` those of
    ListFindingAggregations; None where it was not asked. ``cells`` are pairs of account and region:
    those that answered, of all. ``closed`` were read beside.
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
    """The evidence of a snapshot. Raises StoreUnreadable where its manifest is not the one that was
    committed."""
    commit, manifest = found.commit, sources.snapshots.manifest(found.commit)
    totals, shards = manifest.certificate.totals, manifest.shards
    known, answered = _pairs(manifest)
    return Evidence(
        url=f"{sources.snapshots.blobs.url}/{records(commit.snapshot_id, commit.layout)}".rstrip(
            "/"
        ),
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
    """Pairs of account and region, and those of which every cell was reached, or is known to be
    switched off.

    Accounts that are not known count as one where no account of the region is known.
    """
    states: dict[tuple[str, str], set[str]] = {}
    for cell, state in manifest.certificate.cells.items():
        states.setdefault((cell.account_id, cell.region), set()).add(state)
    named = {region for account, region in states if account != "*"}
    states = {pair: some for pair, some in states.items() if pair[0] != "*" or pair[1] not in named}
    return len(states), sum(some <= {REACHED, NOT_OPTED_IN} for some in states.values())
