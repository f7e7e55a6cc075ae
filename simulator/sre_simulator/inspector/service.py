"""The operations of the service, without transport and faults.

They turn a valid request into the JSON of the response.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sre_simulator.errors import broken
from sre_simulator.filters import Criteria, coverage_filter
from sre_simulator.fleet.changes import Found, ScriptedFleet
from sre_simulator.fleet.organization import FAILED, SCANNED, Fleet
from sre_simulator.inspector.aggregations import Aggregation
from sre_simulator.inspector.clusters import clusters
from sre_simulator.inspector.details import ARN, details, failed
from sre_simulator.inspector.paging import Asked, Listing, Pager
from sre_simulator.inspector.sort_order import Order
from sre_simulator.inspector.tokens import query_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sre_simulator.inspector.operations import Operation

Wire = dict[str, Any]
_COVERED = 16


class Call(NamedTuple):
    """A request that reached the service."""

    operation: Operation
    region: str
    account: str
    body: Wire
    now: float
    looped: bool = False


class Service:
    """Answers calls from the fleet and its changes, with a pager."""

    def __init__(self, fleet: Fleet, scripted: ScriptedFleet, pager: Pager) -> None:
        self._fleet = fleet
        self._scripted = scripted
        self._pager = pager
        self._remembered: OrderedDict[bytes, list[Wire]] = OrderedDict()
        self._answers: dict[str, Callable[[Call], bytes]] = {
            "ListFindings": self._findings,
            "ListFindingAggregations": self._aggregations,
            "BatchGetFindingDetails": self._details,
            "BatchGetAccountStatus": self._statuses,
            "ListCoverage": self._coverage,
            "ListCoverageStatistics": self._coverage_statistics,
            "GetClustersForImage": self._clusters,
            "ListMembers": self._members,
            "GetDelegatedAdminAccount": self._admin,
            "ListDelegatedAdminAccounts": self._admins,
            "ListFilters": self._filters,
        }

    def answer(self, call: Call) -> bytes:
        """Returns the JSON of the response. Raises Invalid if the request violates the model."""
        problems = list(call.operation.request.problems(call.body, ""))
        if problems:
            raise broken(problems)
        return self._answers[call.operation.name](call)

    def _visible(self, call: Call) -> tuple[str, ...]:
        """Returns the accounts that the caller sees.

        The delegated administrator sees all, a member only itself.
        """
        return (
            self._fleet.accounts if call.account == self._fleet.admin_account else (call.account,)
        )

    def _page(
        self,
        call: Call,
        member: str,
        listing: Listing[Any],
        encode: Callable[[Any], bytes],
        head: bytes = b"",
    ) -> bytes:
        named = {
            name: value
            for name, value in call.body.items()
            if name not in {"nextToken", "maxResults"}
        }
        query = query_digest(call.operation.name, call.region, call.account, named)
        limit = call.body.get("maxResults") or call.operation.page
        asked = Asked(query, call.body.get("nextToken") or "", limit, call.looped)
        page, token = self._pager.page(asked, listing, call.now)
        tail = b',"nextToken":"%b"' % token.encode() if token else b""
        return b'{%b"%b":[%b]%b}' % (head, member.encode(), b",".join(map(encode, page)), tail)

    def _findings(self, call: Call) -> bytes:
        criteria = Criteria(call.body.get("filterCriteria"))
        accounts, region, now = self._visible(call), call.region, call.now

        def by_arn(position: str | None, _: int) -> Any:
            return self._scripted.findings(accounts, region, criteria, now, position or "")

        listing: Listing[Found] = Listing(by_arn, lambda found: found[0].arn)
        if sort := call.body.get("sortCriteria"):
            order = Order(sort)
            listing = Listing(
                lambda position, count: order.next(by_arn(None, 0), position, count), order.position
            )
        return self._page(
            call, "findings", listing, lambda found: self._scripted.encoded(found, now)
        )

    def _aggregations(self, call: Call) -> bytes:
        aggregation = Aggregation(call.body)

        def count() -> list[Wire]:
            found = self._scripted.findings(
                self._visible(call), call.region, aggregation.criteria, call.now
            )
            return aggregation.answer(found)

        head = b'"aggregationType":"%b",' % call.body["aggregationType"].encode()
        return self._listed(call, "responses", self._remember(call, count), head)

    def _remember(self, call: Call, make: Callable[[], list[Wire]]) -> list[Wire]:
        """Keeps a listing for its further pages until the clock or the fleet changes."""
        named = {
            name: value
            for name, value in call.body.items()
            if name not in {"nextToken", "maxResults"}
        }
        key = query_digest(
            call.operation.name, call.region, call.account, named, call.now, self._scripted.version
        )
        if key not in self._remembered:
            self._remembered[key] = make()
            if len(self._remembered) > _COVERED:
                self._remembered.popitem(last=False)
        return self._remembered[key]

    def _listed(self, call: Call, member: str, found: list[Wire], head: bytes = b"") -> bytes:
        """Returns a listing that is computed as a whole and paged by number."""
        numbered = list(enumerate(found, 1))
        listing = Listing(lambda position, _: iter(numbered[position or 0 :]), lambda each: each[0])
        return self._page(call, member, listing, lambda each: msgspec.json.encode(each[1]), head)

    def _details(self, call: Call) -> bytes:
        found: list[Wire] = []
        errors: list[Wire] = []
        for arn in call.body["findingArns"]:
            wire = self._detail(call, arn)
            (errors if "errorCode" in wire else found).append(wire)
        return msgspec.json.encode({"findingDetails": found, "errors": errors})

    def _detail(self, call: Call, arn: str) -> Wire:
        if not ARN.fullmatch(arn):
            return failed(arn, "INVALID_INPUT", "The finding ARN is malformed.")
        if arn.split(":")[4] not in self._visible(call):
            return failed(arn, "ACCESS_DENIED", "The finding belongs to another account.")
        found = self._scripted.find(call.region, arn, call.now)
        return (details(found[0]) if found else None) or failed(
            arn, "FINDING_DETAILS_NOT_FOUND", "No details for this finding."
        )

    def _statuses(self, call: Call) -> bytes:
        accounts: list[Wire] = []
        refused: list[Wire] = []
        for account in call.body.get("accountIds") or [call.account]:
            if account not in self._visible(call):
                refused.append(_refused(account, "ACCESS_DENIED", "Not a member account."))
            elif FAILED in self._fleet.statuses.get(account, {}).values():
                refused.append(_refused(account, "INTERNAL_ERROR", "The status is not available."))
            else:
                accounts.append(self._status(account, call.region))
        return msgspec.json.encode({"accounts": accounts, "failedAccounts": refused})

    def _status(self, account: str, region: str) -> Wire:
        known = self._fleet.statuses.get(account, {}) if region in self._fleet.regions else {}
        scans = {name: _state(known.get(name, "DISABLED")) for name in SCANNED}
        words = {each["status"] for each in scans.values()}
        overall = next((word for word in ("ENABLED", "SUSPENDED") if word in words), "DISABLED")
        return {"accountId": account, "state": _state(overall), "resourceState": scans}

    def _covered(self, call: Call) -> list[Wire]:
        holds = coverage_filter(call.body.get("filterCriteria"))
        cells = (self._fleet.cells.get((call.region, account)) for account in self._visible(call))
        covered = [row for cell in cells if cell for row in cell.coverage(call.now) if holds(row)]
        return sorted(
            covered, key=lambda row: (row["accountId"], row["resourceId"], row["scanType"])
        )

    def _coverage(self, call: Call) -> bytes:
        return self._listed(
            call, "coveredResources", self._remember(call, lambda: self._covered(call))
        )

    def _coverage_statistics(self, call: Call) -> bytes:
        total = len(self._remember(call, lambda: self._covered(call)))
        answer: Wire = {"totalCounts": total}
        if group := call.body.get("groupBy"):
            answer["countsByGroup"] = [{"count": total, "groupKey": group}]
        return msgspec.json.encode(answer)

    def _clusters(self, call: Call) -> bytes:
        def find() -> list[Wire]:
            everything = Call(call.operation, call.region, call.account, {}, call.now)
            return clusters(call.body["filter"]["resourceId"], self._covered(everything))

        return self._listed(call, "cluster", self._remember(call, find))

    def _members(self, call: Call) -> bytes:
        admin, others = (
            self._fleet.admin_account,
            [each for each in self._visible(call) if each != call.account],
        )
        since = self._fleet.nights[0].timestamp() - 30 * 86400.0
        known = {
            "relationshipStatus": "ENABLED",
            "delegatedAdminAccountId": admin,
            "updatedAt": since,
        }
        return self._listed(call, "members", [{"accountId": each} | known for each in others])

    def _admin(self, call: Call) -> bytes:
        del call
        return msgspec.json.encode(
            {
                "delegatedAdmin": {
                    "accountId": self._fleet.admin_account,
                    "relationshipStatus": "ENABLED",
                }
            }
        )

    def _admins(self, call: Call) -> bytes:
        return self._listed(
            call,
            "delegatedAdminAccounts",
            [{"accountId": self._fleet.admin_account, "status": "ENABLED"}],
        )

    def _filters(self, call: Call) -> bytes:
        arns, action = call.body.get("arns"), call.body.get("action")
        rules = [
            each
            for each in self._fleet.filters
            if each["ownerId"] == call.account and f":{call.region}:" in each["arn"]
        ]
        return self._listed(
            call,
            "filters",
            [
                each
                for each in rules
                if (not arns or each["arn"] in arns) and (not action or each["action"] == action)
            ],
        )


def _refused(account: str, code: str, message: str) -> Wire:
    return {"accountId": account, "errorCode": code, "errorMessage": message}


def _state(status: str) -> Wire:
    # The model requires errorCode and errorMessage. These are the values for an account without an
    # error.
    return {"status": status, "errorCode": "ALREADY_ENABLED", "errorMessage": "None"}
