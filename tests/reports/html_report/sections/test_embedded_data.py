"""Packed findings are unpacked as by the report's script (templates/script/unpacking.js)."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
import zlib
from collections.abc import Callable
from datetime import date
from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness
from sre_findings.model.findings.severity import ORDER, rank
from sre_reports.html_report.sections.embedded_data import (
    LONGEST,
    Packed,
    pack,
)
from sre_reports.plain_text import shortened, visible

TODAY = date(2026, 11, 22)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
SHARES = st.none() | st.floats(0, 1)
FLAGS = st.booleans()
WEAKNESSES = st.builds(
    Weakness,
    st.sampled_from([*ORDER, "OTHER"]),
    TEXTS,
    TEXTS,
    st.none() | st.floats(0, 10),
    SHARES,
    st.none() | FLAGS,
    FLAGS,
    FLAGS,
    TEXTS,
    TEXTS,
    TEXTS,
    FLAGS,
    TEXTS,
    FLAGS,
    TEXTS,
)
PLACES = st.builds(Place, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(date.isoformat)


@st.composite
def findings(draw: st.DrawFn) -> list[OpenFinding]:
    """Findings that share weaknesses and places, in any order."""
    of = st.sampled_from(draw(st.lists(WEAKNESSES, min_size=1, max_size=5)))
    at = st.sampled_from(draw(st.lists(PLACES, min_size=1, max_size=5)))
    return draw(
        st.lists(
            st.builds(OpenFinding, of, at, st.none() | DAYS, st.none() | DAYS, FLAGS), max_size=30
        )
    )


def unpacked(packed: Packed) -> list[dict[str, Any]]:
    """One row per finding, unpacked as by the script."""
    values = json.loads(zlib.decompress(base64.b64decode(packed.text, validate=True)))
    found, weaknesses, places = values["findings"], values["weaknesses"], values["places"]
    new = set(found["new"])

    def at(table: dict[str, Any], place: int) -> dict[str, Any]:
        return {
            name: column["d"][column["i"][place]] if isinstance(column, dict) else column[place]
            for name, column in table.items()
        }

    return [
        at(weaknesses, w)
        | at(places, p)
        | {"age": age, "due": None if due is None else due - (age or 0), "new": n in new}
        for n, (w, p, age, due) in enumerate(
            zip(accumulate(found["w"]), found["p"], found["opened"], found["due"], strict=True)
        )
    ]


def said(one: OpenFinding) -> dict[str, Any]:
    """The same row, computed from the finding itself."""
    weakness, place = one.weakness._asdict(), one.place._asdict()
    cut = ("identity", "title", "packages", "installed", "fixed_in", "description", "name", "owner")
    texts = {
        name: shortened(visible(text), LONGEST) if name in cut else visible(text)
        for name, text in (weakness | place).items()
        if isinstance(text, str)
    }
    return (
        weakness
        | place
        | texts
        | {
            "severity": rank(one.weakness.severity),
            "epss": None if one.weakness.epss is None else round(one.weakness.epss, 4),
            "age": None
            if one.opened_on is None
            else (TODAY - date.fromisoformat(one.opened_on)).days,
            "due": None if one.due_on is None else (date.fromisoformat(one.due_on) - TODAY).days,
            "new": one.new,
        }
    )


@given(findings(), st.integers(0, 5))
def test_every_finding_comes_back_in_its_order(some: list[OpenFinding], first: int) -> None:
    packed = pack(iter(some), TODAY, first)
    assert unpacked(packed) == [said(one) for one in some]
    assert (packed.rows, list(packed.first)) == (len(some), some[:first])


@given(findings())
def test_packed_text_cannot_end_its_element(some: list[OpenFinding]) -> None:
    packed = pack(some, TODAY, 0)
    assert re.fullmatch("[A-Za-z0-9+/]+={0,2}", packed.text)
    texts = [value for row in unpacked(packed) for value in row.values() if isinstance(value, str)]
    assert not [
        letter for text in texts for letter in text if unicodedata.category(letter) in ("Cc", "Cs")
    ]


def test_shared_values_are_packed_once(open_finding: Callable[..., OpenFinding]) -> None:
    many = [open_finding(resource_id=f"i-{n:05}") for n in range(20_000)]
    values = json.loads(zlib.decompress(base64.b64decode(pack(many, TODAY, 0).text)))
    assert [len(values[name]) for name in ("weaknesses", "places")] == [
        len(Weakness._fields),
        len(Place._fields),
    ]
    assert len(values["weaknesses"]["severity"]) == 1
    assert len(values["places"]["name"]["d"]) == 1
    assert values["findings"]["w"] == [0] * 20_000


def test_long_titles_are_cut_and_ids_are_not(
    open_finding: Callable[..., OpenFinding],
) -> None:
    (row,) = unpacked(pack([open_finding(resource_id="i" * 400, title="t" * 400)], TODAY, 0))
    assert row["resource_id"] == "i" * 400
    assert row["title"] == "t" * 299 + "…"


def test_a_claim_belongs_to_its_row_and_is_visible_text(
    open_finding: Callable[..., OpenFinding],
) -> None:
    some = [open_finding(), open_finding()._replace(claim="taken by a\x1bda until 2026-12-08")]
    values = json.loads(zlib.decompress(base64.b64decode(pack(some, TODAY, 0).text)))
    assert values["findings"]["claims"] == [[1, "taken by ada until 2026-12-08"]]
