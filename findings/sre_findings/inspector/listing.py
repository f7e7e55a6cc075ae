"""Inspector's listings for scans and live queries, with retries and one shared rate limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sre_findings.inspector.client import Call
from sre_findings.inspector.pages import pages
from sre_findings.inspector.retry import Patience, RateLimit, Tally, insist
from sre_findings.inspector.wire.body import Garbled, decode_object
from sre_findings.inspector.wire.coverage import CoveragePage, decode_coverage
from sre_findings.inspector.wire.findings import FindingsPage, decode_findings
from sre_findings.model.snapshots.shard_facts import AccountStatus

FILTER_VALUES = 10  # maximum values per field in FilterCriteria and in accountIds
DETAIL_ARNS = 10  # maximum findings per BatchGetFindingDetails
COUNTED = ("all", "critical", "high", "medium")
"""The counts that Inspector returns for every kind of aggregation."""
STATUS_ACCOUNTS = 100  # maximum accounts per BatchGetAccountStatus

ACCOUNT_ID = re.compile(r"\d{12}")
"""Requests with any other account ID are rejected as a whole."""

T = TypeVar("T")


@dataclass(slots=True)
class ObjectPage:
    """A page of an operation that is not performance-critical: its items as plain data."""

    items: Sequence[Mapping[str, Any]]
    nextToken: str | None  # noqa: N815 - the wire's name


@dataclass(frozen=True, slots=True)
class Inspector:
    """Amazon Inspector in one region, with the caller's permissions."""

    call: Call
    limit: RateLimit
    patience: Patience

    def findings(
        self,
        statuses: Sequence[str],
        tally: Tally,
        updated: tuple[datetime, datetime] | None = None,
        accounts: Sequence[str] = (),
        arns: Sequence[str] = (),
        **equals: str,
    ) -> Iterator[FindingsPage]:
        """Yields every page of ListFindings for these statuses.

        ``equals`` filters by further string fields, ``updated`` by the first and last moment of
        ``updatedAt``, and ``accounts`` and ``arns`` (at most FILTER_VALUES each) by account and by
        finding.

        Without statuses, it lists every finding that is not CLOSED, so that findings with a status
        unknown to the product, which count as open, are included. No sort order is requested: the
        default is by ARN, which does not change during a scan.
        """
        fields: dict[str, Any] = {name: [equal(value)] for name, value in equals.items()}
        fields |= {"awsAccountId": [equal(one) for one in accounts]} if accounts else {}
        fields |= {"findingArn": [equal(one) for one in arns]} if arns else {}
        if updated:
            bounds = zip(
                ("startInclusive", "endInclusive"),
                (moment.timestamp() for moment in updated),
                strict=True,
            )
            fields["updatedAt"] = [dict(bounds)]
        status = [equal(one) for one in statuses] or [
            {"comparison": "NOT_EQUALS", "value": "CLOSED"}
        ]
        query = {"maxResults": 100, "filterCriteria": {"findingStatus": status} | fields}
        found = pages(
            lambda body: self._ask("ListFindings", body, decode_findings, tally),
            query,
            lambda p: len(p.findings),
        )
        for page in found:
            _count(tally, len(page.findings))
            yield page

    def coverage(
        self, tally: Tally, accounts: Sequence[str] = (), **equals: str
    ) -> Iterator[CoveragePage]:
        """Yields every page of ListCoverage.

        ``equals`` filters by string fields, ``accounts`` (at most FILTER_VALUES) by account.
        """
        criteria = {name: [equal(value)] for name, value in equals.items()}
        criteria |= {"accountId": [equal(one) for one in accounts]} if accounts else {}
        query = {"maxResults": 200} | ({"filterCriteria": criteria} if criteria else {})
        found = pages(
            lambda body: self._ask("ListCoverage", body, decode_coverage, tally),
            query,
            lambda p: len(p.coveredResources),
        )
        for page in found:
            _count(tally, len(page.coveredResources))
            yield page

    def statuses(
        self, accounts: Sequence[str], tally: Tally, failed: set[str] | None = None
    ) -> Iterator[AccountStatus]:
        """Yields the status of each account; without accounts, of the caller's own account.

        Accounts whose status Inspector does not report are omitted. Those that it names as failed
        are added to ``failed``.
        """
        for first in range(0, max(len(accounts), 1), STATUS_ACCOUNTS):
            batch = list(accounts[first : first + STATUS_ACCOUNTS])
            known, unknown = self._ask(
                "BatchGetAccountStatus", {"accountIds": batch} if batch else {}, _statuses, tally
            )
            _count(tally, len(known))
            if failed is not None:
                failed.update(unknown)
            yield from known

    def details(
        self, arns: Sequence[str], tally: Tally
    ) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
        """Calls BatchGetFindingDetails for at most DETAIL_ARNS findings.

        Returns the details by ARN, and the error codes by ARN of findings without details.
        """
        found, failed = self._ask(
            "BatchGetFindingDetails", {"findingArns": list(arns)}, _details, tally
        )
        _count(tally, len(found))
        return found, failed

    def members(self, tally: Tally) -> Iterator[str]:
        """Yields the IDs of the accounts that this account administers, without its own."""
        for page in self._objects(
            "ListMembers", {"maxResults": 50, "onlyAssociated": True}, "members", tally
        ):
            yield from (str(member["accountId"]) for member in page.items if "accountId" in member)

    def active_counts(self, tally: Tally, **kinds: str) -> dict[str, dict[str, int]]:
        """Inspector's own counts of ACTIVE findings, by account and by the names in COUNTED.

        ``kinds`` can select a ``findingType`` and a ``resourceType``.
        """
        query = {
            "aggregationType": "ACCOUNT",
            "aggregationRequest": {"accountAggregation": {"sortBy": "ALL", **kinds}},
        }
        found: dict[str, dict[str, int]] = {}
        for page in self._objects(
            "ListFindingAggregations", {**query, "maxResults": 100}, "responses", tally
        ):
            for account, counts in map(_severity_counts, page.items):
                total = found.setdefault(account, dict.fromkeys(COUNTED, 0))
                for name in COUNTED:
                    total[name] += counts.get(name, 0)
        return found

    def _objects(
        self, operation: str, query: Mapping[str, Any], key: str, tally: Tally
    ) -> Iterator[ObjectPage]:
        def decode(body: bytes) -> ObjectPage:
            values = decode_object(body)
            items, token = values.get(key), values.get("nextToken")
            if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
                raise Garbled(f"{operation} answered without {key}")
            if not isinstance(token, str | None):
                raise Garbled(f"{operation} returned an invalid next token")
            return ObjectPage(items, token)

        for page in pages(
            lambda body: self._ask(operation, body, decode, tally), query, lambda p: len(p.items)
        ):
            _count(tally, len(page.items))
            yield page

    def _ask(
        self, operation: str, body: Mapping[str, Any], decode: Callable[[bytes], T], tally: Tally
    ) -> T:
        def attempt() -> T:
            self.limit.take(self.patience.until)
            return decode(self.call(operation, body))

        return insist(attempt, self.patience, tally)


