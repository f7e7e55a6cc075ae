"""One shard: reads everything of one region, and writes it as parts with a record."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace

import numpy as np

from sre_findings.inspector.listing import COUNTED, Inspector
from sre_findings.model.findings.severity import rank
from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_facts import ShardFacts
from sre_scanner.shard.context import ScanContext
from sre_scanner.shard.listings import ShardListings
from sre_scanner.shard.parts import ShardParts, SortedFindings, sort_findings
from sre_scanner.spool.order import Sorted
from sre_scanner.spool.spool import Spool
from sre_scanner.spool.unknown_values import add_bounded, counted_words
from sre_scanner.tables.coverage import CoverageRows


def read_shard(context: ScanContext, shard: Shard, inspector: Inspector) -> ShardFacts:
    """Reads the shard, writes its parts and its record, and returns the record.

    A listing that fails is recorded with its reason, and the other listings continue. Only store
    errors and Interrupted are raised.
    """
    listings, parts = ShardListings(context, shard, inspector), ShardParts(context, shard)
    with closing(Spool(listings.started.timestamp())) as spool, closing(Spool()) as closed:
        facts = listings.read(spool, closed)
        facts = _write_findings(context, facts, spool, listings, parts)
        facts = replace(facts, parts=(*facts.parts, *parts.of_closed(closed)))
    facts = replace(facts, ended_at=context.now().isoformat())
    context.snapshots.write_shard(context.plan.snapshot_id, facts)
    return facts


def _write_findings(
    context: ScanContext,
    facts: ShardFacts,
    spool: Spool,
    listings: ShardListings,
    parts: ShardParts,
) -> ShardFacts:
    """Sorts and writes the findings; returns ``facts`` with their counts and parts.

    What is sorted is in memory until then only, not while closed findings are written.
    """
    findings = sort_findings(spool, context.owners)
    facts = replace(
        facts,
        distinct=len(findings.rows) - findings.where.duplicates,
        duplicates=findings.where.duplicates,
        listed=_listed(spool, findings.where),
        unknown=_unknown(findings, listings.coverage),
    )
    facts = listings.reconciled(facts, findings)
    written = parts.of_findings(findings, listings.coverage)
    return replace(facts, parts=written, doubtful=facts.doubtful + parts.unlisted)


def _unknown(findings: SortedFindings, coverage: CoverageRows) -> dict[str, int]:
    """Returns the counts of fields and values that are not known."""
    spool = findings.spool
    counts: Counter[str] = Counter()
    for some in (spool.unknown, counted_words(spool, findings.rows), coverage.unknown):
        add_bounded(counts, some)
    return dict(counts)


def _listed(spool: Spool, where: Sorted) -> dict[str, int]:
    """Returns the number of ACTIVE findings listed, without duplicates, by severity.

    The severities are those that Inspector counts as well.
    """
    by_kind = np.bincount(where.kind[where.position == 0], minlength=len(spool.kinds))
    kinds = zip(spool.kinds.in_order(), by_kind, strict=True)
    active = [(rank(kind.severity), int(n)) for kind, n in kinds if kind.status == "ACTIVE"]
    counted = {
        name: sum(n for place, n in active if place == i) for i, name in enumerate(COUNTED[1:])
    }
    return {"all": sum(n for _, n in active)} | counted
