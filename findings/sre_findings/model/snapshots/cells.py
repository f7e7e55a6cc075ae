"""The cells of a snapshot, and the state of each: from the listings and Inspector's switches."""

from __future__ import annotations

from collections.abc import Iterator

from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_completeness import doubts, without_status
from sre_findings.model.snapshots.shard_facts import ENDED, AccountStatus, ShardFacts
from sre_findings.model.snapshots.states import (
    DISABLED,
    NOT_OPTED_IN,
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
        (Cell(account, shard.region, "*", "*"), STATUS_UNKNOWN) for account in without_status(facts)
    )


def _named(facts: ShardFacts | None) -> list[str]:
    """Every account that a shard's listings name, sorted."""
    return (
        sorted({*facts.named, *(account.account_id for account in facts.accounts)}) if facts else []
    )


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
