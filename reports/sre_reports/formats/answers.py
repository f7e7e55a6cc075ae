"""Answers as JSON, NDJSON and CSV.

Uses only the standard library, because the command line imports this module at start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sre_findings.model.answers.answer import CoverageAnswer, ResourceAnswer, SummaryAnswer
from sre_findings.model.answers.list_answer import AnyListAnswer, ListAnswer
from sre_findings.model.timestamps import iso
from sre_reports.formats.csv.escaping import Cell, csv_text

Answer = ResourceAnswer | SummaryAnswer | CoverageAnswer | AnyListAnswer


class Snapshot(Protocol):
    """The fields of a snapshot in a list of snapshots. A commit of the store has them."""

    @property
    def snapshot_id(self) -> str: ...  # noqa: D102 - documented by Commit
    @property
    def started_at(self) -> datetime: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def claim(self) -> str: ...  # noqa: D102
    @property
    def reasons(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def totals(self) -> Mapping[str, int]: ...  # noqa: D102


_FINDING = (
    "finding_arn",
    "vulnerability_id",
    "severity",
    "status",
    "type",
    "title",
    "packages",
    "installed",
    "fixed_in",
    "fix_available",
    "exploit_available",
    "epss_score",
    "inspector_score",
    "reachability",
    "reachability_reason",
    "first_observed_at",
    "last_observed_at",
    "resource_id",
    "resource_type",
    "resource_name",
    "account_id",
    "region",
)
_COUNTS = ("critical", "high", "medium", "low", "informational", "untriaged", "other", "total")
_SUMS = ("suppressed", "fixable", "exploitable", "resources")


def as_json(answer: Answer) -> str:
    """Returns the answer as ASCII JSON, so that control characters of terminals are escaped.

    docs/schemas has the schema of each command's answer.
    """
    return json.dumps(answer.to_json(), indent=2) + "\n"


def as_ndjson(answer: Answer) -> str:
    """Returns one JSON object per line: a finding, group or gap.

    A summary without groups is one line.
    """
    return "".join(json.dumps(one) + "\n" for one in _things(answer))


def as_csv(answer: Answer | Sequence[Snapshot], *, raw: bool = False) -> str:
    """Returns the findings, groups, gaps or snapshots (newest first) as CSV.

    Formulas are escaped unless ``raw``.
    """
    header, rows = _snapshots(answer) if isinstance(answer, Sequence) else _table(answer)
    return csv_text([header, *rows], raw=raw)


def _things(answer: Answer) -> Iterator[Mapping[str, object]]:
    match answer:
        case ResourceAnswer():
            yield from (one.to_json() for one in answer.findings)
        case SummaryAnswer() if answer.by is None:
            yield answer.to_json()
        case SummaryAnswer():
            yield from (group.to_json() for group in answer.groups)
        case ListAnswer():
            yield from map(dict, answer.items)
        case _:
            yield from answer.to_json()["gaps"]


def _table(answer: Answer) -> tuple[Sequence[str], list[list[Cell]]]:
    match answer:
        case ResourceAnswer():
            return _FINDING, [_finding_cells(one) for one in _flat(answer)]
        case SummaryAnswer():
            return _summary_table(answer)
        case ListAnswer():
            return answer.fields, [
                [_flat_cell(item[name]) for name in answer.fields] for item in answer.items
            ]
        case _:
            gaps = answer.to_json()["gaps"]
            header = (
                "resource_id",
                "resource_type",
                "name",
                "account_id",
                "region",
                "scan_type",
                "status",
                "reason",
                "explanation",
                "remedy",
                "scan_mode",
                "last_scanned_at",
            )
            return header, [[gap[name] for name in header] for gap in gaps]


def _flat_cell(value: Any) -> Cell:
    """Returns a cell as text. Nested values are JSON."""
    return json.dumps(value) if isinstance(value, dict | list | tuple) else value


def _snapshots(listed: Sequence[Snapshot]) -> tuple[Sequence[str], list[list[Cell]]]:
    header = ("snapshot_id", "started_at", "state", "claim", "reasons", "findings", "coverage")
    return header, [_snapshot_cells(one) for one in reversed(listed)]


def _snapshot_cells(one: Snapshot) -> list[Cell]:
    findings, covered = (one.totals.get(name, 0) for name in ("distinct", "coverage"))
    return [
        one.snapshot_id,
        iso(one.started_at),
        one.state,
        one.claim,
        "; ".join(one.reasons),
        findings,
        covered,
    ]


def _flat(answer: ResourceAnswer) -> Iterator[dict[str, Any]]:
    """Yields each finding as a flat object, with its package names as one text."""
    for one in answer.findings:
        names = ", ".join(package.name for package in one.packages)
        yield one.to_json() | {"packages": names or None, "installed": one.installed}


def _finding_cells(flat: dict[str, Any]) -> list[Cell]:
    return [flat[name] for name in _FINDING]


def _summary_table(answer: SummaryAnswer) -> tuple[Sequence[str], list[list[Cell]]]:
    if answer.by is None:
        values = answer.to_json()
        own = ("verdict", "reason", "not_scanned", "snapshot_id", "as_of")
        return (*own, *_COUNTS, *_SUMS), [[values[name] for name in own] + _sums(values)]
    groups = [group.to_json() for group in answer.groups]
    return (answer.by, "name", *_COUNTS, *_SUMS), [
        [one["value"], one["name"], *_sums(one)] for one in groups
    ]


def _sums(values: dict[str, Any]) -> list[Cell]:
    return [values["counts"].get(name, 0) for name in _COUNTS] + [values[name] for name in _SUMS]