def equal(value: str) -> dict[str, str]:
    """A StringFilter for one value."""
    return {"comparison": "EQUALS", "value": value}


def _count(tally: Tally, items: int) -> None:
    tally.pages += 1
    tally.items += items
    tally.empty_pages += items == 0


def _severity_counts(response: Mapping[str, Any]) -> tuple[str, Mapping[str, int]]:
    """An account and its numeric counts; empty for an item of another shape."""
    found = _object(response.get("accountAggregation"))
    account, counts = found.get("accountId"), _object(found.get("severityCounts"))
    return account if isinstance(account, str) else "", {
        name: number for name, number in counts.items() if isinstance(number, int) and number >= 0
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _details(body: bytes) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    values = decode_object(body)
    found, failed = values.get("findingDetails"), values.get("errors", [])
    if not isinstance(found, list) or not isinstance(failed, list):
        raise Garbled("BatchGetFindingDetails answered without findingDetails")
    details = {str(_object(one).get("findingArn")): _object(one) for one in found}
    return details, {
        str(_object(one).get("findingArn")): str(_object(one).get("errorCode")) for one in failed
    }


def _statuses(body: bytes) -> tuple[list[AccountStatus], list[str]]:
    """The accounts of a BatchGetAccountStatus response, and the IDs of its failed accounts."""
    values = decode_object(body)
    accounts, failed = values.get("accounts"), values.get("failedAccounts")
    if not isinstance(accounts, list):
        raise Garbled("BatchGetAccountStatus answered without accounts")
    names = [_object(one).get("accountId") for one in failed] if isinstance(failed, list) else []
    return [_status(_object(account)) for account in accounts], [
        name for name in names if isinstance(name, str) and name
    ]


def _status(account: Mapping[str, Any]) -> AccountStatus:
    """Decodes one account. A missing ID or status becomes ``unknown``, which is not ENABLED."""
    switches = {
        name: _status_word(state) for name, state in _object(account.get("resourceState")).items()
    }
    name = account.get("accountId")
    return AccountStatus(
        name if isinstance(name, str) and name else "unknown",
        _status_word(account.get("state")),
        switches,
    )


def _status_word(state: Any) -> str:
    word = _object(state).get("status")
    return word if isinstance(word, str) and word else "unknown"
