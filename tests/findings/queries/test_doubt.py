"""Only proven resources are clean, even with incomplete listings or unknown values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.answers.verdict import CLEAN, Evidence, Verdict, decide
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.resources.resource import (
    FUNCTION,
    IMAGE,
    INSTANCE,
    MACHINE_IMAGE,
    TYPES,
    Resource,
    told,
)
from sre_findings.model.snapshots.cells import SWITCHES
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import ENDED, AccountStatus, Listing, ShardFacts
from sre_findings.queries.snapshot_answer import gaps_touching

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
REGION, OURS, THEIRS = "eu-west-1", "111122223333", "444455556666"
PLAN = Plan("20261122T010000Z", 1, AS_OF.isoformat(), (), (Shard(REGION, REGION),))
WORDS = st.text(max_size=12)
OUTCOMES = st.one_of(
    st.just(ENDED),
    st.sampled_from(
        [ENDED, ENDED, "throttled", "denied", "unreachable", "rejected", "credentials_invalid"]
    ),
)
LISTINGS = st.one_of(OUTCOMES.map(Listing), OUTCOMES.map(Listing), OUTCOMES.map(Listing), st.none())
STATUSES = st.one_of(
    st.just("ENABLED"), st.sampled_from(["ENABLED", "DISABLED", "SUSPENDED"]), WORDS
)


@st.composite
def nights(draw: st.DrawFn) -> ShardFacts:
    """The facts of a shard about one or two accounts, complete or interrupted."""
    switches = draw(st.dictionaries(st.one_of(st.sampled_from([*SWITCHES]), WORDS), STATUSES))
    accounts = [
        AccountStatus(one, draw(STATUSES), switches)
        for one in draw(st.sampled_from([(), (OURS,), (OURS,), (THEIRS,)]))
    ]
    ended = draw(st.sampled_from(["later", "later", "later", ""]))
    listings: dict[str, Any] = {name: draw(LISTINGS) for name in ("findings", "coverage", "status")}
    named = draw(st.sampled_from([(), (OURS,), (OURS, THEIRS)]))
    return ShardFacts(
        REGION, REGION, "now", ended, accounts=accounts, named=(*named, OURS), **listings
    )


def verdict_of(facts: ShardFacts | None, kind: str) -> Verdict:
    """The verdict on a resource of our account that was scanned an hour ago.

    Computed in every way that the product has.
    """
    scans = ("CODE", "PACKAGE") if kind == "CODE_REPOSITORY" else ("PACKAGE",)
    rows = [
        Coverage(
            "r-1", kind, OURS, REGION, one, "ACTIVE", "SUCCESSFUL", None, AS_OF - timedelta(hours=1)
        )
        for one in scans
    ]
    certificate = judge(PLAN, [facts] if facts else [])
    cells = certificate.incomplete_cells()
    gaps = [Gap(*cell, state) for cell, state in cells]
    touched = gaps_touching(gaps, Resource("r-1", kind, OURS, REGION))
    return decide(Evidence(Rollup(), rows, touched, AS_OF, too_old=False, known=True))


@given(nights(), st.one_of(st.sampled_from(TYPES), WORDS))
def test_an_incomplete_list_or_a_disabled_account_leaves_no_type_clean(
    facts: ShardFacts, kind: str
) -> None:
    listed: Sequence[Any] = (facts.findings, facts.coverage, facts.status)
    whole = facts.ended_at and all(one is not None and one.outcome == "ended" for one in listed)
    on = any(one.account_id == OURS and one.status == "ENABLED" for one in facts.accounts)
    if not whole or not on:
        assert verdict_of(facts, kind).verdict != CLEAN


WHOLE: dict[str, Any] = dict.fromkeys(("findings", "coverage", "status"), Listing(ENDED))


@pytest.mark.parametrize(
    "kind", [INSTANCE, IMAGE, "Microsoft.Compute/virtualMachines", "CODE_REPOSITORY"]
)
def test_what_was_read_whole_is_clean_so_that_the_promise_above_is_no_empty_one(kind: str) -> None:
    facts = ShardFacts(
        REGION,
        REGION,
        "now",
        "later",
        accounts=[AccountStatus(OURS, "ENABLED", {})],
        named=(OURS,),
        **WHOLE,
    )
    assert verdict_of(facts, kind).verdict == CLEAN
    assert verdict_of(None, kind).verdict != CLEAN


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("i-0fedcba9876543210", INSTANCE, ("", "")),
        ("ami-0fedcba9876543210", MACHINE_IMAGE, ("", "")),
        ("sha256:" + "0a" * 32, IMAGE, ("", "")),
        (
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0fedcba9876543210",
            INSTANCE,
            (OURS, REGION),
        ),
        (
            "arn:aws-cn:ecr:cn-north-1:111122223333:repository/a/b/sha256:00",
            IMAGE,
            (OURS, "cn-north-1"),
        ),
        ("arn:aws:lambda:eu-west-1:111122223333:function:pay:$LATEST", FUNCTION, (OURS, REGION)),
    ],
)
def test_an_id_tells_its_type_and_an_arn_where_it_is(
    text: str, kind: str, place: tuple[str, str]
) -> None:
    found = told(text)
    assert found is not None
    assert (found.resource_type, (found.account_id, found.region)) == (kind, place)


@pytest.mark.parametrize(
    "text", ["web-1", "", "arn", "arn:aws:s3:::bucket", "i-12", "10.0.0.1", "shop/api:latest"]
)
def test_a_name_tells_nothing(text: str) -> None:
    assert told(text) is None
