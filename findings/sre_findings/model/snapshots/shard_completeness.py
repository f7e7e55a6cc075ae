"""The completeness check of one shard: the facts that are missing, and the doubts about others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import ENDED, Listing, ShardFacts, Shortage


def missing_facts(plan: Plan, shard: Shard, facts: ShardFacts | None) -> Iterator[Reason]:
    """Why this shard is not complete: one reason per missing fact."""
    if facts is None:
        yield Reason("no_record", f"shard {shard.name} has no record", shard.region)
        return
    for name in ("findings", "coverage", "status"):
        listing: Listing | None = getattr(facts, name)
        if listing is None:
            yield Reason("not_listed", f"{name} were not listed", shard.region)
        elif listing.outcome != ENDED:
            failed = f"{name} {listing.outcome}"
            yield Reason("not_ended", failed, shard.region, detail=listing.detail)
    if not facts.accounts:
        yield Reason("no_status", "no account's status is known", shard.region)
    yield from doubts(facts)
    yield from (
        Reason(
            "switched_off",
            f"Inspector is {a.status.lower()} in account {a.account_id}",
            shard.region,
            a.account_id,
        )
        for a in facts.accounts
        if a.status != "ENABLED" and not plan.accepts(a.account_id, shard.region)
    )
    if facts.accounts and facts.status and facts.status.outcome == ENDED:
        yield from (
            Reason(
                "status_unknown",
                f"whether Inspector is on in account {account} is not known",
                shard.region,
                account,
            )
            for account in without_status(facts)
            if not plan.excuses(account, shard.region)
        )


def doubts(facts: ShardFacts) -> Iterator[Reason]:
    """Reasons to doubt a shard although its listings ended. Its cells are then ``incomplete``."""
    if not facts.ended_at:
        yield Reason("not_ended", "the shard did not end", facts.region)
    yield from _unsound_parts(facts)
    yield from _unchecked(facts)
    yield from (
        Reason(
            "changes_unread",
            f"findings {what} during the scan: {one.outcome}",
            facts.region,
            detail=one.detail,
        )
        for what, one in (("changed", facts.changed), ("closed", facts.ended))
        if one is not None and one.outcome != ENDED
    )
    yield from _fewer_than_aggregated(facts)


def _unsound_parts(facts: ShardFacts) -> Iterator[Reason]:
    region, kept = facts.region, facts.distinct + facts.duplicates
    if facts.findings and kept < (items := facts.findings.items + _later(facts)):
        lost = f"{items} findings were listed and {kept} kept"
        yield Reason("findings_lost", lost, region)
    if _rows(facts, "findings/") < facts.distinct:
        all_of = "them all" if _rows(facts, "findings/") else "them"
        yield Reason("part_missing", f"findings were listed but no part holds {all_of}", region)
    if facts.distinct and not _rows(facts, "resources/"):
        uncounted = "findings were listed but no part counts them by resource"
        yield Reason("part_missing", uncounted, region)
    if facts.coverage and _rows(facts, "coverage/") < facts.coverage.items:
        yield Reason("part_missing", "coverage was listed but no part holds it all", region)
    yield from (
        Reason("no_checksum", f"{p.key} has no SHA-256", region)
        for p in facts.parts
        if len(p.sha256) != 64
    )


def _later(facts: ShardFacts) -> int:
    """The number of findings that were read after the listing."""
    return late_findings(facts) + (facts.changed.items if facts.changed else 0)


def late_findings(facts: ShardFacts) -> int:
    """The number of findings that the listing did not have and Inspector returned by ARN."""
    return facts.recheck.listing.items if facts.recheck else 0


def _unchecked(facts: ShardFacts) -> Iterator[Reason]:
    """Findings of an earlier snapshot that are absent, without an answer from Inspector."""
    again = facts.recheck
    if again is None:
        return
    if again.listing.outcome != ENDED:
        absent = _findings(again.absent)
        statement = f"{absent} of an earlier snapshot not listed, and not requested by ARN"
        detail = " ".join(filter(None, (again.listing.outcome, again.listing.detail)))
        yield Reason("absent_unchecked", statement, facts.region, detail=detail)
    elif again.unasked and not _counted_exactly(facts):
        many = f"{_findings(again.absent)} of an earlier snapshot not listed"
        yield Reason(
            "absent_unchecked", f"{many}, too many to request them all by ARN", facts.region
        )


def _findings(count: int) -> str:
    return "1 finding" if count == 1 else f"{count:,} findings"


def _counted_exactly(facts: ShardFacts) -> bool:
    """Whether no fewer findings were listed than Inspector counted at any time, without drift."""
    return bool(facts.aggregated) and all(
        facts.listed.get(name, 0) >= number
        for counts in facts.aggregated
        for name, number in counts.items()
    )


def _rows(facts: ShardFacts, folder: str) -> int:
    return sum(part.rows for part in facts.parts if part.key.startswith(folder))


def _fewer_than_aggregated(facts: ShardFacts) -> Iterator[Reason]:
    """Groups of which Inspector counted more ACTIVE findings than are known, at either time."""
    totals = [*_short_totals(facts)]
    yield from (_fewer(facts, *one) for one in totals)
    if not totals:
        yield from (
            _fewer(facts, one.severity, one.known, one.counted, _place(one)) for one in facts.short
        )


def _short_totals(facts: ShardFacts) -> Iterator[tuple[str, int, int]]:
    """The largest shortage of each severity, as name, known and counted."""
    nothing: Mapping[str, int] = {}
    worst: dict[str, tuple[int, int]] = {}
    for counts, known in zip_longest(facts.aggregated, facts.known, fillvalue=nothing):
        for name, counted in counts.items():
            pair = known.get(name, 0), counted
            before = worst.setdefault(name, pair)
            worst[name] = max(before, pair, key=lambda one: one[1] - one[0])
    for name, (seen, counted) in sorted(worst.items()):
        if seen < counted:
            yield name, seen, counted


def _fewer(facts: ShardFacts, severity: str, known: int, counted: int, place: str = "") -> Reason:
    fewer = f"{known:,} of {counted:,} active findings listed ({severity})"
    return Reason("fewer_than_counted", fewer, facts.region, detail=place)


def _place(one: Shortage) -> str:
    """The account and type; not in the statement, because not every reader may see them."""
    return " ".join(filter(None, (f"account {one.account_id}", one.resource_type)))


def lowest_counts(aggregated: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The lower of Inspector's counts before and after the listing, by severity and ``all``."""
    names = set(aggregated[0]).intersection(*aggregated[1:]) if aggregated else set()
    return {name: min(counts[name] for counts in aggregated) for name in sorted(names)}


def without_status(facts: ShardFacts) -> list[str]:
    """Accounts that the shard names, without a known status."""
    return sorted(set(facts.named) - {account.account_id for account in facts.accounts})
