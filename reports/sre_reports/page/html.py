"""The page of a night: one HTML file that needs nothing but itself, and makes no request.

It is whole without its script, which adds search, filters, order and pages. A policy by hashes lets
it use its own style sheet and its own script and nothing else; nothing inline is left that the
policy would bar. Everything that comes from outside passes :func:`plain_text.visible` and is then
escaped by Jinja, wherever it stands.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.page.parts import (
    ages,
    coverage_gaps,
    embedded_data,
    evidence,
    rankings,
    remediations,
    sentences,
    table_rows,
    tiles,
    trend,
    view,
)
from sre_reports.pictures import palette
from sre_reports.plain_text import shortened, visible

if TYPE_CHECKING:
    from jinja2 import Environment, Template

EMBEDDED = 100_000  # findings in a page; more make it slow to open, and the exports hold them all
FIRST = 50  # of them are there without a script; the script's own pages are as long
_LONGEST = 300  # characters of a name or title; ids are shown whole
_STYLES = ("base", "sections", "findings", "print")
_SCRIPTS = ("rows", "view", "table", "address", "csv", "look", "page")
_FLAGS = {"kev": "KEV"}


def render(night: Material, generated_at: datetime) -> str:
    """The page as text, to be written as UTF-8. Numbers are the answers' own. Reads the night's
    findings."""
    css, js = style(), script()
    return _template().render(
        css=Markup(css),  # noqa: S704 - our own files, the same for every page
        js=Markup(js),  # noqa: S704
        policy=_policy(css, js),
        day=day(night),
        of=view.of_words(night),
        estate=tiles.open_words(night),
        **_sections(night, generated_at),
    )


def _sections(night: Material, generated_at: datetime) -> dict[str, Any]:
    """What each section says, by the names that the templates use."""
    packed = embedded_data.pack(night.findings, night.today, FIRST)
    return {
        "pill": sentences.pill(night),
        "verdict": sentences.verdict(night),
        "tiles": tiles.tiles(night),
        "steps": remediations.steps(night),
        "bands": ages.bands(night),
        "lines": ages.lines(night),
        "median": ages.median_words(night),
        "gaps": coverage_gaps.gaps(night.coverage),
        "cells": night.coverage.cells,
        "trend": trend.trend(night),
        "untold": not night.trend.known,
        "resources": rankings.resources(night),
        "held": night.summary.rollup.resources,
        "accounts": rankings.accounts(night),
        "all_accounts": len(night.accounts.groups),
        "owners": rankings.owners(night),
        "all_owners": len(night.owners.groups),
        "packed": packed,
        "total": night.summary.rollup.counts.total,
        "columns": table_rows.COLUMNS,
        "rows": [table_rows.row(one, night.today) for one in packed.first],
        "severities": [name for name, _ in wording.by_severity(night.summary.rollup.counts)],
        "ranks": {name: place for place, name in enumerate(wording.SEVERITIES)},
        "all_severities": " ".join(wording.SEVERITIES),
        "today": night.today.isoformat(),
        "evidence": evidence.evidence(night, generated_at),
    }


def day(night: Material) -> str:
    """The night in words: 2026-11-22."""
    return (night.proof.as_of.date() if night.proof.as_of else night.today).isoformat()


@functools.cache
def style() -> str:
    """The style sheet: the palettes for light and dark, then the rules."""
    dark = palette.variables(palette.DARK)
    themes = (
        f":root {{ {palette.variables(palette.LIGHT)} }}\n@media (prefers-color-scheme: dark) {{"
        f" :root:not([data-theme=light]) {{ {dark} }} }}\n:root[data-theme=dark] {{ {dark}"
        f" }}\n@media print {{ :root, :root[data-theme=dark] {{ {palette.variables(palette.LIGHT)}"
        " } }\n"
    )
    return themes + "".join(_file(f"style/{name}.css") for name in _STYLES)


@functools.cache
def script() -> str:
    """The script: small files, one after the other, in a function of their own."""
    body = "".join(_file(f"script/{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


def _policy(css: str, js: str) -> str:
    """The page may use its own style sheet and its own script, and nothing else at all."""
    return (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(js)}'; img-src"
        " data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@functools.cache
def _template() -> Template:
    return environment().get_template("page/page.html")


@functools.cache
def environment() -> Environment:
    """Where templates are found, with what they may call. Whatever they print is made visible and
    escaped."""
    from jinja2 import (
        Environment,
        PackageLoader,
        StrictUndefined,
    )

    made = Environment(
        loader=PackageLoader("sre_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "short": lambda text: shortened(text, _LONGEST),
        "thousands": "{:,}".format,
        "count": lambda count: "–" if count is None else f"{count:,}",
        "query": lambda text: f"#q={quote(visible(text), safe='')}",
        "flagged": lambda flag: _FLAGS.get(flag, flag),
    }
    return made


def _shown(value: object) -> object:
    """Runs over every value that a template prints, so that none can slip past."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def _file(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
