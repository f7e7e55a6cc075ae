"""The published index: rebuilt from the store, even with concurrent publishers."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sre_reports.publishing.index_page import render_index
from sre_reports.publishing.publisher import publish_list
from sre_reports.publishing.report_files import (
    PAGE,
    SUMMARY,
    Shelf,
    View,
    shelf_in,
)

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return shelf_in(tmp_path)


def put(shelf: Shelf, night: str, view: View = View()) -> None:  # noqa: B008 - View is frozen
    with shelf.write(night, view) as files:
        files[PAGE].write(b"a page")
        files[SUMMARY].write(json.dumps({"verdict": "clean", "counts": {"critical": 0}}).encode())


def listed(shelf: Shelf) -> list[str]:
    """The dates to which the index links."""
    return re.findall(
        r'href="([\d-]+)/index.html"', shelf.blobs.read("reports/index.html").decode()
    )


def test_a_report_is_listed_once_it_is_complete(shelf: Shelf) -> None:
    put(shelf, "2026-11-21")
    put(shelf, "2026-11-22", View("owner", "payments"))
    with shelf.blobs.write("reports/2026-11-20/summary.json") as file:
        file.write(b"{}")  # a publisher was killed before it wrote index.html
    assert publish_list(shelf, AT).endswith("/reports/index.html")
    assert listed(shelf) == ["2026-11-21"], "a link that leads nowhere is no line"


def test_a_report_published_meanwhile_is_in_the_index(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shelf, "2026-11-21")
    calls = list[int]()

    def slow(*arguments: object) -> str:
        made = render_index(*arguments)  # type: ignore[arg-type]  # passes its arguments on
        if not calls:
            put(shelf, "2026-11-22")
        calls.append(1)
        return made

    monkeypatch.setattr("sre_reports.publishing.publisher.render_index", slow)
    publish_list(shelf, AT)
    assert listed(shelf) == ["2026-11-22", "2026-11-21"]
    assert len(calls) == 2


def test_indexing_a_changing_store_ends(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(1, 29))
    monkeypatch.setattr(Shelf, "days", lambda _: [f"2026-11-{next(calls):02}"])
    publish_list(shelf, AT)
    assert next(calls) < 10
