"""One shape for every answer of the Python API: a sentence, numbers, rows, and the proof of where
they come from."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.answer import CoverageAnswer, Proof, ResourceAnswer, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.answers.verdict import UNKNOWN
from sre_findings.model.errors import SreError
from sre_findings.model.findings.finding import Finding
from sre_findings.model.snapshots.states import COMPLETE

if TYPE_CHECKING:
    import pandas as pd

    from sre_findings.queries.sql import SqlAnswer


class NotKnown(SreError):
    """There is nothing to show, and that does not mean that there is nothing: not all of it was
    read."""


class UnsureWarning(UserWarning):
    """The rows are real, and there may be more: the snapshot is partial, too old, or did not read
    all that was asked about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store says: a ``headline``, ``rows`` of plain data, and numbers beside them in
    ``summary``. Rows by group have the group under its own name (``owner``, ``severity`` …).
    ``total`` counts all rows, those not listed too.

    ``known`` is false where nothing is known; ``doubts`` say why the rows may not be all.
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
        """Whether the rows are all: the source is complete, young enough, and read all that was
        asked about."""
        return self.known and not self.doubts

    @property
    def caption(self) -> str:
        """Where it comes from, in a line: for figures and tables that leave the notebook."""
        moment = f"{self.proof.as_of:%Y-%m-%d %H:%M} UTC" if self.proof.as_of else "no date"
        state = self.proof.state or self.proof.source
        return f"snapshot {self.proof.snapshot_id or 'none'}, {moment}, {state}" + (
            "" if self.sure else "; not sure"
        )

    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame; its ``attrs`` carry the headline and the proof.

        Raises NotKnown where it would be empty although not everything was read. Warns
        (UnsureWarning) where rows may be missing. Raises UsageError without pandas.
        """
        from sre_findings.api.frames import frame_of

        if not self.rows and not self.sure:
            # a headline says itself that there is no snapshot
            why = "; ".join(self.doubts) if self.proof.snapshot_id else ""
            raise NotKnown(self.headline.rstrip("."), why=why, do="That is not the same as none.")
        made = frame_of(self.rows, self.fields, typed=self.typed)
        made.attrs.update(self.attrs())
        if self.doubts:
            warnings.warn(
                f"{self.headline} Not sure: {'; '.join(self.doubts)}.", UnsureWarning, stacklevel=2
            )
        return made

    def attrs(self) -> dict[str, Any]:
        """What a frame carries beside its rows: ``snapshot_id``, ``as_of``, ``age_seconds``,
        ``certificate``, ``unread`` …"""
        told = {
            "headline": self.headline,
            "known": self.known,
            "sure": self.sure,
            "doubts": [*self.doubts],
        }
        return told | {"total": self.total, "caption": self.caption} | self.proof.to_json()

    def to_json(self) -> dict[str, Any]:
        """The object that ``sre-cli … --output json`` prints for the same question."""
        return dict(self.json)

    def __str__(self) -> str:
        return "\n".join(
            [
                self.headline,
                *self.notes,
                *(f"Not sure: {one}." for one in self.doubts),
                f"({self.caption})",
            ]
        )

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(line) for line in str(self).splitlines())
        return f"<p><strong>{first}</strong>{''.join(f'<br>{line}' for line in rest)}</p>"


def of_list(answer: ListAnswer, group: str = "") -> Answer:
    """An answer that is a list. ``group`` is the column's name for what the JSON calls
    ``value``."""
    rows = [_grouped(row, group) for row in answer.items] if group else answer.items
    fields = [group if group and name == "value" else name for name in answer.fields]
    return Answer(
        answer.headline,
        rows,
        fields,
        answer.total,
        answer.proof,
        answer.to_json(),
        answer.summary,
        answer.notes,
        answer.known,
        doubts_of(answer.proof),
    )


def of_summary(answer: SummaryAnswer) -> Answer:
    """Counts of everything in one row, or a row a group. Nothing where nothing is known: a row of
    zeroes would read as clean."""
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
        f"{answer.rollup.counts.total:,} open findings on {answer.rollup.resources:,} resources"
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
    """The findings of one resource, with its verdict and counts beside them."""
    values = answer.to_json()
    known = answer.verdict.verdict != UNKNOWN
    counts = f"{answer.rollup.counts.total:,} open findings, " if known else ""
    name = answer.resource.name or answer.resource.resource_id
    doubts = [
        *doubts_of(answer.proof),
        *(["not all that the question touches was read"] if answer.incomplete else []),
    ]
    doubts += (
        [f"there may be more ({answer.verdict.doubt.replace('_', ' ')})"]
        if answer.verdict.doubt
        else []
    )
    doubts += ["Inspector did not answer; the snapshot does"] if answer.stale else []
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
    """What is not scanned, a row a resource and scan type."""
    values = answer.to_json()
    summary = {name: values[name] for name in ("scanned", "not_scanned", "cells")}
    headline = (
        f"{values['scanned']:,} resources are scanned, {values['not_scanned']:,} are not or not"
        " fully."
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
    """The rows of a query of one's own; what is neither a number nor a text is DuckDB's text of
    it."""
    values = answer.to_json()
    cut = "; there are more" if answer.cut else ""
    return Answer(
        f"{len(answer.rows):,} rows{cut}.",
        values["rows"],
        answer.columns,
        len(answer.rows),
        answer.proof,
        values,
        doubts=doubts_of(answer.proof),
        typed=False,
    )


def doubts_of(proof: Proof) -> list[str]:
    """Why an answer with this proof may not be all, a clause each; empty where it is sure."""
    return [] if proof.sure else list(_doubts(proof))


def _doubts(proof: Proof) -> Iterator[str]:
    if proof.snapshot_id is None:
        yield "there is no snapshot"
    elif proof.state != COMPLETE:
        yield "the snapshot is partial" + (
            f" ({'; '.join(proof.reasons)})" if proof.reasons else ""
        )
    if proof.too_old:
        yield f"the snapshot is {(proof.age_seconds or 0) // 3600:,} h old, older than allowed"
    yield from proof.unread


def _unscanned(answer: SummaryAnswer) -> list[str]:
    """What the counts cannot hold."""
    many = answer.uncovered + answer.doubtful
    return (
        [f"{many:,} resources are not fully scanned, or were not lately: see coverage()."]
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
    """The counts by severity beside the other numbers."""
    return {
        name: value
        for key, each in values.items()
        for name, value in (each.items() if key == "counts" else [(key, each)])
    }


def _grouped(row: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The row with its group under the group's own name; empty for what has none, such as no
    owner."""
    return {
        by if key == "value" else key: (each or "") if key == "value" else each
        for key, each in row.items()
    }
