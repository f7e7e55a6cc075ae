"""The most vulnerable resources, accounts and owners, each with a bar of its findings."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sre_findings.model.answers.answer import Group
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.pictures.charts import stack

WIDTH = 240  # width of the longest bar, in SVG units
LEAST = 12  # minimum width of a bar, so that a few findings stay visible
GROUPS = 12  # accounts or owners in a report; the command line lists all


class Piece(NamedTuple):
    """A segment of a bar: its severity, start and width."""

    name: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: a resource, account or owner with its counts and its bar.

    ``label`` is the bar in words. ``late`` is the number of overdue findings, None if unknown. Only
    resources have ``where``, which is their account, ``region`` and ``command``.
    """

    value: str
    name: str
    rollup: Rollup
    late: int | None
    label: str
    pieces: Sequence[Piece]
    where: str = ""
    region: str = ""
    command: str = ""


def resources(material: Material) -> list[Bar]:
    """Returns the most vulnerable resources."""
    some = [held for held in material.resources if held.rollup.counts.total]
    most = _most(held.rollup for held in some)
    return [
        replace(
            _bar(held.place.resource_id, held.place.name, held.rollup, most, held.lateness.late),
            where=_account(material, held.place.account_id),
            region=held.place.region,
            command=f"sre-cli vulnerabilities -i {shlex.quote(held.place.resource_id)}",
        )
        for held in some
    ]


def _account(material: Material, account_id: str) -> str:
    return next(
        (
            group.name
            for group in material.accounts.groups
            if group.value == account_id and group.name
        ),
        account_id,
    )


def accounts(material: Material) -> list[Bar]:
    """Returns the most vulnerable accounts."""
    return _bars(
        material.accounts.groups,
        {one.get("account", ""): one["late"] for one in material.late_by_account.items},
    )


def owners(material: Material) -> list[Bar]:
    """Returns the most vulnerable owners. Unassigned resources have an empty value."""
    return _bars(
        material.owners.groups, {one.get("owner", ""): one["late"] for one in material.late.items}
    )


def _bars(groups: Sequence[Group], late: Mapping[str, int]) -> list[Bar]:
    some = [group for group in groups if group.rollup.counts.total][:GROUPS]
    most = _most(group.rollup for group in some)
    return [
        _bar(group.value, group.name, group.rollup, most, late.get(group.value)) for group in some
    ]


def _most(rollups: Iterable[Rollup]) -> int:
    return max((one.counts.total for one in rollups), default=0)


def _bar(value: str, name: str, rollup: Rollup, most: int, late: int | None) -> Bar:
    """Returns one line.

    ``most`` is the total of the longest bar: all bars of a table share one scale.
    """
    label = ", ".join(
        f"{count:,} {severity}" for severity, count in wording.by_severity(rollup.counts)
    )
    segments = stack(rollup.counts.by_rank(), max(LEAST, WIDTH * rollup.counts.total / most))
    pieces = [Piece(wording.SEVERITIES[one.place], one.x, one.width) for one in segments]
    return Bar(value, name, rollup, late, label, pieces)
