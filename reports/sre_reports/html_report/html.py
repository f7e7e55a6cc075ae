"""The report: one self-contained HTML file that makes no network request.

It is complete without JavaScript; the script adds search, filters, sorting and paging. A content
security policy with hashes allows only the file's own style sheet and script. All text from outside
passes :func:`plain_text.visible` and is then escaped by Jinja.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from sre_findings.model.timestamps import iso_date
from sre_findings.nightly.report import Material
from sre_findings.sources.claims import CLAIMS_UNKNOWN
from sre_reports import wording
from sre_reports.html_report import style_sheets
from sre_reports.html_report.sections import (
    ages,
    coverage_gaps,
    embedded_data,
    evidence,
    findings_table,
    rankings,
    remediations,
    risks,
    sentences,
    tiles,
    trend,
    view,
)
from sre_reports.plain_text import shortened, visible

if TYPE_CHECKING:
    from jinja2 import Environment, Template

EMBEDDED = 100_000  # findings in a report: more would open slowly, and the exports have all of them
FIRST = 15  # findings shown without JavaScript; the script adds the rest of its first page
_LONGEST = 300  # characters of a name or title; ids are shown in full
_STYLES = ("base", "sections", "findings", "print")
_SCRIPTS = (
    *("unpacking", "query", "selection", "table", "details"),
    *("address", "csv", "theme", "controls"),
)
_FLAGS = {"kev": "KEV"}
_REMARK = re.compile(r"(?<=[;{,]) // .*")


def render(material: Material, generated_at: datetime) -> str:
    """Returns the report as HTML, to be written as UTF-8. Consumes the iterator of findings."""
    css, js = style(), script()
    return _template().render(
        css=Markup(css),  # noqa: S704 - our own files, the same for every page
        js=Markup(js),  # noqa: S704
        policy=_policy(css, js),
        day=day(material),
        scope=view.scope_words(material),
        counts=tiles.open_words(material),
        **_sections(material, generated_at),
    )


def _sections(material: Material, generated_at: datetime) -> dict[str, Any]:
    """Returns the values of each section, by the names that the templates use."""
    packed = embedded_data.pack(material.findings, material.today, FIRST)
    return {
        "pill": sentences.pill(material),
        "verdict": sentences.verdict(material),
        "tiles": tiles.tiles(material),
        "risks": risks.lines(material),
        "steps": remediations.steps(material),
        "bands": ages.bands(material),
        "lines": ages.lines(material),
        "median": ages.median_words(material),
        "gaps": coverage_gaps.gaps(material.coverage),
        "cells": material.coverage.cells,
        "trend": trend.trend(material),
        "untold": not material.trend.known,
        "resources": rankings.resources(material),
        "held": material.summary.rollup.resources,
        "accounts": rankings.accounts(material),
        "all_accounts": len(material.accounts.groups),
        "owners": rankings.owners(material),
        "all_owners": len(material.owners.groups),
        "packed": packed,
        "claims_unknown": "" if material.claims_known else CLAIMS_UNKNOWN,
        "total": material.summary.rollup.counts.total,
        "columns": findings_table.COLUMNS,
        "rows": [findings_table.row(one, material.today) for one in packed.first],
        "severities": [name for name, _ in wording.by_severity(material.summary.rollup.counts)],
        "ranks": {name: place for place, name in enumerate(wording.SEVERITIES)},
        "all_severities": " ".join(wording.SEVERITIES),
        "today": iso_date(material.today),
        "evidence": evidence.evidence(material, generated_at),
    }


def day(material: Material) -> str:
    """Returns the date of the snapshot in UTC: ``2026-11-22``."""
    return iso_date(material.proof.as_of or material.today)


@functools.cache
def style() -> str:
    """Returns the style sheet of the report."""
    return style_sheets.rules(*_STYLES)


@functools.cache
def script() -> str:
    """Returns the script: its files in order, within one function."""
    body = "".join(_file(f"script/{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


def _policy(css: str, js: str) -> str:
    """Returns a policy that allows the report's own style sheet and script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(js)}'; img-src"
        " data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@functools.cache
def _template() -> Template:
    return environment().get_template("report/report.html")


@functools.cache
def environment() -> Environment:
    """Returns the Jinja environment. All output loses invisible characters and is escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(_unindented),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "short": lambda text: shortened(text, _LONGEST),
        "thousands": "{:,}".format,
        "count": _counted,
        "query": lambda text: f"#q={quote(visible(text), safe='')}",
        "flagged": lambda flag: _FLAGS.get(flag, flag),
    }
    return made


def _counted(count: int | None, none: str = "unknown") -> str:
    """Returns a count, or words that say why there is none."""
    return none if count is None else f"{count:,}"


def _shown(value: object) -> object:
    """Removes invisible characters from every value that a template prints."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _unindented(name: str) -> str:
    """Returns a template without the indentation of its lines."""
    return re.sub(r"\n +", "\n", _text(name))


def _file(name: str) -> str:
    """Returns a script without indentation and comments, which end lines after ``;``, ``{`` etc."""
    lines = (_REMARK.sub("", line).strip() for line in _text(name).splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def _text(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
