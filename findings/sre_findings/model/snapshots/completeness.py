"""The completeness check of a snapshot: what was planned, what was read, and whether that is all.

A scan records facts; only :func:`judge` turns them into ``complete`` or ``partial``. The default is
partial: every fact that ``complete`` requires must be present, and removing any one of them gives
``partial``. A property test verifies this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from sre_findings.model.snapshots.cells import SWITCHES, cells_of, unplanned_cells
from sre_findings.model.snapshots.certificate import Certificate
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_completeness import (
    late_findings,
    lowest_counts,
    missing_facts,
)
from sre_findings.model.snapshots.shard_facts import ENDED, ShardFacts
from sre_findings.model.snapshots.states import (
    COMPLETE,
    EXPECTED,
    PARTIAL,
    UNRECONCILED,
    VISIBLE,
)


def judge(plan: Plan, facts: Sequence[ShardFacts]) -> Certificate:
    """The completeness check: compares ``facts`` with ``plan``. The only place that decides it."""
    by_shard = {f.shard: f for f in facts}
    seen = [f for shard in plan.shards if (f := by_shard.get(shard.name)) is not None]
    causes = [
        reason
        for shard in plan.shards
        for reason in missing_facts(plan, shard, by_shard.get(shard.name))
    ]
    causes += [*_expected_regions(plan), *_expected_accounts(plan, seen)]
    return Certificate(
        state=PARTIAL if causes or not plan.shards else COMPLETE,
        claim=_claim(plan, seen),
        causes=tuple(causes) if plan.shards else (Reason("no_plan", "nothing was planned"),),
        warnings=(*plan.notes, *(w for f in seen for w in _warnings(plan, f))),
        cells=dict(
            chain(
                *(
                    cells_of(shard, by_shard.get(shard.name), _accounts_of(plan, shard))
                    for shard in plan.shards
                ),
                unplanned_cells(plan),
            )
        ),
        totals=_totals(seen),
        unknown=_sum(f.unknown for f in seen),
    )


def _claim(plan: Plan, seen: Sequence[ShardFacts]) -> str:
    scope = EXPECTED if plan.expected_accounts else VISIBLE
    unproven = any(_uncounted(plan, facts) and facts.recheck is None for facts in seen)
    return scope + (UNRECONCILED if unproven else "")


def _uncounted(plan: Plan, facts: ShardFacts) -> bool:
    """Whether a listing of ACTIVE findings ended that Inspector's counts cannot confirm."""
    ended = facts.findings is not None and facts.findings.outcome == ENDED
    return ended and plan.counts_active and not facts.aggregated


def _accounts_of(plan: Plan, shard: Shard) -> tuple[str, ...]:
    """The accounts that the plan knows in a shard, whether or not the shard names them."""
    return (*plan.expected_accounts, *plan.known_accounts.get(shard.region, ()))


def _expected_accounts(plan: Plan, seen: Sequence[ShardFacts]) -> Iterator[Reason]:
    """Expected accounts that the status listing did not return, unless the gap is accepted.

    An account must be visible in each required region, or in at least one region if none is
    required.
    """
    if not plan.required_regions:
        yield from _seen_nowhere(plan, seen)
    for facts in seen:
        known = {a.account_id for a in facts.accounts}
        absent = (
            a
            for a in plan.expected_accounts
            if a not in known and not plan.accepts(a, facts.region)
        )
        yield from (
            Reason(
                "not_visible",
                f"account {account} was expected and is not visible",
                facts.region,
                account,
            )
            for account in absent
        )


def _seen_nowhere(plan: Plan, seen: Sequence[ShardFacts]) -> Iterator[Reason]:
    known = {a.account_id for facts in seen for a in facts.accounts}
    for account in plan.expected_accounts:
        if account not in known and not all(plan.excuses(account, facts.region) for facts in seen):
            nowhere = f"account {account} was expected and is visible in no region"
            yield Reason("not_visible", nowhere, account=account)


def _expected_regions(plan: Plan) -> Iterator[Reason]:
    planned = {shard.region for shard in plan.shards}
    absent = (r for r in plan.required_regions if r not in planned and not plan.accepts("*", r))
    unread = "the region was required and not read"
    yield from (Reason("region_unread", unread, region) for region in absent)
    missing = (r for r in plan.unplanned_regions if r not in plan.required_regions)
    earlier = "an earlier snapshot has the region, and this scan did not read it"
    yield from (
        Reason("region_not_planned", earlier, region)
        for region in missing
        if not plan.excuses("*", region)
    )


def _warnings(plan: Plan, facts: ShardFacts) -> Iterator[str]:
    yield from (f"{facts.region}: {note}" for note in facts.notes)
    if _uncounted(plan, facts):
        other = "nor with" if facts.recheck is None else "only with the findings of"
        earlier = "an earlier snapshot" if facts.recheck is None else facts.recheck.snapshot_id
        yield f"{facts.region}: not reconciled with Inspector's own counts, {other} {earlier}"
    if late := late_findings(facts):
        findings = "1 active finding" if late == 1 else f"{late:,} active findings"
        yield f"{facts.region}: the listing lacked {findings}, requested by ARN"
    yield from _strange_switches(facts)
    more = [s for s, n in lowest_counts(facts.aggregated).items() if facts.listed.get(s, n) > n]
    if more:
        yield f"{facts.region}: more findings listed than Inspector counts ({', '.join(more)})"


def _strange_switches(facts: ShardFacts) -> Iterator[str]:
    """Warnings for enabled switches that the product does not know."""
    on = [
        name
        for account in facts.accounts
        for name, state in account.switches.items()
        if state == "ENABLED"
    ]
    for name in sorted(set(on) - set(SWITCHES)):
        count = on.count(name)
        accounts = "1 account" if count == 1 else f"{count:,} accounts"
        yield f"{facts.region}: Inspector scans {name}, unknown to the product, in {accounts}"


def _totals(facts: Sequence[ShardFacts]) -> dict[str, int]:
    listings = [one for f in facts for one in (f.findings, f.coverage, f.status) if one]
    names = ("pages", "empty_pages", "throttles", "retries")
    totals = {name: sum(getattr(one, name) for one in listings) for name in names}
    return totals | {
        "findings": sum(f.findings.items for f in facts if f.findings),
        "distinct": sum(f.distinct for f in facts),
        "duplicates": sum(f.duplicates for f in facts),
        "coverage": sum(f.coverage.items for f in facts if f.coverage),
        "covered": sum(f.covered for f in facts),
        "uncovered": sum(f.uncovered for f in facts),
        "doubtful": sum(f.doubtful for f in facts),
        "proven": sum(f.proven for f in facts),
        "changed_meanwhile": sum(f.changed_meanwhile for f in facts),
    }


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))
