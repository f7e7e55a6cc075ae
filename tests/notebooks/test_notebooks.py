"""Each notebook runs on the example store with the API's numbers.

Committed notebooks contain no results.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sre_findings import Store, open_store

pytest.importorskip("nbclient", reason="make notebooks installs it")

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
LONGEST = 21  # lines of a cell, formatted to 100 columns


def module(name: str) -> ModuleType:
    """A script of the folder."""
    spec = importlib.util.spec_from_file_location(f"notebooks_{name}", FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def run() -> ModuleType:
    return module("render")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked example store."""
    folder = tmp_path_factory.mktemp("example")
    with tarfile.open(FOLDER / "example.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "example"


@pytest.fixture(scope="module")
def store(example: Path) -> Store:
    """The example store at the time of its last snapshot, so that it is never stale."""
    last = open_store(example)
    return last.at(last.snapshots().rows[0]["snapshot_id"])


def trend(store: Store) -> dict[str, Any]:
    nights, last = store.trend(90).rows, store.summary().summary
    owners = {row["owner"] for row in store.summary("owner").rows if row["owner"]}
    parts = {owner: store.trend(90, of=f"owner={owner}").rows for owner in owners}
    urgent = {
        owner: [row["critical"] + row["high"] for row in rows] for owner, rows in parts.items()
    }
    assert {row["date"] for row in nights} | set(store.trend(90).summary["missing_days"]) == {
        (date(2026, 11, 9) + timedelta(days=n)).isoformat() for n in range(14)
    }
    return {
        "last": last["total"],
        "int(first)": nights[0]["total"],
        "nights['went'].sum()": sum(row["went"] for row in nights),
        "sorted(rising)": sorted(owner for owner, line in urgent.items() if line[-1] >= line[0]),
        "dict(zip(pace['team'], pace['open']))": {
            owner: line[-1] for owner, line in urgent.items()
        },
        "int(nights['total'].isna().sum())": 1,
    }


def survival(store: Store) -> dict[str, Any]:
    rows, allowed = store.time_to_fix("severity").rows, store.sla().summary["policy"]["sla"]
    late = [
        one["severity"]
        for one in rows
        if one["median_days"] is None or one["median_days"] > allowed[one["severity"].lower()]
    ]
    none = [
        one["owner"] or "(nobody)"
        for one in store.time_to_fix("owner").rows
        if one["median_days"] is None
    ]
    return {
        "late['severity'].tolist()": late,
        "sorted(slowest)": sorted(none),
        "int(table['patched'].sum())": sum(one["patched"] for one in rows),
    }


def sla_forecast(store: Store) -> dict[str, Any]:
    sla, days = store.sla().summary, store.deadlines("account").rows
    soon = [one for one in days if one["days_left"] is not None and 0 <= one["days_left"] <= 14]
    lost = sum(
        one["findings"] for one in days if one["days_left"] is not None and one["days_left"] < 14
    )
    return {
        "forecast.iloc[0].tolist()": [sla["late"], sla["late"]],
        "worst": lost,
        "bool(forecast.iloc[0, 1] <= likely < worst)": True,
        "int(soon['findings'].sum())": sum(one["findings"] for one in soon),
        "int(by_team['all'].sum())": sum(one["findings"] for one in soon),
        "int(urgent.sum())": sum(
            one["findings"] for one in soon if one["severity"] in ("CRITICAL", "HIGH")
        ),
    }


def upgrades(store: Store) -> dict[str, Any]:
    lines = store.fixes().rows
    risk, gone, enough = sum(one["risk"] for one in lines), 0.0, 0
    while gone < 0.8 * risk:
        gone, enough = gone + lines[enough]["risk"], enough + 1
    removed = sum(one["findings"] for one in lines)
    return {
        "enough": enough,
        "int(plan['findings'].sum())": removed,
        "int(without)": store.summary().summary["total"] - removed,
    }


def exploitability(store: Store) -> dict[str, Any]:
    rows = store.priorities().rows
    worst = [one for one in rows if one["kev"] and one["exposed"]]
    return {
        "len(known)": len(rows),
        "first['vulnerability_id'].tolist()": [one["vulnerability_id"] for one in worst],
        "len(fixable)": sum(one["fix_available"] for one in worst),
        "int(known['findings'].sum())": store.summary().summary["total"],
    }


EXPECTED: dict[str, Callable[[Store], dict[str, Any]]] = {
    one.__name__: one for one in (trend, survival, sla_forecast, upgrades, exploitability)
}


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_the_apis_numbers_and_renders_to_html(
    name: str, run: ModuleType, store: Store
) -> None:
    expected = EXPECTED[name](store)
    from nbformat.v4 import new_code_cell

    notebook = run.read(name)
    asked = ", ".join(f"{text!r}: {text}" for text in expected)
    notebook.cells.append(
        new_code_cell(f"import json; print(json.dumps({{{asked}}}, default=float))")
    )
    done = run.executed(notebook)
    told = done.cells.pop().outputs[0].text
    assert json.loads(told) == expected
    texts = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [one.text for one in texts if one.get("name") == "stderr"] == []
    figures = [one.data["image/svg+xml"] for one in texts if "image/svg+xml" in one.get("data", {})]
    assert len(figures) >= 1
    assert not [
        one
        for one in texts
        if "text/plain" in one.get("data", {})
        and re.match(r"[<\[(]", one.data["text/plain"])
        and "text/html" not in one.data
        and "image/svg+xml" not in one.data
    ]
    page = run.page(done)
    assert (
        len(re.findall(r'<img alt="Figure: [A-Z][^"]+" src="data:image/svg', page))
        == page.count("<img")
        == len(figures)
    )
    assert f"<title>{run.title(done)}" in page
    assert not re.findall(
        r"<script|(?:src|href)\s*=\s*[\"']?(?:https?:)?//|@import|url\(\s*[\"']?https?:", page
    )


def test_a_store_without_a_snapshot_is_reported_and_renders_nothing(
    run: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run, "PAGES", tmp_path / "pages")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "SRE_STORE", "empty"
    )  # relative to the working directory, not to the notebooks
    assert run.main(["upgrades"]) == 1
    assert capsys.readouterr().err.startswith("upgrades: NotKnown: There is no snapshot yet.")
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["index.html"]


