"""Resources, accounts and owners that carry most, each with its bar."""

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

WIDTH = 240  # of a full bar, in the units of its drawing
LEAST = 12  # of any bar: one of a few findings can still be seen
GROUPS = 12  # accounts or owners that a page shows; the command line lists them all


class Piece(NamedTuple):
    """A piece of a bar: the severity that it stands for, where it begins, and how wide it is."""

    name: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: what it is, its counts, the bar that shows them and ``label``, which says the bar
    in words.

    ``find`` leads to its findings in the table; ``late`` is None where it is not known. ``where``
    and ``command`` are of resources alone.
    """

    value: str
    name: str
    rollup: Rollup
    late: int | None
    label: str
    pieces: Sequence[Piece]
    where: str = ""
    command: str = ""


def resources(night: Material) -> list[Bar]:
    """The worst resources."""
    some = [held for held in night.resources if held.rollup.counts.total]
    most = _most(held.rollup for held in some)
    return [
        replace(
            _bar(held.place.resource_id, held.place.name, held.rollup, most, held.lateness.late),
            where=f"{_account(night, held.place.account_id)} {held.place.region}",
            command=f"sre-cli vulnerabilities -i {shlex.quote(held.place.resource_id)}",
        )
        for held in some
    ]


def _account(night: Material, account_id: str) -> str:
    return next(
        (group.name for group in night.accounts.groups if group.value == account_id and group.name),
        account_id,
    )


def accounts(night: Material) -> list[Bar]:
    """The worst accounts."""
    return _bars(
        night.accounts.groups, {one["account"]: one["late"] for one in night.late_by_account.items}
    )


def owners(night: Material) -> list[Bar]:
    """The worst owners; what nobody owns has no value."""
    return _bars(night.owners.groups, {one["owner"]: one["late"] for one in night.late.items})


def _bars(groups: Sequence[Group], late: Mapping[str, int]) -> list[Bar]:
    some = [group for group in groups if group.rollup.counts.total][:GROUPS]
    most = _most(group.rollup for group in some)
    return [
        _bar(group.value, group.name, group.rollup, most, late.get(group.value)) for group in some
    ]


def _most(rollups: Iterable[Rollup]) -> int:
    return max((one.counts.total for one in rollups), default=0)


def _bar(value: str, name: str, rollup: Rollup, most: int, late: int | None) -> Bar:
    """All bars of a table have one scale."""
    label = ", ".join(
        f"{count:,} {severity}" for severity, count in wording.by_severity(rollup.counts)
    )
    segments = stack(rollup.counts.by_rank(), max(LEAST, WIDTH * rollup.counts.total / most))
    pieces = [Piece(wording.SEVERITIES[one.place], one.x, one.width) for one in segments]
    return Bar(value, name, rollup, late, label, pieces)
