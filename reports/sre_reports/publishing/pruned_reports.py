"""Marks published reports whose snapshot was pruned. Their numbers stay, with a notice."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from sre_findings.model.timestamps import iso, iso_date
from sre_reports.publishing.index_entries import index_entry
from sre_reports.publishing.report_files import (
    PAGE,
    SUMMARY,
    Shelf,
)

_AFTER = b"</header>"  # text from outside is escaped, so the first match is the report's own


def mark_pruned(shelf: Shelf, pruned: Mapping[str, datetime]) -> int:
    """Marks the published reports of snapshots (id → time of pruning), and returns how many.

    A report that is already marked is unchanged. Its summary is written last, so that the next run
    finishes an interrupted one.
    """
    return sum(
        _mark(shelf, folder, at)
        for day in shelf.days()
        for folder, at in _unmarked(shelf, day, pruned)
    )


def _unmarked(
    shelf: Shelf, day: str, pruned: Mapping[str, datetime]
) -> Iterator[tuple[str, datetime]]:
    """Yields the folder of each report of a date to be marked, and when its snapshot was pruned.

    All reports of a date are of one snapshot. The report for all resources is marked last, because
    it shows whether others may still need marking.
    """
    whole = index_entry(day, shelf.read(day, name=SUMMARY))
    if whole.pruned or (whole.snapshot_id and whole.snapshot_id not in pruned):
        return
    for folder in reversed(shelf.pages(day)):
        one = index_entry(day, shelf.read_in(folder, SUMMARY))
        if one.snapshot_id in pruned and not one.pruned:
            yield folder, pruned[one.snapshot_id]


def _mark(shelf: Shelf, folder: str, at: datetime) -> bool:
    page, summary = shelf.read_in(folder, PAGE), shelf.read_in(folder, SUMMARY)
    if page is None or summary is None:
        return False
    if b'id="pruned"' not in page:
        shelf.replace(folder, PAGE, page.replace(_AFTER, _AFTER + b"\n" + _notice(at).encode(), 1))
    marked = json.loads(summary) | {"pruned_at": iso(at)}
    shelf.replace(folder, SUMMARY, json.dumps(marked, indent=2).encode() + b"\n")
    return True


def _notice(at: datetime) -> str:
    day = html.escape(f"{iso_date(at)}")
    return (
        f'<p class="notice" id="pruned" role="note">The snapshot of this report was pruned on {day}'
        " by the retention policy. The numbers are as published. The report cannot be generated"
        " again, and the snapshot can no longer be queried.</p>"
    )
