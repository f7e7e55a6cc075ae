"""Publishes the reports of a snapshot with their data files, then the index of all reports.

``summary.json`` is the output of ``sre-cli summary --output json`` with ``changes``, ``late`` and
``files``: the number of findings, size and SHA-256 of each file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sre_findings.model.answers.answer import SummaryAnswer
from sre_findings.model.errors import UsageError
from sre_findings.model.timestamps import iso
from sre_findings.nightly.report import Material
from sre_reports.formats.registry import Options, write_export
from sre_reports.html_report.html import EMBEDDED
from sre_reports.publishing.editions import Editions
from sre_reports.publishing.index_entries import IndexEntry, index_entry
from sre_reports.publishing.index_page import render_index
from sre_reports.publishing.report_files import (
    CSV,
    PAGE,
    PARQUET,
    SUMMARY,
    WHOLE,
    Shelf,
    View,
)

SCHEMA = "sre-operations-assistant/report/v1"
_AT_ONCE, _TRIES = 8, 5
_PIECE = 1 << 20

Render = Callable[[Material, datetime], str]
"""Renders a report, as :func:`sre_reports.html_report.html.render` does."""


@dataclass(frozen=True, slots=True)
class Press:
    """Where and how to publish reports, and the generation time that they show.

    ``day`` is the date, empty for a folder with a single date. ``alone`` means that the folder
    has a single view at its root.
    """

    shelf: Shelf
    render: Render
    at: datetime
    day: str
    again: bool = False
    alone: bool = False

    def place(self, view: View) -> View:
        """Returns the view that determines the folder."""
        return WHOLE if self.alone else view


def publish(editions: Editions, view: View, press: Press) -> SummaryAnswer:
    """Publishes the report of a view with its data files, and returns its summary.

    Raises UsageError if it is already published, unless ``press.again``. After an error, the
    previous report is unchanged.
    """
    place = press.place(view)
    press.shelf.refuse(press.day, place, again=press.again)
    material = editions.material(view, EMBEDDED)
    with press.shelf.write(press.day, place, again=press.again) as files:
        written = {
            name: _export(editions, view, form, files[name])
            for name, form in ((CSV, "csv"), (PARQUET, "parquet"))
        }
        summary = summary_of(material, editions.day, press.at) | {"files": written}
        files[SUMMARY].write(json.dumps(summary, indent=2).encode() + b"\n")
        files[PAGE].write(press.render(material, press.at).encode())
    return material.summary


def wanted(editions: Editions, views: Sequence[View], press: Press) -> list[View]:
    """Returns the views that are not published yet, as after an interrupted run.

    Returns all views with ``press.again``. Raises UsageError if none is left, or if a published one
    is of another snapshot.
    """
    there = [] if press.again else [view for view in views if press.shelf.has(press.day, view)]
    if len(there) == len(views):
        press.shelf.refuse(press.day, views[0], again=False)
    for view in there:
        before = index_entry(press.day, press.shelf.read(press.day, view, SUMMARY)).snapshot_id
        if before != editions.snapshot_id:
            why = f"it is of snapshot {before or 'unknown'}, not of {editions.snapshot_id}"
            raise UsageError(
                f"the report for {view} is already published for {press.day}",
                why=why,
                do="Replace all with --again.",
            )
    return [view for view in views if view not in there]


def missing(editions: Editions, views: Sequence[View], press: Press) -> list[View]:
    """Returns the views whose report is missing or of another snapshot.

    These are left to publish after a scan.
    """

    def of(view: View) -> str | None:
        return index_entry(press.day, press.shelf.read(press.day, view, SUMMARY)).snapshot_id

    return [
        view
        for view in views
        if not press.shelf.has(press.day, view) or of(view) != editions.snapshot_id
    ]


def summary_of(material: Material, day: str, at: datetime) -> dict[str, Any]:
    """Returns the content of ``summary.json`` except ``files``."""
    return {
        "schema": SCHEMA,
        "night": day,
        "owner": material.owner,
        "account": material.account,
        "generated_at": iso(at),
        **material.summary.to_json(),
        "changes": dict(material.changes.facts),
        "late": {name: value for name, value in material.late.facts.items() if name != "policy"},
        "policy": material.policy.to_json(),
    }


def _export(editions: Editions, view: View, form: str, file: BinaryIO) -> dict[str, Any]:
    """Exports all open findings of a view, and returns the entry for ``files``."""
    proof, batches = editions.rows(view)
    rows = write_export(Options(form), proof, batches, file)
    length, digest = file.tell(), hashlib.sha256()
    file.seek(0)
    while piece := file.read(_PIECE):
        digest.update(piece)
    return {"findings": rows, "bytes": length, "sha256": digest.hexdigest()}


def publish_list(shelf: Shelf, at: datetime) -> str:
    """Rebuilds the index from the summary of each report, and returns its location.

    A report whose snapshot was pruned keeps its line, with a notice. Starts again if another report
    is published meanwhile.
    """
    place, days = "", shelf.days()
    for _ in range(_TRIES):
        place = shelf.write_list(render_index(_entries(shelf, days), at))
        before, days = days, shelf.days()
        if days == before:
            break
    return place


def _entries(shelf: Shelf, days: list[str]) -> list[IndexEntry]:
    """Returns the index entries of all published reports."""

    def entry(day: str) -> IndexEntry | None:
        return index_entry(day, shelf.read(day, name=SUMMARY)) if shelf.has(day) else None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [one for one in pool.map(entry, days) if one is not None]
