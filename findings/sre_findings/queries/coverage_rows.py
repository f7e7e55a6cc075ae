"""Rows of coverage from a snapshot. Those of a scan type that is switched off are marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sre_findings.model.coverage.gaps import missing_scan, scan_gap, unlisted_scan
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import CLOCKS_DIFFER, RULES, STRICT_LIMIT
from sre_findings.model.snapshots.states import DISABLED
from sre_findings.model.sql_parameters import parameters
from sre_findings.rows.values import coverage_of
from sre_findings.sources.sources import Found
from sre_findings.store.snapshots.reader import Commit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIMITS = [
    (f"{kind}|{scan}", limit) for kind, rule in RULES.items() for scan, limit in rule.limits.items()
]
_RULES = {
    "judged": sorted(RULES),
    "proofs": [f"{kind}|{rule.proof}" for kind, rule in RULES.items() if rule.proof],
    "scans": [name for name, _ in _LIMITS],
    "unlimited": [name for name, limit in _LIMITS if limit is None],
}


def of_resource(found: Found, place: Mapping[str, Any]) -> list[Coverage]:
    """The rows of one resource."""
    rows = found.engine.rows("resource_coverage", disabled=_disabled(found.commit), **place)
    return [coverage_of(row) for row in rows]


def of_owners(found: Found, owners: Sequence[str]) -> Iterator[Coverage]:
    """The rows of all resources, or of those of some owners."""
    rows = found.engine.rows(
        "coverage_of_owners", disabled=_disabled(found.commit), **parameters(owners=owners)
    )
    return map(coverage_of, rows)


def unlisted_of_owners(found: Found, owners: Sequence[str]) -> Iterator[Coverage]:
    """A row for each resource with findings that coverage does not list."""
    for row in found.engine.rows("coverage_unlisted", **parameters(owners=owners)):
        place = (row["account_id"], row["region"], row["resource_type"], row["resource_id"])
        yield unlisted_scan(*place, row["name"])


def gaps(found: Found, owners: Sequence[str], unlisted: Sequence[Coverage]) -> list[Coverage]:
    """The scans that prove nothing, with the reasons, ordered by reason and resource.

    ``unlisted`` are those of :func:`unlisted_of_owners`.
    """
    commit = found.commit
    rows = found.engine.rows(
        "coverage_gaps",
        disabled=_disabled(commit),
        earliest_us=_microseconds(commit.started_at - STRICT_LIMIT),
        latest_us=_microseconds(commit.ended_at + CLOCKS_DIFFER),
        **_RULES,
        **parameters(owners=owners),
    )
    return sorted(
        [*_gaps(rows, commit), *unlisted],
        key=lambda row: (row.reason, row.account_id, row.region, row.resource_id, row.scan_type),
    )


def _gaps(rows: Iterable[Mapping[str, Any]], commit: Commit) -> Iterator[Coverage]:
    lacking: dict[tuple[str, str, str, str], list[Coverage]] = {}
    for values in rows:
        row = coverage_of(values)
        if gap := scan_gap(row, commit.started_at, commit.ended_at):
            yield gap
        if values["lacking"]:
            lacking.setdefault(row.place, []).append(row)
    yield from filter(None, map(missing_scan, lacking.values()))


def _disabled(commit: Commit) -> list[str] | None:
    """The accounts in which Inspector is disabled, each with its region."""
    found = [
        f"{gap.account_id}|{gap.region}"
        for gap in commit.gaps
        if gap.resource_type == "*" and gap.state == DISABLED
    ]
    return found or None


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
