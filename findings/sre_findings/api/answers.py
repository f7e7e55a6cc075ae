"""The answer type of the Python API: a headline, rows, further numbers, and the provenance."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.answer import CoverageAnswer, Proof, ResourceAnswer, SummaryAnswer
from sre_findings.model.answers.list_answer import AnyListAnswer
from sre_findings.model.answers.verdict import UNKNOWN
from sre_findings.model.errors import SreError
from sre_findings.model.findings.finding import Finding
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import utc_minute

if TYPE_CHECKING:
    import pandas as pd

    from sre_findings.queries.user_sql import SqlAnswer


class NotKnown(SreError):
    """The result is empty, but not everything was read: it is unknown, not an all-clear."""


class UnsureWarning(UserWarning):
    """Rows may be missing: the snapshot is partial or stale, or did not read the whole scope."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a query.

    - ``headline`` is the result in one sentence; ``notes`` are further sentences.
    - ``rows`` are dictionaries with the keys ``fields``. Rows of a group have the group's value
      under its name (``owner``, ``severity`` …).
    - ``total`` is the number of all rows, including those beyond ``count``.
    - ``summary`` has further numbers, such as totals.
    - ``known`` is False if the result is unknown; ``doubts`` are the reasons why rows may be
      missing.
    - ``proof`` is the provenance, and ``json`` the result as ``sre-cli`` prints it.
    - ``typed`` is whether the types of a frame's columns follow from their names.
    """

    headline: str
    rows: Sequence[Mapping[str, Any]]
    fields: Sequence[str]
    total: int
    proof: Proof
    json: Mapping[str, Any] = field(repr=False)
    summary: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    known: bool = True
    doubts: Sequence[str] = ()
    typed: bool = True

    @property
    def sure(self) -> bool:
        """Whether the rows are complete: the source is complete and fresh, and the whole scope was
        read."""
        return self.known and not self.doubts

    @property
    def caption(self) -> str:
        """The provenance as one line, for captions of figures and tables."""
        moment = utc_minute(self.proof.as_of) if self.proof.as_of else "no date"
        state = self.proof.state or self.proof.source
        return f"snapshot {self.proof.snapshot_id or 'none'}, {moment}, {state}" + (
            "" if self.sure else "; not sure"
        )

    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame, with the headline and the provenance in its ``attrs``.

        Raises NotKnown if it would be empty although not everything was read, and UsageError if
        pandas is not installed. Issues an UnsureWarning if rows may be missing.
        """
        from sre_findings.api.frames import frame_of

        if not self.rows and not self.sure:
            # a headline says itself that there is no snapshot
            why = "; ".join(self.doubts) if self.proof.snapshot_id else ""
            raise NotKnown(self.headline.rstrip("."), why=why, do="This is not an all-clear.")
        made = frame_of(self.rows, self.fields, typed=self.typed)
        made.attrs.update(self.attrs())
        if self.doubts:
            warnings.warn(
                f"{self.headline} Rows may be missing: {'; '.join(self.doubts)}.",
                UnsureWarning,
                stacklevel=2,
            )
        return made

    def attrs(self) -> dict[str, Any]:
        """The ``attrs`` of a frame: ``snapshot_id``, ``as_of``, ``age_seconds``, ``certificate``,
        ``unread`` …"""
        told = {
            "headline": self.headline,
            "known": self.known,
            "sure": self.sure,
            "doubts": [*self.doubts],
        }
        return told | {"total": self.total, "caption": self.caption} | self.proof.to_json()

    def to_json(self) -> dict[str, Any]:
        """The object that ``sre-cli … --output json`` prints for the same query."""
        return dict(self.json)

    def __str__(self) -> str:
        return "\n".join(
            [
                self.headline,
                *self.notes,
                *(f"Rows may be missing: {one}." for one in self.doubts),
                f"({self.caption})",
            ]
        )

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(line) for line in str(self).splitlines())
        return f"<p><strong>{first}</strong>{''.join(f'<br>{line}' for line in rest)}</p>"


def of_list(answer: AnyListAnswer, group: str = "") -> Answer:
    """The answer for a list. ``group`` is the column name for the JSON key ``value``."""
    rows = [_grouped(row, group) for row in answer.items] if group else answer.items
    fields = [group if group and name == "value" else name for name in answer.fields]
    return Answer(
        answer.headline,
        rows,
        fields,
        answer.total,
        answer.proof,
        answer.to_json(),
        answer.summary or {},
        answer.notes,
        answer.known,
        doubts_of(answer.proof),
    )


