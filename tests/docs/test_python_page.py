"""The examples of docs/python.md run unchanged in order, and the page names the whole API."""

from __future__ import annotations

import dataclasses
import re
import tarfile
import warnings
from pathlib import Path

import pytest

import sre_findings
from sre_findings import Answer, Store, open_store

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The example store of the notebooks, set as SRE_STORE."""
    with tarfile.open(ROOT / "notebooks" / "example.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "example"))
    monkeypatch.setenv("SRE_MAX_AGE", "3650d")
    return open_store()


def test_the_examples_run_in_order_and_print_what_the_store_says(
    example: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="make notebooks installs it").use("agg")
    names: dict[str, object] = {}
    night = example.snapshots().rows[1]["snapshot_id"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for block in BLOCKS:
            code = block.replace('at("yesterday")', f'at("{night}")').replace(
                "prod-web-36", "prod-web-01"
            )
            exec(compile(code, "docs/python.md", "exec"), names)
    printed = capsys.readouterr().out
    whole = example.summary()
    assert whole.headline in printed
    assert (
        f"{whole.summary['critical']} critical, on {whole.summary['resources']} resources"
        in printed
    )
    critical = example.vulnerabilities("prod-web-01").summary["critical"]
    assert f"prod-web-01 {critical} critical" in printed
    assert "i-0123456789abcdef0 is not known to be clean" in printed
    assert (
        f"{whole.summary['total'] - example.at(night).summary().summary['total']:+,} since then"
        in printed
    )
    assert f"snapshot {night}" in printed


def test_every_question_and_every_part_of_an_answer_is_on_the_page() -> None:
    fields = {field.name for field in dataclasses.fields(Store)}
    questions = {name for name in vars(Store) if not name.startswith("_")} - {*fields, "at"}
    for name in questions:
        assert re.search(rf"store\.{name}\(", "\n".join(BLOCKS)), name
    assert ".at(" in PAGE
    for name in {name for name in vars(Answer) if not name.startswith("_")} - {
        "json",
        "typed",
        "fields",
    }:
        assert re.search(rf"`{name}(\(\))?`|\.{name}\b", PAGE), name
    for name in set(sre_findings.__all__) - {"Proof", "SreError", "Store"}:
        assert name in PAGE, name
