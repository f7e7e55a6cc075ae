"""Publishing a night: its page with the files beside it, then the page that lists every night.

``summary.json`` is what ``sre-cli summary --output json`` prints, with ``changes``, ``late`` and
``files`` beside it: how many findings each file holds, how long it is, and its SHA-256, so that
files of two runs can be told apart.
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
from sre_findings.model.findings.finding import iso
from sre_findings.nightly.report import Material
from sre_reports.formats.registry import Options, write_export
from sre_reports.page.html import EMBEDDED
from sre_reports.publishing.editions import Editions
from sre_reports.publishing.index_entries import Night, night_of
from sre_reports.publishing.index_page import render_nights
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
"""Makes the page of a night, as :func:`sre_reports.page.render` does."""


@dataclass(frozen=True, slots=True)
class Press:
    """Where pages go, what makes them, and when that is.

    ``night`` is empty for a folder that holds one night, ``alone`` says that it holds one view,
    whichever that is.
    """

    shelf: Shelf
    render: Render
    at: datetime
    night: str
    again: bool = False
    alone: bool = False

    def place(self, view: View) -> View:
        """The view in whose place the page of this one lies."""
        return WHOLE if self.alone else view


def publish(editions: Editions, view: View, press: Press) -> SummaryAnswer:
    """Writes the page of a view and the files beside it, all of one snapshot, and returns what the
    page is about.

    Unless it is done ``again``, raises UsageError where the page is there. An error leaves what was
    there before.
    """
    place = press.place(view)
    press.shelf.refuse(press.night, place, again=press.again)
    material = editions.material(view, EMBEDDED)
    with press.shelf.write(press.night, place, again=press.again) as files:
        written = {
            name: _export(editions, view, form, files[name])
            for name, form in ((CSV, "csv"), (PARQUET, "parquet"))
        }
        summary = summary_of(material, editions.night, press.at) | {"files": written}
        files[SUMMARY].write(json.dumps(summary, indent=2).encode() + b"\n")
        files[PAGE].write(press.render(material, press.at).encode())
    return material.summary


def wanted(editions: Editions, views: Sequence[View], press: Press) -> list[View]:
    """Those of the views that are still to be published, as after a run that broke off; all of them
    ``again``.

    Raises UsageError where nothing is left to do, or what is there was made of another snapshot.
    """
    there = [] if press.again else [view for view in views if press.shelf.has(press.night, view)]
    if len(there) == len(views):
        press.shelf.refuse(press.night, views[0], again=False)
    for view in there:
        before = night_of(press.night, press.shelf.read(press.night, view, SUMMARY)).snapshot_id
        if before != editions.snapshot_id:
            why = f"it is of snapshot {before or 'unknown'}, and this is {editions.snapshot_id}"
            raise UsageError(
                f"the report of {view} is published for {press.night} already",
                why=why,
                do="Replace all with --again.",
            )
    return [view for view in views if view not in there]


def missing(editions: Editions, views: Sequence[View], press: Press) -> list[View]:
    """Those of the views whose page is not there, or is of another snapshot: what a run that
    follows a scan has left to do."""

    def of(view: View) -> str | None:
        return night_of(press.night, press.shelf.read(press.night, view, SUMMARY)).snapshot_id

    return [
        view
        for view in views
        if not press.shelf.has(press.night, view) or of(view) != editions.snapshot_id
    ]


def summary_of(material: Material, night: str, at: datetime) -> dict[str, Any]:
    """What a program wants to know of a night, all but the files."""
    return {
        "schema": SCHEMA,
        "night": night,
        "owner": material.owner,
        "account": material.account,
        "generated_at": iso(at),
        **material.summary.to_json(),
        "changes": dict(material.changes.summary),
        "late": {name: value for name, value in material.late.summary.items() if name != "policy"},
        "policy": material.policy.to_json(),
    }


def _export(editions: Editions, view: View, form: str, file: BinaryIO) -> dict[str, Any]:
    """Every open finding of the view into the file, and what then is in it."""
    proof, batches = editions.rows(view)
    rows = write_export(Options(form), proof, batches, file)
    length, digest = file.tell(), hashlib.sha256()
    file.seek(0)
    while piece := file.read(_PIECE):
        digest.update(piece)
    return {"findings": rows, "bytes": length, "sha256": digest.hexdigest()}


def publish_list(shelf: Shelf, at: datetime) -> str:
    """Makes the page of all nights anew from what lies beside each, and tells where it is.

    A night whose snapshot was pruned keeps its line, which says so. If another night is published
    meanwhile, it starts again.
    """
    place, nights = "", shelf.nights()
    for _ in range(_TRIES):
        place = shelf.write_list(render_nights(_told(shelf, nights), at))
        before, nights = nights, shelf.nights()
        if nights == before:
            break
    return place


def _told(shelf: Shelf, nights: list[str]) -> list[Night]:
    """The nights that have a page, each as its summary tells it."""

    def told(night: str) -> Night | None:
        return night_of(night, shelf.read(night, name=SUMMARY)) if shelf.has(night) else None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [one for one in pool.map(told, nights) if one is not None]
