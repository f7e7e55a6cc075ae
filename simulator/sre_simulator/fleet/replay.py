"""A fleet of recorded findings, served unchanged, with coverage derived from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sre_simulator.fleet.cell import RecordedCell
from sre_simulator.fleet.copies import CopiedCell
from sre_simulator.fleet.finding import RecordedRow
from sre_simulator.fleet.organization import Fleet, Wire, enabled
from sre_simulator.fleet.scenarios import last_nights
from sre_simulator.fleet.synthetic_findings import invented_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sre_simulator.fleet.cell import Cell

_SCANS = {
    "PACKAGE_VULNERABILITY": "PACKAGE",
    "NETWORK_REACHABILITY": "NETWORK",
    "CODE_VULNERABILITY": "CODE",
}


def replay_fleet(
    *paths: Path, now: datetime | None = None, copies: int = 1, nights: int = 1
) -> Fleet:
    """Returns a fleet from JSON lines of findings in the form of ListFindings.

    Region and account are those of the ARN. Of findings with the same ARN the last is used. Each
    resource gets ACTIVE coverage for the scan types that found something. The first account in
    numeric order is the delegated administrator; accounts that occur only in awsAccountId are
    members too. With ``copies`` each finding is served this number of times, as findings of other
    resources, with some changes from day to day (see ``copies``).
    """
    rows = [RecordedRow(wire, line) for line, wire in _lines(paths)]
    if not rows:
        raise ValueError(
            f"no findings in {', '.join(map(str, paths)) or 'no files'}: give JSON lines of"
            " ListFindings"
        )
    return _fleet(rows, now, copies, nights)


def invented_fleet(copies: int, *, now: datetime | None = None, nights: int = 1) -> Fleet:
    """Returns a fleet of synthetic findings, 214 per copy, for use without recordings."""
    return _fleet(map(RecordedRow, invented_findings()), now, copies, nights)


def _fleet(rows: Iterable[RecordedRow], now: datetime | None, copies: int, nights: int) -> Fleet:
    found: dict[tuple[str, str], dict[str, RecordedRow]] = {}
    for row in rows:
        found.setdefault((row.arn.split(":")[3], row.account), {})[row.arn] = row
    moments = last_nights(nights, now)
    at = [moment.timestamp() for moment in moments]
    cells: dict[tuple[str, str], Cell] = {
        (region, account): _cell(account, region, list(rows.values()), at, copies)
        for (region, account), rows in found.items()
    }
    named = {row.named_account for rows in found.values() for row in rows.values()}
    accounts = tuple(sorted({account for _, account in cells} | named - {""}))
    regions = tuple(sorted({region for region, _ in cells}))
    return Fleet(
        accounts, regions, accounts[0], moments, cells, {account: enabled() for account in accounts}
    )


def _cell(
    account: str, region: str, rows: list[RecordedRow], nights: list[float], copies: int
) -> Cell:
    covered = _covered(rows, nights[-1])
    return (
        CopiedCell(rows, covered, copies, nights)
        if copies > 1
        else RecordedCell(account, region, rows, covered)
    )


def _lines(paths: tuple[Path, ...]) -> Iterator[tuple[bytes, Wire]]:
    """Yields the lines, to be served unchanged, with their decoded content.

    A line can contain invalid Unicode or numbers.
    """
    for path in paths:
        for line in path.read_bytes().split(b"\n"):
            if line.strip():
                yield line.strip(), json.loads(line.decode(errors="replace"))


def _covered(rows: list[RecordedRow], at: float) -> list[Wire]:
    covered: dict[tuple[str, str], Wire] = {}
    for row in rows:
        wire = row.resource_part
        resource, scan = row.resource, _SCANS.get(str(wire.get("type")), "PACKAGE")
        if not resource.get("id"):
            continue
        covered[resource["id"], scan] = {
            "resourceType": resource.get("type", ""),
            "resourceId": resource["id"],
            "accountId": row.account,
            "scanType": scan,
            "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
            "resourceMetadata": _metadata(resource),
            "lastScannedAt": at - 3600,
        }
    return [covered[key] for key in sorted(covered)]


def _metadata(resource: Wire) -> Wire:
    details, tags = (
        {**found} if isinstance(found := resource.get(name), dict) else {}
        for name in ("details", "tags")
    )
    details = {name: told for name, told in details.items() if isinstance(told, dict)}
    if machine := details.get("awsEc2Instance"):
        kind = "WINDOWS" if str(machine.get("platform")).startswith("WINDOWS") else "LINUX"
        return {"ec2": {"tags": tags, "platform": kind} | _kept(machine, {"imageId": "amiId"})}
    if image := details.get("awsEcrContainerImage"):
        return {
            "ecrRepository": _kept(image, {"repositoryName": "name"}),
            "ecrImage": _kept(image, {"imageTags": "tags"}),
        }
    if function := details.get("awsLambdaFunction"):
        kept = _kept(
            function, {"functionName": "functionName", "runtime": "runtime", "layers": "layers"}
        )
        return {"lambdaFunction": {"functionTags": tags} | kept}
    return {}


def _kept(wire: Wire, names: dict[str, str]) -> Wire:
    return {new: wire[old] for old, new in names.items() if old in wire}
