"""The completeness check of a snapshot: what was planned, what was read, and whether that is all.

A scan records facts; only :func:`judge` turns them into ``complete`` or ``partial``. The default is
partial: every fact that ``complete`` requires must be present, and removing any one of them gives
``partial``. A property test verifies this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sre_findings.model.snapshots.partial_reasons import Reason, from_json, texts, to_json
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import ENDED, AccountStatus, Listing, ShardFacts
from sre_findings.model.snapshots.states import (
    COMPLETE,
    DISABLED,
    NOT_OPTED_IN,
    PARTIAL,
    REACHED,
    STATUS_UNKNOWN,
    Cell,
)

__all__ = [
    "COMPLETE",
    "DISABLED",
    "NOT_OPTED_IN",
    "PARTIAL",
    "REACHED",
    "STATUS_UNKNOWN",
    "Cell",
    "Certificate",
    "judge",
]

# The cells, as (resource type, scan type), that each switch of BatchGetAccountStatus controls.
SWITCHES: dict[str, tuple[tuple[str, str], ...]] = {
    "ec2": (("AWS_EC2_INSTANCE", "PACKAGE"), ("AWS_EC2_INSTANCE", "NETWORK")),
    "ecr": (("AWS_ECR_CONTAINER_IMAGE", "PACKAGE"),),
    "lambda": (("AWS_LAMBDA_FUNCTION", "PACKAGE"),),
    "lambdaCode": (("AWS_LAMBDA_FUNCTION", "CODE"),),
    "codeRepository": (("CODE_REPOSITORY", "CODE"),),
    "ami": (("MACHINE_IMAGE", "PACKAGE"),),
}


VISIBLE, EXPECTED = "for all visible accounts", "for all expected accounts"
"""The claims of a complete snapshot."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The result of the completeness check.

    ``causes`` is empty exactly if ``state`` is complete; ``warnings`` do not affect it. ``claim``
    is the scope of completeness: all expected accounts (those of a scope file), or all visible
    accounts.
    """

    state: str
    claim: str
    causes: tuple[Reason, ...]
    warnings: tuple[str, ...]
    cells: Mapping[Cell, str]
    totals: Mapping[str, int]
    unknown: Mapping[str, int]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The causes as sentences."""
        return texts(self.causes)

    def incomplete_cells(self) -> Iterator[tuple[Cell, str]]:
        """Cells whose content is unknown, each with its state.

        NOT_OPTED_IN is not among them, because it is known that nothing is scanned there.
        """
        return (
            (cell, state)
            for cell, state in self.cells.items()
            if state not in (REACHED, NOT_OPTED_IN)
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON for the manifest: cells as rows, and the causes also as sentences."""
        cells = [[*cell, state] for cell, state in sorted(self.cells.items())]
        values = asdict(self)
        del values["causes"]
        return values | {"cells": cells} | to_json(self.causes)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Certificate:
        """The reverse of :meth:`to_json`."""
        cells = {Cell(*row[:4]): row[4] for row in values["cells"]}
        lists = {"causes": from_json(values), "warnings": tuple(values["warnings"])}
        others = {name: value for name, value in values.items() if name != "reasons"}
        return cls(**{**others, "cells": cells, **lists})


def judge(plan: Plan, facts: Sequence[ShardFacts]) -> Certificate:
    """The completeness check: compares ``facts`` with ``plan``. The only place that decides it."""
    by_shard = {f.shard: f for f in facts}
    seen = [f for shard in plan.shards if (f := by_shard.get(shard.name)) is not None]
    causes = [r for shard in plan.shards for r in _missing(plan, shard, by_shard.get(shard.name))]
    causes += [*_expected_regions(plan), *_expected_accounts(plan, seen)]
    return Certificate(
        state=PARTIAL if causes or not plan.shards else COMPLETE,
        claim=EXPECTED if plan.expected_accounts else VISIBLE,
        causes=tuple(causes) if plan.shards else (Reason("no_plan", "nothing was planned"),),
        warnings=(*plan.notes, *(w for f in seen for w in _warnings(plan, f))),
        cells={
            cell: state
            for shard in plan.shards
            for cell, state in cells_of(shard, by_shard.get(shard.name))
        },
        totals=_totals(seen),
        unknown=_sum(f.unknown for f in seen),
    )


def _missing(plan: Plan, shard: Shard, facts: ShardFacts | None) -> Iterator[Reason]:
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
    yield from _unproven(facts)
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
            for account in _without_status(facts)
            if not plan.excuses(account, shard.region)
        )


def _unproven(facts: ShardFacts) -> Iterator[Reason]:
    """Reasons to doubt a shard although its listings ended. Its cells are then ``incomplete``."""
    if not facts.ended_at:
        yield Reason("not_ended", "the shard did not end", facts.region)
    yield from _unsound_parts(facts)
    yield from _fewer_than_aggregated(facts)


def _unsound_parts(facts: ShardFacts) -> Iterator[Reason]:
    region, kept = facts.region, facts.distinct + facts.duplicates
    if facts.findings and kept < facts.findings.items:
        lost = f"{facts.findings.items} findings were listed and {kept} kept"
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


def _rows(facts: ShardFacts, folder: str) -> int:
    return sum(part.rows for part in facts.parts if part.key.startswith(folder))


def _fewer_than_aggregated(facts: ShardFacts) -> Iterator[Reason]:
    """Severities for which Inspector counted more ACTIVE findings than it listed.

    Changes during the scan are allowed for.
    """
    for severity, expected in _floor(facts.aggregated).items():
        listed = facts.listed.get(severity, 0)
        if listed + _drift(facts) < expected:
            fewer = f"{listed:,} of {expected:,} active findings listed ({severity})"
            yield Reason("fewer_than_counted", fewer, facts.region)


def _floor(aggregated: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The lower of Inspector's counts before and after the listing, by severity and ``all``."""
    names = set(aggregated[0]).intersection(*aggregated[1:]) if aggregated else set()
    return {name: min(counts[name] for counts in aggregated) for name in sorted(names)}


def _drift(facts: ShardFacts) -> int:
    """The number of findings that changed during the shard's scan."""
    totals = [counts.get("all", 0) for counts in facts.aggregated]
    return facts.changed_meanwhile + (max(totals) - min(totals) if totals else 0)


def _warnings(plan: Plan, facts: ShardFacts) -> Iterator[str]:
    yield from (f"{facts.region}: {note}" for note in facts.notes)
    if (
        facts.findings
        and facts.findings.outcome == ENDED
        and plan.counts_active
        and not facts.aggregated
    ):
        yield f"{facts.region}: not reconciled with Inspector's own counts"
    yield from _strange_switches(facts)
    more = [s for s, n in _floor(facts.aggregated).items() if facts.listed.get(s, n) > n]
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


def cells_of(shard: Shard, facts: ShardFacts | None) -> Iterator[tuple[Cell, str]]:
    """The state of every cell of a shard, from its listings and Inspector's switches.

    If a listing did not end, everything is unread: all accounts and all resource types, including
    those that are not known. If all ended, ``*`` covers what no known switch controls.
    """
    outcome = _worst_outcome(facts)
    if facts is None or not facts.accounts or outcome != ENDED:
        yield from ((Cell(account, shard.region, "*", "*"), outcome) for account in _named(facts))
        yield Cell("*", shard.region, "*", "*"), "unreachable" if outcome == ENDED else outcome
        return
    for account in facts.accounts:
        for switch, pairs in SWITCHES.items():
            yield from (
                (Cell(account.account_id, shard.region, *pair), _switched(account, switch))
                for pair in pairs
            )
        yield (
            Cell(account.account_id, shard.region, "*", "*"),
            REACHED if account.status == "ENABLED" else DISABLED,
        )
    yield from (
        (Cell(account, shard.region, "*", "*"), STATUS_UNKNOWN)
        for account in _without_status(facts)
    )


def _named(facts: ShardFacts | None) -> list[str]:
    """Every account that a shard's listings name, sorted."""
    return (
        sorted({*facts.named, *(account.account_id for account in facts.accounts)}) if facts else []
    )


def _without_status(facts: ShardFacts) -> list[str]:
    """Accounts in findings, coverage or the member list without a known status."""
    return sorted(set(facts.named) - {account.account_id for account in facts.accounts})


def _worst_outcome(facts: ShardFacts | None) -> str:
    if facts is None:
        return "unreachable"
    listings = (facts.findings, facts.coverage, facts.status)
    failed = (
        one.outcome if one else "unreachable"
        for one in listings
        if one is None or one.outcome != ENDED
    )
    return next(failed, "incomplete" if any(_unproven(facts)) else ENDED)


def _switched(account: AccountStatus, switch: str) -> str:
    if account.status != "ENABLED":
        return DISABLED
    return REACHED if account.switches.get(switch) == "ENABLED" else NOT_OPTED_IN


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
