"""Whether Inspector is enabled now where a resource is, for live queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sre_findings.inspector.listing import ACCOUNT_ID, Inspector
from sre_findings.inspector.retry import Tally
from sre_findings.model.coverage.row import SWITCHED_OFF, Coverage
from sre_findings.model.errors import AccessDenied
from sre_findings.model.snapshots.cells import cells_of
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_facts import ENDED, Listing, ShardFacts
from sre_findings.model.snapshots.states import DISABLED, NOT_OPTED_IN, REACHED, Cell


def cells(inspector: Inspector, region: str, accounts: Sequence[str]) -> dict[Cell, str]:
    """Returns the state of each cell of these accounts; without accounts, of the caller's own."""
    return dict(cells_of(Shard(region, region), _facts(inspector, region, accounts)))


def _facts(inspector: Inspector, region: str, accounts: Sequence[str]) -> ShardFacts:
    """Returns the status of Inspector in these accounts, in the form that a scan records."""
    ended, at = Listing(ENDED), "now"
    facts = ShardFacts(
        region, region, at, at, findings=ended, coverage=ended, status=ended, named=accounts
    )
    wanted = [*filter(ACCOUNT_ID.fullmatch, accounts)]
    if accounts and not wanted:
        return facts
    try:
        return replace(facts, accounts=tuple(inspector.statuses(wanted, Tally())))
    except AccessDenied:
        return replace(facts, status=Listing("denied"))


def unread(states: Mapping[Cell, str]) -> list[Gap]:
    """Returns the accounts that could not be read, or in which Inspector is disabled."""
    return [
        Gap(*cell, state)
        for cell, state in states.items()
        if cell.scan_type == "*" and state != REACHED
    ]


def marked(row: Coverage, states: Mapping[Cell, str]) -> Coverage:
    """Returns the row, with the reason SWITCHED_OFF if its scan type is off.

    Inspector can list a scan as ACTIVE although its type is switched off.
    """
    own = states.get(Cell(row.account_id, row.region, row.resource_type, row.scan_type))
    rest = states.get(Cell(row.account_id, row.region, "*", "*"))
    off = own == NOT_OPTED_IN or DISABLED in (own, rest)
    return replace(row, reason=SWITCHED_OFF) if row.active and off else row
