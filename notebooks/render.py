"""Runs the notebooks and writes each as an HTML file: ``make notebooks``.

.venv/bin/python notebooks/render.py [NAME ...]

They read the store in SRE_STORE, or the example. The files are in build/notebooks, work without a
network, and are not kept in git.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from html import escape
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from sre_reports.pictures.palette import LIGHT, variables

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "build" / "notebooks"
NOTEBOOKS = ("trend", "survival", "sla_forecast", "upgrades", "exploitability")
PATIENCE = 300  # time-out of a cell in seconds, for a store of any size


def read(name: str) -> NotebookNode:
    """The notebook as it is in git, without results."""
    notebook: NotebookNode = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
    return notebook


def executed(notebook: NotebookNode) -> NotebookNode:
    """The notebook with its results. It runs in a separate process, in this folder. Raises
    CellExecutionError.

    The processes communicate over sockets in a folder that only this user can open, not over ports.
    """
    with tempfile.TemporaryDirectory(prefix="sre-") as folder:
        sockets = Config(
            {"KernelManager": {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}}
        )
        where = {"metadata": {"path": str(HERE)}}
        return NotebookClient(
            notebook, config=sockets, timeout=PATIENCE, kernel_name="python3", resources=where
        ).execute()


def page(notebook: NotebookNode) -> str:
    """The executed notebook as one HTML file without scripts that loads nothing from the
    network."""
    exporter = HTMLExporter(template_name="basic", template_file=str(HERE / "page.html.j2"))
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    _described(notebook)
    told = {
        "metadata": {"name": title(notebook)},
        "colours": variables(LIGHT),
        "highlight": _highlight(),
    }
    text: str = exporter.from_notebook_node(notebook, told)[0]
    return text


def _described(notebook: NotebookNode) -> None:
    """Gives each figure the title from its cell, for screen readers."""
    for cell in notebook.cells:
        named = re.search(r'(?:axes|panels)\(\s*"([^"]+)"', cell.source)
        for output in cell.get("outputs", []):
            if named and "image/svg+xml" in output.get("data", {}):
                output.metadata["alt"] = f"Figure: {named[1]}"


def _highlight() -> str:
    return str(HtmlFormatter(style="friendly_grayscale").get_style_defs(".highlight"))


def title(notebook: NotebookNode) -> str:
    """The notebook's heading, which is its question."""
    return str(notebook.cells[0].source.splitlines()[0].lstrip("# "))


def main(names: list[str]) -> int:
    """Runs and writes the notebooks. A failure is reported and does not stop the others."""
    if (store := os.environ.get("SRE_STORE")) and "://" not in store:
        os.environ["SRE_STORE"] = str(Path(store).absolute())  # the notebooks run in another folder
    PAGES.mkdir(parents=True, exist_ok=True)
    failed, links = 0, []
    for name in names:
        try:
            notebook = executed(read(name))
        except CellExecutionError as error:
            failed += 1
            print(f"{name}: {error.ename}: {error.evalue}", file=sys.stderr)
            continue
        (PAGES / f"{name}.html").write_text(page(notebook), encoding="utf-8")
        links.append(f'<li><a href="{name}.html">{escape(title(notebook))}</a>')
        print(PAGES / f"{name}.html")
    index = (
        '<!DOCTYPE html><html lang="en"><meta'
        f' charset="utf-8"><title>Notebooks</title><ul>{"".join(links)}</ul></html>'
    )
    (PAGES / "index.html").write_text(index, encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(NOTEBOOKS)))