def of_summary(answer: SummaryAnswer) -> Answer:
    """The answer for a summary: one row, or one row per group. No rows if the result is unknown,
    because a row of zeros would be a false all-clear."""
    values = answer.to_json()
    numbers = _flat(
        {name: values[name] for name in (*_NUMBERS, "resources", "not_scanned", "doubtful")}
    )
    whole = {"verdict": answer.verdict.verdict, "reason": answer.verdict.reason, **numbers}
    rows = (
        [_grouped(_flat(group.to_json()), answer.by) for group in answer.groups]
        if answer.by
        else [whole]
    )
    known = answer.verdict.verdict != UNKNOWN
    counted = (
        f"{_count(answer.rollup.counts.total, 'open finding')}"
        f" on {_count(answer.rollup.resources, 'resource')}"
        if known
        else "Unknown"
    )
    return Answer(
        f"{counted}: {answer.verdict.explanation}.",
        rows if known else [],
        [answer.by] if answer.by else [*whole],
        len(rows) if known else 0,
        answer.proof,
        values,
        whole,
        [*answer.verdict.notes, *_unscanned(answer)],
        known,
        doubts_of(answer.proof),
    )


def of_resource(answer: ResourceAnswer) -> Answer:
    """The answer for one resource: its findings, with the verdict and counts in ``summary``."""
    values = answer.to_json()
    known = answer.verdict.verdict != UNKNOWN
    counts = f"{_count(answer.rollup.counts.total, 'open finding')}, " if known else ""
    name = answer.resource.name or answer.resource.resource_id
    doubts = [
        *doubts_of(answer.proof),
        *(["not everything in the query's scope was read"] if answer.incomplete else []),
    ]
    doubts += (
        [f"there may be more findings ({answer.verdict.doubt.replace('_', ' ')})"]
        if answer.verdict.doubt
        else []
    )
    doubts += ["Inspector did not respond; this is from the snapshot"] if answer.stale else []
    return Answer(
        f"{name}: {counts}{answer.verdict.verdict} ({answer.verdict.explanation}).",
        values["findings"],
        tuple(Finding.__slots__),
        answer.total_findings,
        answer.proof,
        values,
        _flat({one: values[one] for one in (*_RESOURCE, *_NUMBERS)}),
        answer.verdict.notes,
        known,
        doubts,
    )


def of_coverage(answer: CoverageAnswer) -> Answer:
    """The answer for coverage gaps: one row per resource and scan type."""
    values = answer.to_json()
    summary = {name: values[name] for name in ("scanned", "not_scanned", "cells")}
    headline = (
        f"{_count(values['scanned'], 'resource')} scanned, {values['not_scanned']:,} not or only"
        " partly scanned."
    )
    return Answer(
        headline,
        values["gaps"],
        ("resource_id",),
        len(answer.gaps),
        answer.proof,
        values,
        summary,
        known=answer.proof.snapshot_id is not None,
        doubts=doubts_of(answer.proof),
    )


def of_sql(answer: SqlAnswer) -> Answer:
    """The answer for a SQL query. Values that are neither numbers nor texts are in DuckDB's text
    form."""
    values = answer.to_json()
    cut = "; there are more" if answer.cut else ""
    return Answer(
        f"{_count(len(answer.rows), 'row')}{cut}.",
        values["rows"],
        answer.columns,
        len(answer.rows),
        answer.proof,
        values,
        doubts=doubts_of(answer.proof),
        typed=False,
    )


def doubts_of(proof: Proof) -> list[str]:
    """The reasons why rows may be missing with this provenance; none if they are complete."""
    return [] if proof.sure else list(_doubts(proof))


def _doubts(proof: Proof) -> Iterator[str]:
    if proof.snapshot_id is None:
        yield "there is no snapshot"
    elif proof.state != COMPLETE:
        yield "the snapshot is partial" + (
            f" ({'; '.join(proof.reasons)})" if proof.reasons else ""
        )
    if proof.in_future:
        yield proof.not_fresh
    elif proof.too_old:
        yield f"the snapshot is stale ({(proof.age_seconds or 0) // 3600:,} h old)"
    yield from proof.unread


def _count(number: int, noun: str) -> str:
    """The number with its noun in singular or plural."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _unscanned(answer: SummaryAnswer) -> list[str]:
    """Notes about resources that are missing in the counts."""
    many = answer.uncovered + answer.doubtful
    return (
        [f"{_count(many, 'resource')} not or only partly scanned, or not recently: see coverage()."]
        if many
        else []
    )


_NUMBERS = ("counts", "suppressed", "fixable", "exploitable", "kev", "kev_unchecked")
_RESOURCE = (
    "resource_id",
    "resource_type",
    "name",
    "account_id",
    "region",
    "verdict",
    "reason",
    "total_findings",
)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with ``counts`` flattened into one key per severity."""
    return {
        name: value
        for key, each in values.items()
        for name, value in (each.items() if key == "counts" else [(key, each)])
    }


def _grouped(row: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The row with its group under the group's name; an empty text without a group, such as for
    unassigned resources."""
    return {
        by if key == "value" else key: (each or "") if key == "value" else each
        for key, each in row.items()
    }
