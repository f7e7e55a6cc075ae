"""The documentation site: every page of this repository and the Python API, searchable offline.

``make docs`` builds it. The source folder is the root of the repository, so that a link in a page
means the same on the site and on GitHub. Links to files that are no pages become downloads.
"""

from __future__ import annotations

import configparser
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
# autodoc imports the API, which needs only the standard library until a method is called.
sys.path.insert(0, str(ROOT / "findings"))

_metadata = configparser.ConfigParser()
_metadata.read(ROOT / "setup.cfg", encoding="utf-8")

project = "SRE Operations Assistant"
release = _metadata["metadata"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = [
    "*.md",
    "docs/**.md",
    "deploy/README.md",
    "notebooks/README.md",
    "benchmarks/**.md",
]
exclude_patterns = [".*", "build", "dist", "tests"]  # folders that need not be searched for pages
suppress_warnings = ["misc.highlighting_failure"]  # SQL of Snowflake and Mermaid have no lexer
myst_heading_anchors = 4

autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = f"{project} {release}"
html_theme_options = {
    "navbar_center": [],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"**": ["contents.html"]}
html_additional_pages = {"index": "index.html"}  # leads to README.html
templates_path = [str(Path(__file__).parent / "templates")]
html_show_search_summary = False  # it fetches pages, which a browser refuses on a disk
html_copy_source = False
html_show_sourcelink = False

# The tables of contents are here because the index pages are read on GitHub too.
# A page that is in none of them is an error.
CONTENTS: dict[str, dict[str, list[str]]] = {
    "README": {
        "Use": [
            "docs/tour",
            "docs/commands",
            "docs/resources",
            "docs/reports",
            "docs/exports",
            "docs/slack",
            "docs/mcp",
            "docs/python",
            "notebooks/README",
        ],
        "Operate": [
            "docs/operations",
            "docs/runbook",
            "deploy/README",
            "docs/containers",
            "docs/costs",
            "docs/threat-model",
            "SECURITY",
        ],
        "Reference": [
            "docs/comparison",
            "docs/glossary",
            "docs/site/api",
            "docs/schema",
            "benchmarks/README",
            "CHANGELOG",
        ],
        "Develop": ["CONTRIBUTING", "docs/architecture", "docs/decisions/README"],
    },
    "benchmarks/README": {"Results": ["benchmarks/results/*"]},
    "docs/decisions/README": {"Decisions": ["docs/decisions/0*"]},
}


def add_contents(_: Sphinx, page: str, source: list[str]) -> None:
    """Appends the page's tables of contents, hidden from its text, to its source."""
    for caption, pages in CONTENTS.get(page, {}).items():
        rows = "\n".join(f"/{each}" for each in pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{rows}\n```\n"


def setup(app: Sphinx) -> None:
    """Connects the hook; Sphinx calls it."""
    app.connect("source-read", add_contents)
