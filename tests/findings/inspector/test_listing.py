"""The exact requests to Inspector, and how its responses are interpreted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sre_findings.inspector.listing import FILTER_VALUES, Inspector
from sre_findings.inspector.retry import Patience, RateLimit, Tally, Transient
from sre_findings.model.errors import Rejected, Unreachable
from sre_findings.model.snapshots.shard_facts import AccountStatus


class Scripted:
    """A service with scripted responses that records its requests."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), list[tuple[str, dict[str, Any]]]()

    def __call__(self, operation: str, body: Mapping[str, Any]) -> bytes:
        self.asked.append((operation, dict(body)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture
def inspector(fresh_time: Callable[[], Any]) -> Callable[..., tuple[Inspector, Scripted]]:
    def make(*answers: Any, rate: float = 1e9) -> tuple[Inspector, Scripted]:
        time, service = fresh_time(), Scripted(*answers)
        patience = Patience(wait=time.wait, clock=time.clock, deadline=30.0)
        return Inspector(
            service, RateLimit(rate, wait=time.wait, clock=time.clock), patience
        ), service

    return make


def equals(*values: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def test_findings_are_asked_a_hundred_a_page_with_their_statuses_and_no_sort_order(
    inspector: Any,
) -> None:
    one, service = inspector(
        {"findings": [{"findingArn": "a"}], "nextToken": "t"},
        {"findings": [], "nextToken": "u"},
        {"findings": []},
    )
    tally = Tally()
    assert [len(page.findings) for page in one.findings(("ACTIVE", "SUPPRESSED"), tally)] == [
        1,
        0,
        0,
    ]
    query = {"maxResults": 100, "filterCriteria": {"findingStatus": equals("ACTIVE", "SUPPRESSED")}}
    assert service.asked == [
        ("ListFindings", query),
        ("ListFindings", {**query, "nextToken": "t"}),
        ("ListFindings", {**query, "nextToken": "u"}),
    ]
    assert tally == Tally(pages=3, items=1, empty_pages=2)


def test_without_statuses_everything_is_asked_for_but_what_is_closed(inspector: Any) -> None:
    one, service = inspector({"findings": []})
    list(one.findings((), Tally()))
    unknown_too = [{"comparison": "NOT_EQUALS", "value": "CLOSED"}]
    assert service.asked == [
        ("ListFindings", {"maxResults": 100, "filterCriteria": {"findingStatus": unknown_too}})
    ]


def test_a_live_question_narrows_by_further_fields_of_one_value_each(inspector: Any) -> None:
    one, service = inspector({"findings": []}, {"coveredResources": []})
    list(one.findings(("ACTIVE",), Tally(), resourceId="i-1", awsAccountId="1"))
    list(one.coverage(Tally(), resourceId="i-1"))
    assert service.asked == [
        (
            "ListFindings",
            {
                "maxResults": 100,
                "filterCriteria": {
                    "findingStatus": equals("ACTIVE"),
                    "resourceId": equals("i-1"),
                    "awsAccountId": equals("1"),
                },
            },
        ),
        ("ListCoverage", {"maxResults": 200, "filterCriteria": {"resourceId": equals("i-1")}}),
    ]
    criteria = [values for _, body in service.asked for values in body["filterCriteria"].values()]
    assert all(1 <= len(values) <= FILTER_VALUES for values in criteria)


def test_coverage_of_everything_has_no_filter(inspector: Any) -> None:
    row = {"resourceId": "i-1", "resourceType": "T", "accountId": "1", "scanType": "PACKAGE"}
    one, service = inspector(
        {"coveredResources": [row, row], "nextToken": "t"}, {"coveredResources": []}
    )
    tally = Tally()
    assert [len(page.coveredResources) for page in one.coverage(tally)] == [2, 0]
    assert service.asked == [
        ("ListCoverage", {"maxResults": 200}),
        ("ListCoverage", {"maxResults": 200, "nextToken": "t"}),
    ]
    assert tally == Tally(pages=2, items=2, empty_pages=1)


def test_what_may_pass_is_asked_again_with_the_same_token(inspector: Any) -> None:
    page = {"findings": [{"findingArn": "a"}], "nextToken": "t"}
    throttle = Transient("slow down", throttled=True)
    one, service = inspector(
        page, throttle, b"<html>", {}, {"findings": [], "nextToken": 5}, {"findings": []}
    )
    tally = Tally()
    assert len(list(one.findings(("ACTIVE",), tally))) == 2
    bodies = [body for _, body in service.asked]
    assert bodies[1:] == [{**bodies[0], "nextToken": "t"}] * 5
    assert tally == Tally(pages=2, items=1, empty_pages=1, throttles=1, retries=4)


def test_what_does_not_pass_ends_the_listing_after_the_pages_that_came(inspector: Any) -> None:
    one, _ = inspector({"findings": [{"findingArn": "a"}], "nextToken": "t"}, Rejected("no"))
    pages = one.findings(("ACTIVE",), Tally())
    assert len(next(pages).findings) == 1
    with pytest.raises(Rejected):
        next(pages)


def test_every_attempt_takes_a_turn_of_the_rate_limit(fresh_time: Callable[[], Any]) -> None:
    time = fresh_time()
    service = Scripted(
        {"findings": [], "nextToken": "t"}, {"findings": [], "nextToken": "u"}, {"findings": []}
    )
    one = Inspector(
        service,
        RateLimit(4.0, wait=time.wait, clock=time.clock),
        Patience(wait=time.wait, clock=time.clock),
    )
    list(one.findings(("ACTIVE",), Tally()))
    assert time.waits == [0.25, 0.25]


def status(account: str, state: str = "ENABLED", **switches: str) -> dict[str, Any]:
    resources = {
        name: {"status": value, "errorCode": "", "errorMessage": ""}
        for name, value in switches.items()
    }
    return {
        "accountId": account,
        "state": {"status": state, "errorCode": "", "errorMessage": ""},
        "resourceState": resources,
    }


def test_ones_own_status_is_asked_without_an_account(inspector: Any) -> None:
    one, service = inspector(
        {"accounts": [status("1", ec2="ENABLED", ecr="DISABLED")], "failedAccounts": []}
    )
    tally = Tally()
    assert list(one.statuses((), tally)) == [
        AccountStatus("1", "ENABLED", {"ec2": "ENABLED", "ecr": "DISABLED"})
    ]
    assert service.asked == [("BatchGetAccountStatus", {})]
    assert (tally.pages, tally.items) == (1, 1)


@pytest.mark.parametrize(
    ("count", "batches"), [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_statuses_are_asked_for_a_hundred_accounts_at_once(
    inspector: Any, count: int, batches: list[int]
) -> None:
    accounts = [f"{number:012d}" for number in range(count)]
    answers = [
        {"accounts": [status(a) for a in accounts[n * 100 : n * 100 + 100]]}
        for n in range(len(batches))
    ]
    one, service = inspector(*answers)
    assert [found.account_id for found in one.statuses(accounts, Tally())] == accounts
    asked = [body["accountIds"] for _, body in service.asked]
    assert [len(batch) for batch in asked] == batches
    assert [account for batch in asked for account in batch] == accounts


def test_an_account_that_failed_is_not_visible(inspector: Any) -> None:
    one, _ = inspector(
        {
            "accounts": [status("1")],
            "failedAccounts": [{"accountId": "2", "errorCode": "ACCESS_DENIED"}],
        }
    )
    assert [found.account_id for found in one.statuses(("1", "2"), Tally())] == ["1"]


@pytest.mark.parametrize(
    "odd", [{}, {"state": None}, {"state": 5}, {"state": {}}, {"state": {"status": None}}]
)
def test_a_status_that_is_not_there_is_not_enabled(inspector: Any, odd: dict[str, Any]) -> None:
    one, _ = inspector({"accounts": [{"accountId": "1", "resourceState": {"ec2": None}, **odd}]})
    (found,) = one.statuses((), Tally())
    assert found.status != "ENABLED"
    assert found.switches["ec2"] != "ENABLED"


@pytest.mark.parametrize("odd", [{}, {"accounts": None}, {"accounts": 5}, b"[]", b"<html>"])
def test_an_answer_without_accounts_is_asked_again(inspector: Any, odd: Any) -> None:
    one, service = inspector(odd, {"accounts": [status("1")]})
    assert len(list(one.statuses((), Tally()))) == 1
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "odd", [5, None, {}, {"accountId": 5}, {"accountId": "", "state": {"status": "ENABLED"}}]
)
def test_a_status_that_names_no_account_spoils_only_itself_and_leaves_a_doubt(
    inspector: Any, odd: Any
) -> None:
    one, _ = inspector({"accounts": [odd, status("1")]})
    first, second = one.statuses((), Tally())
    assert (first.account_id, second.account_id, second.status) == ("unknown", "1", "ENABLED")


def test_members_are_the_associated_ones_without_oneself(inspector: Any) -> None:
    one, service = inspector(
        {"members": [{"accountId": "2"}, {}], "nextToken": "t"}, {"members": [{"accountId": "3"}]}
    )
    assert list(one.members(Tally())) == ["2", "3"]
    query = {"maxResults": 50, "onlyAssociated": True}
    assert service.asked == [("ListMembers", query), ("ListMembers", {**query, "nextToken": "t"})]


def counted(**counts: Any) -> dict[str, Any]:
    return {"accountAggregation": {"accountId": "1", "severityCounts": counts}}


def test_active_counts_are_summed_over_accounts_and_pages(inspector: Any) -> None:
    one, service = inspector(
        {
            "responses": [counted(all=9, critical=1, high=2, medium=3), counted(all=1)],
            "nextToken": "t",
        },
        {"responses": [], "nextToken": "u"},
        {
            "responses": [
                counted(all=5, high=5, low=4, medium=None),
                {"SDK_UNKNOWN_MEMBER": {}},
                {"accountAggregation": None},
            ]
        },
    )
    tally = Tally()
    assert one.active_counts(tally) == {
        "1": {"all": 15, "critical": 1, "high": 7, "medium": 3},
        "": {"all": 0, "critical": 0, "high": 0, "medium": 0},
    }
    query = {
        "aggregationType": "ACCOUNT",
        "aggregationRequest": {"accountAggregation": {"sortBy": "ALL"}},
        "maxResults": 100,
    }
    assert [operation for operation, _ in service.asked] == ["ListFindingAggregations"] * 3
    assert [body for _, body in service.asked] == [
        query,
        {**query, "nextToken": "t"},
        {**query, "nextToken": "u"},
    ]
    assert tally == Tally(pages=3, items=5, empty_pages=1)


@pytest.mark.parametrize(
    "odd",
    [{}, {"responses": {}}, {"responses": [5]}, {"responses": [], "nextToken": {"a": 1}}, b"{"],
)
def test_an_aggregation_that_is_none_is_asked_again(inspector: Any, odd: Any) -> None:
    one, service = inspector(odd, {"responses": [counted(all=1)]})
    assert one.active_counts(Tally())["1"]["all"] == 1
    assert len(service.asked) == 2


def test_a_listing_that_stays_garbled_is_unreachable(inspector: Any) -> None:
    one, _ = inspector(*[b"{}"] * 10_000)
    with pytest.raises(Unreachable, match="a page without its findings"):
        list(one.findings(("ACTIVE",), Tally()))
