"""The cells of a snapshot, and the state of each: from the listings and Inspector's switches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_completeness import doubts
from sre_findings.model.snapshots.shard_facts import ENDED, AccountStatus, ShardFacts
from sre_findings.model.snapshots.states import (
    DISABLED,
    NOT_OPTED_IN,
    NOT_PLANNED,
    REACHED,
    STATUS_UNKNOWN,
    Cell,
)

# The cells, as (resource type, scan type), that each switch of BatchGetAccountStatus controls.
SWITCHES: dict[str, tuple[tuple[str, str], ...]] = {
    "ec2": (("AWS_EC2_INSTANCE", "PACKAGE"), ("AWS_EC2_INSTANCE", "NETWORK")),
    "ecr": (("AWS_ECR_CONTAINER_IMAGE", "PACKAGE"),),
    "lambda": (("AWS_LAMBDA_FUNCTION", "PACKAGE"),),
    "lambdaCode": (("AWS_LAMBDA_FUNCTION", "CODE"),),
    "codeRepository": (("CODE_REPOSITORY", "CODE"),),
    "ami": (("MACHINE_IMAGE", "PACKAGE"),),
}


def cells_of(
    shard: Shard, facts: ShardFacts | None, expected: Sequence[str] = ()
) -> Iterator[tuple[Cell, str]]:
    """The state of every cell of a shard, from its listings and Inspector's switches.

    If a listing did not end, everything is unread: all accounts and all resource types, including
    those that are not known. If all ended, ``*`` covers what no known switch controls. Every
    account that the shard names and every ``expected`` one has a cell.
    """
    outcome = _worst_outcome(facts)
    accounts = facts.accounts if facts else ()
    unknown = STATUS_UNKNOWN if outcome == ENDED else outcome
    if outcome != ENDED or not accounts:
        yield from (
            (Cell(account, shard.region, "*", "*"), unknown)
            for account in sorted({*_named(facts), *expected})
        )
        yield Cell("*", shard.region, "*", "*"), "unreachable" if outcome == ENDED else outcome
        return
    for account in accounts:
        yield from cells_of_account(account, shard.region)
    yield from (
        (Cell(account, shard.region, "*", "*"), STATUS_UNKNOWN)
        for account in sorted({*_named(facts), *expected} - {one.account_id for one in accounts})
    )


def cells_of_account(account: AccountStatus, region: str) -> Iterator[tuple[Cell, str]]:
    """The state of each cell of an account, from its switches."""
    for switch, pairs in SWITCHES.items():
        yield from (
            (Cell(account.account_id, region, *pair), _switched(account, switch)) for pair in pairs
        )
    rest = REACHED if account.status == "ENABLED" else DISABLED
    yield Cell(account.account_id, region, "*", "*"), rest


def unplanned_cells(plan: Plan) -> Iterator[tuple[Cell, str]]:
    """The cells of regions that the plan should contain: those required, and those known before."""
    regions = {*plan.unplanned_regions, *plan.required_regions}
    planned = {shard.region for shard in plan.shards}
    return ((Cell("*", one, "*", "*"), NOT_PLANNED) for one in sorted(regions - planned))


def _named(facts: ShardFacts | None) -> set[str]:
    """Every account that a shard's record names."""
    return {*facts.named, *(account.account_id for account in facts.accounts)} if facts else set()


def _worst_outcome(facts: ShardFacts | None) -> str:
    if facts is None:
        return "unreachable"
    listings = (facts.findings, facts.coverage, facts.status)
    failed = (
        one.outcome if one else "unreachable"
        for one in listings
        if one is None or one.outcome != ENDED
    )
    return next(failed, "incomplete" if any(doubts(facts)) else ENDED)


def _switched(account: AccountStatus, switch: str) -> str:
    if account.status != "ENABLED":
        return DISABLED
    return REACHED if account.switches.get(switch) == "ENABLED" else NOT_OPTED_IN
