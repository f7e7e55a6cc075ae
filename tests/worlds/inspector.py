"""A stand-in for Inspector on one night of a world, without HTTP, which records what it told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tests.worlds.state import Found, State, at, state
from tests.worlds.wire import TYPES, Wire, coverage_row, wire_of
from tests.worlds.world import ADMIN, KINDS, SWITCHES, Resource, World

from sre_findings.inspector.retry import Transient
from sre_findings.model.errors import AccessDenied


@dataclass
class Told:
    """What Inspector told a scan of one region. ``failed`` are the operations that did not end."""

    findings: list[tuple[Found, Wire]] = field(default_factory=list)
    closed: list[Found] = field(default_factory=list)
    coverage: list[Wire] = field(default_factory=list)
    statuses: dict[str, Wire] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    counted: bool = False


class Inspector:
    """Inspector in all regions on one night. ``told`` is what it told so far, by region."""

    def __init__(self, world: World, night: int) -> None:
        self.world, self.night, self.now = world, night, at(world, night)
        self.state: State = state(world, night)
        self.told: dict[str, Told] = {}
        self.accounts = sorted({ADMIN, *(one.account for one in world.resources)})

    def connect(self, region: str, **_: Any) -> Callable[[str, Mapping[str, Any]], bytes]:
        """The function that sends a request to a region, as ``sre_findings.inspector.client`` has it."""
        told = self.told.setdefault(region, Told())

        def call(operation: str, body: Mapping[str, Any]) -> bytes:
            self._fail(region, operation, body, told)
            return json.dumps(getattr(self, f"_{operation}")(region, body, told)).encode()

        return call

    def happens(self, kind: str, *at: str) -> list[str]:
        """What an incident of this kind says, for each that is in force there."""
        return [one.what for one in self.world.on(self.night, kind) if one.at == at]

    def _fail(self, region: str, operation: str, body: Mapping[str, Any], told: Told) -> None:
        if operation in self.happens("denied", region):
            told.failed.add(operation)
            raise AccessDenied("AWS denied it", do=f"Allow inspector2:{operation}.")
        # Throttling begins after the first page, and never on the first request of a scan.
        later = body.get("nextToken") or body.get("accountIds") or operation == "ListMembers"
        if later and operation in self.happens("throttled", region):
            told.failed.add(operation)
            raise Transient("Rate exceeded", throttled=True)

    # What is there.

    def switched(self, region: str, account: str, switch: str, *kinds: str) -> bool:
        """Whether the account scans there; ``kinds`` are the incidents that switch it off."""
        if self.happens("suspended", region, account):
            return False
        return not any(switch in self.happens(kind, region, account) for kind in kinds)

    def listed(self, found: Found) -> bool:
        """Whether Inspector has an active finding, by the switches of its scan type."""
        first = found.on[0]
        switch = dict(KINDS[first.kind].scans)[found.finding.scan]
        silent = "silent" in self.happens("unnamed", first.region, first.account)
        return (
            self.switched(first.region, first.account, switch, "off", "off_quietly") and not silent
        )

    def active(self, region: str) -> list[Found]:
        """The findings of a region that are not closed, by ARN."""
        here = [one for one in self.state.found if one.on[0].region == region and self.listed(one)]
        touched = {key for one in self.world.on(self.night, "touched") for key in one.at}
        late = self.now + timedelta(seconds=30)
        moved = [replace(one, updated=late) if one.finding.key in touched else one for one in here]
        return sorted(moved, key=lambda one: one.arn)

    # Operations.

    def _ListFindings(self, region: str, body: Mapping[str, Any], told: Told) -> Wire:  # noqa: N802 - names of the API, here and below
        criteria = body["filterCriteria"]
        closed = any(
            one == {"comparison": "EQUALS", "value": "CLOSED"} for one in criteria["findingStatus"]
        )
        rows = (
            [one for one in self.state.closed if one.on[0].region == region]
            if closed
            else self.active(region)
        )
        rows = [one for one in rows if self._matches(one, criteria)]
        plain = not criteria.keys() - {"findingStatus"}
        if plain and not closed:
            forgotten = {key for one in self.world.on(self.night, "forgotten") for key in one.at}
            rows = [one for one in rows if one.finding.key not in forgotten]
        page, token = self._page(
            region, rows, body, doubled=not closed and bool(self.happens("doubled", region))
        )
        wires = [wire_of(one, self.state) for one in page]
        told.closed += page if closed else ()
        asked = plain or "findingArn" in criteria  # a scan asks for what a listing forgot
        told.findings += zip(page, wires, strict=True) if asked and not closed else ()
        return {"findings": wires, "nextToken": token} if token else {"findings": wires}

    def _matches(self, found: Found, criteria: Mapping[str, Any]) -> bool:
        fields = {
            "findingStatus": [found.status],
            "awsAccountId": [found.on[0].account],
            "resourceId": [one.id for one in found.on],
            "resourceType": [found.on[0].type],
            "findingArn": [found.arn],
            "severity": [found.severity],
            "findingType": [TYPES[found.finding.scan]],
            "vulnerabilityId": [found.finding.subject],
        }
        for name, tests in criteria.items():
            if name == "updatedAt":
                if not any(
                    one["startInclusive"] <= found.updated.timestamp() <= one["endInclusive"]
                    for one in tests
                ):
                    return False
            elif not any(
                (one["value"] in fields[name]) == (one["comparison"] == "EQUALS") for one in tests
            ):
                return False
        return True

    def _page(
        self, region: str, rows: list[Any], body: Mapping[str, Any], *, doubled: bool = False
    ) -> tuple[list[Any], str]:
        size, token = self.world.page, body.get("nextToken", "0")
        sparse = bool(self.happens("sparse", region))
        if token.endswith("empty"):
            return [], token.removesuffix(" empty")
        first = int(token)
        page = rows[first : first + size]
        if doubled and first + size < len(rows):
            page = [*page, older(rows[first + size])]
        more = first + size < len(rows)
        if sparse and first < len(rows):
            return page, f"{first + size} empty"
        return page, str(first + size) if more else ""

    def _ListCoverage(self, region: str, body: Mapping[str, Any], told: Told) -> Wire:  # noqa: N802
        rows = [
            row
            for one in self.state.resources
            if one.region == region
            for row in self._covered(one)
        ]
        criteria = body.get("filterCriteria", {})
        rows = [
            row
            for row in rows
            if all(
                any(test["value"] == row[name] for test in tests)
                for name, tests in criteria.items()
            )
        ]
        page, token = self._page(region, rows, body)
        told.coverage += page if not criteria else ()
        return {"coveredResources": page} | ({"nextToken": token} if token else {})

    def _covered(self, one: Resource) -> list[Wire]:
        scans = [
            scan
            for scan, switch in KINDS[one.kind].scans
            if self.switched(one.region, one.account, switch, "off")
        ]
        half = next(iter(self.happens("covered", one.key)), "")
        rows = [
            coverage_row(one, scan, half, self.state)
            for scan in (*scans, *(("FIRMWARE",) if one.extra else ()))
        ]
        if half == "none":
            return []
        return [row for row in rows if row["scanType"] == "NETWORK"] if half == "network" else rows

    def _BatchGetAccountStatus(self, region: str, body: Mapping[str, Any], told: Told) -> Wire:  # noqa: N802
        asked = body.get("accountIds") or [ADMIN]
        known = [a for a in asked if a in self.accounts and not self.happens("unnamed", region, a)]
        found = {account: self._status(region, account) for account in known}
        told.statuses |= found
        failed = [{"accountId": a, "errorCode": "INTERNAL_ERROR"} for a in asked if a not in found]
        return {"accounts": list(found.values()), "failedAccounts": failed}

    def _status(self, region: str, account: str) -> Wire:
        suspended = self.happens("suspended", region, account)
        switches = {
            name: {
                "status": "ENABLED"
                if self.switched(region, account, name, "off", "off_quietly")
                else "DISABLED"
            }
            for name in SWITCHES
        }
        return {
            "accountId": account,
            "state": {"status": "SUSPENDED" if suspended else "ENABLED"},
            "resourceState": switches,
        }

    def _ListMembers(self, region: str, body: Mapping[str, Any], told: Told) -> Wire:  # noqa: N802
        return {"members": [{"accountId": one} for one in self.accounts if one != ADMIN]}

    def _ListFindingAggregations(self, region: str, body: Mapping[str, Any], told: Told) -> Wire:  # noqa: N802
        if self.happens("uncounted", region):
            raise AccessDenied("AWS denied it", do="Allow inspector2:ListFindingAggregations.")
        told.counted = True
        return {"responses": counted(self, region, body)}

    def _BatchGetFindingDetails(self, region: str, body: Mapping[str, Any], told: Told) -> Wire:  # noqa: N802
        return {"findingDetails": [{"findingArn": arn} for arn in body["findingArns"]]}


def older(found: Found) -> Found:
    """The finding in an earlier state, as a page read before its last change has it."""
    return replace(found, severity="LOW", updated=found.updated - timedelta(days=1))


def counted(inspector: Inspector, region: str, body: Mapping[str, Any]) -> list[Wire]:
    """Inspector's own counts of active findings, in the groups that were asked for."""
    (name, request), *_ = body["aggregationRequest"].items()
    key = {
        "ec2InstanceAggregation": ("instanceId", "ec2"),
        "awsEcrContainerAggregation": ("resourceId", "ecr"),
        "lambdaFunctionAggregation": ("resourceId", "lambda"),
        "codeRepositoryAggregation": ("resourceId", "code"),
    }.get(name)
    groups: dict[tuple[str, str], list[str]] = {}
    for found in inspector.active(region):
        kinds = (
            request.get("resourceType", found.on[0].type),
            request.get("findingType", TYPES[found.finding.scan]),
        )
        if found.status != "ACTIVE" or kinds != (found.on[0].type, TYPES[found.finding.scan]):
            continue
        for one in found.on if key else found.on[:1]:
            if not key or one.kind == key[1]:
                groups.setdefault((one.account, one.id if key else ""), []).append(found.severity)
    lag = sum(int(what) for what in inspector.happens("lagging", region))
    if lag and not key:
        groups.setdefault((ADMIN, ""), [])
    return [
        {
            name: {
                "accountId": account,
                **({key[0]: one} if key else {}),
                "severityCounts": _counts(some, lag if account == ADMIN else 0),
            }
        }
        for (account, one), some in groups.items()
    ]


def _counts(severities: list[str], lag: int) -> Wire:
    by = {name: severities.count(name.upper()) for name in ("critical", "high", "medium")}
    return by | {"all": max(len(severities) + lag, 0)}