def test_printed_output_is_text_in_the_html(run: ModuleType) -> None:
    from nbformat.v4 import new_output

    notebook, hostile = run.read("trend"), "<img src=x onerror=alert(1)>"
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [
        new_output("stream", name="stdout", text=hostile),
        new_output("display_data", {"text/plain": hostile}),
    ]
    assert hostile not in run.page(notebook)
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in run.page(
        notebook
    )


def test_there_is_a_test_for_each_notebook(run: ModuleType) -> None:
    assert set(NAMES) == set(EXPECTED) == set(run.NOTEBOOKS)


@pytest.mark.parametrize("name", NAMES)
def test_committed_notebooks_have_no_results_and_no_long_cells(name: str, run: ModuleType) -> None:
    notebook = run.read(name)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert not cell.metadata
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            assert len(cell.source.splitlines()) <= LONGEST, cell.source
    first, last = notebook.cells[0].source, notebook.cells[-2].source
    assert re.match(r"# .*\?\n", first), "it begins with its question"
    assert last.startswith("## What to do"), "and ends with what to do"


def test_every_notebook_is_listed(run: ModuleType) -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"]({name}.ipynb)" in listed
        assert run.title(run.read(name)) in listed


def test_every_figure_shows_its_provenance_and_doubt_in_another_colour(
    example: Path,
) -> None:
    code = f"""
import sys, warnings
sys.path.insert(0, {str(FOLDER)!r})
import figures
from sre_findings import open_store
sure, old = open_store(sys.argv[1], as_of="20261122T010000Z"), open_store(sys.argv[1], max_age="0s")
for one in (sure, old):
    foot = figures.axes("A title", one.summary()).figure._supxlabel
    print(foot.get_text(), foot.get_color() == figures.BAD)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(example)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "Source: snapshot 20261122T010000Z, 2026-11-22 01:00 UTC, complete False",
        "Source: snapshot 20261122T010000Z, 2026-11-22 01:00 UTC, complete; not sure True",
    ]


def test_the_example_store_matches_its_script(store: Store) -> None:
    """The number of findings in the fleet at the last snapshot, counted without a scan."""
    fleet = module("make_example").fleet()
    open_now = sum(one["status"] == "ACTIVE" for one in fleet.findings())
    assert store.summary().summary["total"] == open_now > 200
    assert (FOLDER / "example.tar.xz").stat().st_size < 600_000
