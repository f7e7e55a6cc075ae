"""The reasons of a partial snapshot name only accounts in the client's access scope."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.access import ALL, Access
from sre_findings.model.snapshots.certificate import Certificate
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.partial_reasons import (
    UNKNOWN,
    Reason,
    from_json,
    to_json,
    visible,
)
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import AccountStatus, Listing, ShardFacts

ACCOUNTS = ("111122223333", "444455556666", "777788889999", "000011112222")
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
_ACCOUNT = re.compile(r"[0-9]{12}")

statuses = st.builds(
    AccountStatus, st.sampled_from(ACCOUNTS), st.sampled_from(("ENABLED", "DISABLED")), st.just({})
)
details = st.sampled_from(ACCOUNTS).map(lambda one: f"User: arn:aws:iam::{one}:role/scan: denied")
listings = st.none() | st.builds(
    Listing, st.sampled_from(("ended", "denied", "throttled")), details, items=st.integers(0, 9)
)
shards = st.builds(
    ShardFacts,
    shard=st.sampled_from(REGIONS),
    region=st.just(""),
    started_at=st.just("2026-11-22T01:00:00+00:00"),
    ended_at=st.sampled_from(("", "2026-11-22T01:05:00+00:00")),
    findings=listings,
    coverage=listings,
    status=listings,
    accounts=st.lists(statuses, max_size=3, unique_by=lambda one: one.account_id),
    named=st.lists(st.sampled_from(ACCOUNTS), max_size=3),
    distinct=st.integers(0, 9),
    aggregated=st.just(({"all": 2_229, "critical": 12},)),
).map(lambda facts: replace(facts, region=facts.shard))
plans = st.builds(
    Plan,
    st.just("20261122T010000Z"),
    st.just(1),
    st.just("2026-11-22T01:00:00+00:00"),
    st.just(("ACTIVE",)),
    st.just(tuple(Shard(region, region) for region in REGIONS)),
    expected_accounts=st.lists(st.sampled_from(ACCOUNTS), unique=True).map(tuple),
    required_regions=st.sampled_from(((), REGIONS, ("eu-north-1",))),
)
certificates = st.builds(
    judge, plans, st.lists(shards, max_size=3, unique_by=lambda facts: facts.shard)
)
accesses = st.sets(st.sampled_from(ACCOUNTS)).map(
    lambda some: Access(frozenset(some), frozenset({ALL}))
)


@given(certificates)
def test_a_statement_names_no_account_but_the_one_in_its_field(certificate: Certificate) -> None:
    for one in certificate.causes:
        assert set(_ACCOUNT.findall(one.statement)) <= {one.account}, one
        assert set(_ACCOUNT.findall(one.region)) == set(), one


@given(certificates, accesses)
def test_a_limited_caller_reads_of_no_account_that_is_not_theirs(
    certificate: Certificate, access: Access
) -> None:
    for one in visible(certificate.causes, access):
        assert all(map(access.allows_account, _ACCOUNT.findall(repr(one)))), one
        assert one.account or not re.search(r"\d{2,}", one.statement), one


@given(certificates, accesses)
def test_old_sentences_give_a_limited_caller_nothing_but_that_it_is_partial(
    certificate: Certificate, access: Access
) -> None:
    old = from_json({"reasons": list(certificate.reasons)})
    assert all(one.kind == UNKNOWN for one in old)
    seen = visible(old, access)
    assert bool(seen) == bool(old)
    assert not any(_ACCOUNT.search(repr(one)) for one in seen)


@given(certificates)
def test_reasons_come_back_from_their_json(certificate: Certificate) -> None:
    assert from_json(to_json(certificate.causes)) == certificate.causes
    assert Certificate.from_json(certificate.to_json()) == certificate


def test_a_text_has_region_statement_and_detail() -> None:
    reason = Reason("not_ended", "findings denied", "eu-west-1", detail="AWS denied it")
    assert reason.text == str(reason) == "eu-west-1: findings denied (AWS denied it)"
    assert Reason("no_plan", "nothing was planned").text == "nothing was planned"
