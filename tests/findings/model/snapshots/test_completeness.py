"""A snapshot is complete only by proof: without any one fact it is partial, with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.snapshots.cells import SWITCHES, cells_of
from sre_findings.model.snapshots.certificate import Certificate
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.scan_plan import AcceptedGap, Plan, Shard
from sre_findings.model.snapshots.shard_facts import (
    AccountStatus,
    Listing,
    Part,
    Recheck,
    ShardFacts,
    Shortage,
)
from sre_findings.model.snapshots.states import COMPLETE, PARTIAL, Cell

SHA = "ab" * 32
ALL_ON = dict.fromkeys(SWITCHES, "ENABLED")
OUTCOMES = ("denied", "credentials_invalid", "throttled", "unreachable", "rejected")


def account(
    account_id: str = "111122223333", status: str = "ENABLED", **switches: str
) -> AccountStatus:
    return AccountStatus(account_id, status, {**ALL_ON, **switches})


def facts_of(region: str, count: int = 5, rows: int = 3, /, **changes: Any) -> ShardFacts:
    """The recorded facts of a successful shard."""
    parts = [
        Part(f"findings/part-{region}-{n}.parquet", some, 1000, SHA)
        for n, some in enumerate(_split(count))
    ]
    if rows:
        parts.append(Part(f"coverage/part-{region}.parquet", rows, 500, SHA))
    whole = ShardFacts(
        shard=region,
        region=region,
        started_at="2026-11-22T01:00:00+00:00",
        ended_at="2026-11-22T01:05:00+00:00",
        findings=Listing("ended", pages=2, items=count),
        coverage=Listing("ended", pages=1, items=rows),
        status=Listing("ended", pages=1, items=1),
        accounts=(account(),),
        parts=(*parts, Part(f"resources/part-{region}.parquet", min(count, 2), 300, SHA)),
        distinct=count,
        listed={"all": count, "critical": 0, "high": count, "medium": 0},
        aggregated=({"all": count, "high": count}, {"all": count, "high": count}),
        known=({"all": count, "high": count}, {"all": count, "high": count}),
    )
    return replace(whole, **changes)


def _split(findings: int) -> list[int]:
    """The rows of each part: two parts, or one if there are too few findings."""
    return [findings // 2, findings - findings // 2] if findings > 1 else [findings]


def plan_of(regions: Sequence[str] = ("eu-west-1",), **changes: Any) -> Plan:
    plan = Plan(
        snapshot_id="20261122T010000Z",
        sequence=7,
        created_at="2026-11-22T01:00:00+00:00",
        statuses=("ACTIVE", "SUPPRESSED"),
        shards=tuple(Shard(region, region) for region in regions),
    )
    return replace(plan, **changes)


REGIONS = ("eu-west-1", "us-east-1", "ap-south-2")
STRICT = {"required_regions": REGIONS, "expected_accounts": ("111122223333", "444455556666")}
BOTH = (account(), account("444455556666"))


@st.composite
def scans(draw: st.DrawFn) -> tuple[Plan, list[ShardFacts]]:
    """A plan and facts that prove it complete."""
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, unique=True))
    strict = draw(st.booleans())
    rules = {**STRICT, "required_regions": tuple(regions)} if strict else {}
    numbers = st.integers(0, 40)
    facts = [
        facts_of(region, draw(numbers), draw(numbers), accounts=BOTH if strict else (account(),))
        for region in regions
    ]
    return plan_of(regions, **rules), facts


def spoils(plan: Plan, one: ShardFacts) -> Iterator[tuple[str, ShardFacts | None]]:
    """Yields every way in which one fact of a shard can be missing or invalid."""
    yield "record", None
    yield "ended_at", replace(one, ended_at="")
    yield "accounts", replace(one, accounts=())
    for name in ("findings", "coverage", "status"):
        gone: dict[str, Any] = {name: None}
        yield name, replace(one, **gone)
        for outcome in (*OUTCOMES, ""):
            yield (
                f"{name} {outcome}",
                replace(one, **{name: replace(getattr(one, name), outcome=outcome)}),
            )
    for i, part in enumerate(one.parts):
        for digest in ("", SHA[:-1]):
            yield f"{part.key} digest", _with_part(one, i, replace(part, sha256=digest))
        if part.rows:
            yield f"{part.key} gone", replace(one, parts=(*one.parts[:i], *one.parts[i + 1 :]))
            yield f"{part.key} without rows", _with_part(one, i, replace(part, rows=0))
    if one.distinct:
        yield "no parts", replace(one, parts=())
        yield "distinct", replace(one, distinct=0)
        yield "known", replace(one, known=())
        yield "more aggregated", replace(one, aggregated=[{"all": one.distinct + 1}])
        yield "fewer known", replace(one, known=(one.known[0], {**one.known[1], "high": 0}))
        shortage = Shortage("111122223333", "AWS_EC2_INSTANCE", "high", 1, 2)
        yield "shortage of an account", replace(one, short=(shortage,))
        again = Recheck("20261121T010000Z", 3, 0, Listing("ended", items=1))
        yield "absent lost", replace(one, recheck=again)
        unread = replace(again, listing=Listing("throttled"))
        yield "absent unread", replace(one, recheck=unread)
        yield "absent unasked", replace(one, recheck=replace(unread, unasked=1))
        yield "changes unread", replace(one, changed=Listing("throttled"))
        yield "closed unread", replace(one, ended=Listing("throttled"))
    for i, status in enumerate(one.accounts if plan.required_regions else ()):
        rest = (*one.accounts[:i], *one.accounts[i + 1 :])
        yield f"{status.account_id} invisible", replace(one, accounts=rest)
        yield (
            f"{status.account_id} disabled",
            replace(one, accounts=(*rest, replace(status, status="DISABLED"))),
        )


def _with_part(one: ShardFacts, place: int, part: Part) -> ShardFacts:
    return replace(one, parts=(*one.parts[:place], part, *one.parts[place + 1 :]))


@given(scans())
def test_a_scan_with_every_fact_is_complete(scan: tuple[Plan, list[ShardFacts]]) -> None:
    certificate = judge(*scan)
    assert (certificate.state, certificate.reasons) == (COMPLETE, ())


@given(scans(), st.data())
def test_taking_any_single_fact_away_makes_it_partial_with_a_reason(
    scan: tuple[Plan, list[ShardFacts]], data: Any
) -> None:
    plan, facts = scan
    place = data.draw(st.integers(0, len(facts) - 1))
    name, spoiled = data.draw(st.sampled_from(list(spoils(plan, facts[place]))))
    left = [*facts[:place], *([spoiled] if spoiled else []), *facts[place + 1 :]]
    certificate = judge(plan, left)
    assert certificate.state == PARTIAL, name
    assert certificate.reasons, name
    assert any(facts[place].region in reason for reason in certificate.reasons), (
        name,
        certificate.reasons,
    )


@pytest.mark.parametrize(
    "rules", [{}, {**STRICT, "required_regions": REGIONS[:1]}], ids=["visible", "expected"]
)
def test_every_way_of_spoiling_is_seen_at_least_once(rules: dict[str, Any]) -> None:
    plan, one = plan_of(REGIONS[:1], **rules), facts_of("eu-west-1", accounts=BOTH)
    ways = list(spoils(plan, one))
    assert len(ways) > 40
    for name, spoiled in ways:
        certificate = judge(plan, [spoiled] if spoiled else [])
        assert certificate.state == PARTIAL, name
        assert certificate.reasons, name


def test_a_plan_of_nothing_is_partial() -> None:
    certificate = judge(plan_of(()), [])
    assert (certificate.state, certificate.reasons) == (PARTIAL, ("nothing was planned",))


def test_the_record_of_a_shard_that_was_not_planned_proves_nothing() -> None:
    certificate = judge(plan_of(), [facts_of("us-east-1")])
    assert certificate.reasons == ("eu-west-1: shard eu-west-1 has no record",)
    assert certificate.totals["findings"] == 0


def test_fewer_known_than_aggregated_at_either_time_is_partial() -> None:
    def state(*pairs: tuple[int, int], **changes: Any) -> str:
        counts = {
            "aggregated": tuple({"all": counted} for counted, _ in pairs),
            "known": tuple({"all": known} for _, known in pairs),
        }
        return judge(plan_of(), [facts_of("eu-west-1", 10, **counts, **changes)]).state

    assert state((12, 12), (10, 10)) == COMPLETE
    assert state((12, 11), (10, 10)) == PARTIAL
    assert state((12, 12), (10, 9)) == PARTIAL
    assert state((12, 11), changed_meanwhile=9) == PARTIAL, "a changed finding excuses no other"


def test_a_shortage_of_an_account_names_it_in_the_detail_only() -> None:
    short = Shortage("111122223333", "AWS_EC2_INSTANCE", "high", 1, 2)
    (reason,) = judge(plan_of(), [facts_of("eu-west-1", short=(short,))]).causes
    assert reason.statement == "1 of 2 active findings listed (high)"
    assert (reason.account, reason.detail) == ("", "account 111122223333 AWS_EC2_INSTANCE")


def test_more_listed_than_aggregated_is_a_warning() -> None:
    certificate = judge(
        plan_of(), [facts_of("eu-west-1", 10, aggregated=({"all": 8, "high": 10},))]
    )
    assert certificate.state == COMPLETE
    assert certificate.warnings == ("eu-west-1: more findings listed than Inspector counts (all)",)


def test_a_list_without_reconciliation_is_a_warning_if_active_was_requested() -> None:
    bare = facts_of("eu-west-1", aggregated=(), notes=("members are not known",))
    assert judge(plan_of(), [bare]).warnings == (
        "eu-west-1: members are not known",
        "eu-west-1: not reconciled with Inspector's own counts, nor with an earlier snapshot",
    )
    certificate = judge(plan_of(statuses=("CLOSED",), notes=("as planned",)), [bare])
    assert (certificate.state, certificate.warnings) == (
        COMPLETE,
        ("as planned", "eu-west-1: members are not known"),
    )


def test_the_claim_is_for_visible_accounts_unless_a_scope_file_names_them() -> None:
    assert judge(plan_of(), [facts_of("eu-west-1")]).claim == "for all visible accounts"
    strict = plan_of(expected_accounts=("111122223333",))
    assert judge(strict, [facts_of("eu-west-1")]).claim == "for all expected accounts"


def test_inspector_off_in_a_required_region_is_partial_and_elsewhere_a_choice() -> None:
    off = [facts_of("eu-west-1", accounts=(account(status="SUSPENDED"),))]
    assert judge(plan_of(), off).state == COMPLETE
    certificate = judge(plan_of(required_regions=("eu-west-1",)), off)
    assert certificate.reasons == ("eu-west-1: Inspector is suspended in account 111122223333",)


def test_a_required_region_without_a_plan_is_partial_unless_accepted() -> None:
    plan = plan_of(required_regions=("eu-west-1", "us-east-1"))
    assert judge(plan, [facts_of("eu-west-1")]).reasons == (
        "us-east-1: the region was required and not read",
    )
    gap = AcceptedGap("*", "us-east-1", "sec", "being built", "2026-12-31")
    assert judge(replace(plan, accepted=(gap,)), [facts_of("eu-west-1")]).state == COMPLETE


@pytest.mark.parametrize(
    ("gap", "state"),
    [
        (("444455556666", "eu-west-1", "2026-11-22"), COMPLETE),
        (("*", "*", "2027-01-01"), COMPLETE),
        (("*", "eu-west-1", "2027-01-01"), COMPLETE),
        (("444455556666", "*", "2027-01-01"), COMPLETE),
        (("444455556666", "eu-west-1", "2026-11-21"), PARTIAL),
        (("444455556666", "us-east-1", "2027-01-01"), PARTIAL),
        (("777788889999", "eu-west-1", "2027-01-01"), PARTIAL),
    ],
)
@pytest.mark.parametrize("required", [(), ("eu-west-1",)])
def test_an_expected_account_may_be_invisible_only_while_somebody_answers_for_it(
    gap: tuple[str, str, str], state: str, required: tuple[str, ...]
) -> None:
    accepted = (AcceptedGap(gap[0], gap[1], "sec", "moving", gap[2]),)
    plan = plan_of(
        expected_accounts=("444455556666",), accepted=accepted, required_regions=required
    )
    certificate = judge(plan, [facts_of("eu-west-1")])
    assert certificate.state == state
    assert all("444455556666 was expected" in reason for reason in certificate.reasons)
    assert judge(replace(plan, accepted=()), [facts_of("eu-west-1")]).state == PARTIAL


def test_an_expected_account_must_be_visible_in_at_least_one_region() -> None:
    plan = plan_of(REGIONS[:2], expected_accounts=("444455556666",))
    facts = [facts_of("eu-west-1"), facts_of("us-east-1")]
    assert judge(plan, facts).reasons == (
        "account 444455556666 was expected and is visible in no region",
    )
    assert judge(plan, [facts[0], replace(facts[1], accounts=BOTH)]).state == COMPLETE


def states(facts: ShardFacts | None) -> dict[Cell, str]:
    return dict(cells_of(Shard("eu-west-1", "eu-west-1"), facts))


def test_a_cell_is_reached_only_where_its_own_switch_is_on() -> None:
    found = states(
        facts_of(
            "eu-west-1",
            accounts=(account(lambdaCode="DISABLED"), account("444455556666", "DISABLED")),
        )
    )
    assert found[Cell("111122223333", "eu-west-1", "AWS_EC2_INSTANCE", "NETWORK")] == "reached"
    assert found[Cell("111122223333", "eu-west-1", "AWS_LAMBDA_FUNCTION", "PACKAGE")] == "reached"
    assert found[Cell("111122223333", "eu-west-1", "AWS_LAMBDA_FUNCTION", "CODE")] == "not_opted_in"
    assert {state for cell, state in found.items() if cell.account_id == "444455556666"} == {
        "disabled"
    }


def test_a_switch_that_the_status_does_not_name_is_not_opted_in() -> None:
    found = states(
        facts_of(
            "eu-west-1", accounts=(AccountStatus("111122223333", "ENABLED", {"ec2": "ENABLED"}),)
        )
    )
    assert found[Cell("111122223333", "eu-west-1", "AWS_EC2_INSTANCE", "PACKAGE")] == "reached"
    assert found[Cell("111122223333", "eu-west-1", "MACHINE_IMAGE", "PACKAGE")] == "not_opted_in"


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", ["findings", "coverage", "status"])
def test_no_cell_of_a_listing_that_failed_is_reached(name: str, outcome: str) -> None:
    found = states(facts_of("eu-west-1", **{name: Listing(outcome)}))
    assert set(found.values()) == {outcome}
    assert set(states(facts_of("eu-west-1", **{name: None})).values()) == {"unreachable"}


def test_an_incomplete_list_leaves_every_account_unread() -> None:
    found = states(facts_of("eu-west-1", findings=Listing("throttled"), named=("444455556666",)))
    assert found == {
        Cell(one, "eu-west-1", "*", "*"): "throttled"
        for one in ("111122223333", "444455556666", "*")
    }


def test_what_no_switch_names_is_read_where_all_listings_ended_and_the_account_is_on() -> None:
    found = states(
        facts_of("eu-west-1", accounts=(account(), account("444455556666", "SUSPENDED")))
    )
    assert found[Cell("111122223333", "eu-west-1", "*", "*")] == "reached"
    assert found[Cell("444455556666", "eu-west-1", "*", "*")] == "disabled"
    assert not any(cell.account_id == "*" for cell in found)


def test_an_account_without_a_status_is_unread_and_a_reason_unless_accepted() -> None:
    facts = facts_of("eu-west-1", named=("111122223333", "444455556666"))
    certificate = judge(plan_of(), [facts])
    assert certificate.reasons == (
        "eu-west-1: whether Inspector is on in account 444455556666 is not known",
    )
    assert dict(certificate.incomplete_cells()) == {
        Cell("444455556666", "eu-west-1", "*", "*"): "status_unknown"
    }
    accepted = judge(
        plan_of(accepted=(AcceptedGap("444455556666", "*", "sec", "leaving", "2027-01-01"),)),
        [facts],
    )
    assert accepted.state == COMPLETE
    assert [*accepted.incomplete_cells()], "a gap that is accepted is a gap"


def test_a_switch_that_we_do_not_know_is_reported_where_it_is_on() -> None:
    strange = (
        account(azureVm="ENABLED", mainframe="DISABLED"),
        account("444455556666", azureVm="ENABLED"),
    )
    warning = "eu-west-1: Inspector scans azureVm, unknown to the product, in 2 accounts"
    assert judge(plan_of(), [facts_of("eu-west-1", accounts=strange)]).warnings == (warning,)


def test_a_region_whose_accounts_are_not_known_has_one_cell_of_everything() -> None:
    everything = Cell("*", "eu-west-1", "*", "*")
    assert states(None) == {everything: "unreachable"}
    assert states(facts_of("eu-west-1", accounts=())) == {everything: "unreachable"}
    assert states(facts_of("eu-west-1", accounts=(), status=Listing("denied"))) == {
        everything: "denied"
    }


def test_incomplete_cells_are_those_whose_content_is_not_known() -> None:
    accounts = (account(ecr="DISABLED"), account("444455556666", "SUSPENDED"))
    certificate = judge(plan_of(), [facts_of("eu-west-1", accounts=accounts)])
    gaps = dict(certificate.incomplete_cells())
    assert set(gaps.values()) == {"disabled"}
    assert {cell.account_id for cell in gaps} == {"444455556666"}


def test_totals_and_unknown_things_are_summed_over_the_shards() -> None:
    one = facts_of(
        "eu-west-1",
        4,
        findings=Listing("ended", "", 3, 5, 1, 2, 4),
        duplicates=1,
        unknown={"finding.b": 1},
    )
    two = facts_of(
        "us-east-1", 6, unknown={"finding.b": 2, "finding.a": 1}, uncovered=2, changed_meanwhile=3
    )
    certificate = judge(plan_of(REGIONS[:2]), [two, one])
    assert certificate.unknown == {"finding.a": 1, "finding.b": 3}
    assert certificate.totals == {
        "pages": 9,
        "empty_pages": 1,
        "throttles": 2,
        "retries": 4,
        "findings": 11,
        "distinct": 10,
        "duplicates": 1,
        "coverage": 6,
        "covered": 0,
        "uncovered": 2,
        "doubtful": 0,
        "proven": 0,
        "changed_meanwhile": 3,
    }


@given(scans(), st.data())
def test_facts_plan_and_certificate_come_back_from_json(
    scan: tuple[Plan, list[ShardFacts]], data: Any
) -> None:
    plan, facts = scan
    extra = {
        "notes": ("a note",),
        "unknown": {"page.x": 1},
        "coverage": data.draw(st.sampled_from([None, facts[0].coverage])),
    }
    facts[0] = replace(facts[0], **extra)
    certificate = judge(plan, facts)
    again: Callable[[Any], Any] = lambda one: json.loads(json.dumps(one.to_json()))  # noqa: E731 - used only here
    assert [ShardFacts.from_json(again(one)) for one in facts] == facts
    assert Plan.from_json(again(plan)) == plan
    assert Certificate.from_json(again(certificate)) == certificate


@pytest.mark.parametrize(
    "spoiled",
    [
        {"ended_at": ""},
        {"parts": ()},
        {"aggregated": ({"all": 9_999, "critical": 0, "high": 0, "medium": 0},)},
        {"distinct": 0, "duplicates": 0},
    ],
)
def test_a_shard_in_doubt_has_no_reached_cell_although_its_listings_ended(
    spoiled: dict[str, Any],
) -> None:
    facts = replace(facts_of("eu-west-1"), **spoiled)
    states = {state for _, state in cells_of(Shard("eu-west-1", "eu-west-1"), facts)}
    assert states == {"incomplete"}
    assert "reached" in {
        state for _, state in cells_of(Shard("eu-west-1", "eu-west-1"), facts_of("eu-west-1"))
    }


ACCOUNTS = ("111122223333", "444455556666", "777788889999")
SOME = st.lists(st.sampled_from(ACCOUNTS), unique=True).map(tuple)


@given(
    SOME,
    SOME,
    SOME,
    SOME,
    st.dictionaries(
        st.sampled_from(["findings", "coverage", "status"]), st.sampled_from(OUTCOMES), max_size=1
    ),
)
def test_each_account_that_the_scan_knows_has_a_cell_and_without_status_a_gap(
    named: tuple[str, ...],
    with_status: tuple[str, ...],
    expected: tuple[str, ...],
    earlier: tuple[str, ...],
    failed: dict[str, str],
) -> None:
    plan = plan_of(expected_accounts=expected, known_accounts={"eu-west-1": earlier})
    listings = {name: Listing(outcome) for name, outcome in failed.items()}
    # the scan names the accounts of earlier snapshots
    facts = facts_of(
        "eu-west-1",
        named=tuple(sorted({*named, *earlier})),
        accounts=tuple(account(one) for one in with_status),
        **listings,
    )
    for certificate in (judge(plan, [facts]), judge(plan, [])):
        gaps = {cell.account_id for cell, _ in certificate.incomplete_cells()}
        recorded = certificate.totals["pages"] > 0
        known = {*named, *with_status} if recorded else set()
        assert {*expected, *earlier, *known} <= {cell.account_id for cell in certificate.cells}
        read = set(with_status) if recorded and not failed else set()
        assert {*expected, *earlier, *known} - read <= gaps
        if {*named, *earlier} - set(with_status):
            assert certificate.state == PARTIAL
