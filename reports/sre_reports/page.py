"""The report: one HTML page that needs nothing but itself. No script, no request, nothing inline that a strict policy bars.

Everything that comes from outside passes :func:`plain_text.visible` and is then escaped by Jinja, wherever it stands.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from sre_findings.model.answer import CoverageAnswer, SummaryAnswer
from sre_findings.model.finding import Finding
from sre_reports import page_parts as parts
from sre_reports.plain_text import shortened, visible

if TYPE_CHECKING:
    from jinja2 import Template

ROWS = 2_000  # of findings in the page; more make it slow to open, and the exports hold them all
_LONGEST = 300  # characters of a name or title; ids are shown whole


@dataclass(frozen=True, slots=True)
class Report:
    """What the page tells. ``resources`` is the summary by resource, ``findings`` the worst of ``total_findings`` open ones.

    The page shows at most ROWS of them, and says how many of how many.
    """

    summary: SummaryAnswer
    resources: SummaryAnswer
    coverage: CoverageAnswer
    findings: Sequence[Finding]
    total_findings: int
    generated_at: datetime


def render(report: Report) -> str:
    """The page as text, to be written as UTF-8. Numbers are the answers' own; nothing is counted again from rows."""
    css = _file("report.css")
    proof = report.summary.proof
    shown = report.findings[:ROWS]
    return _template().render(
        css=Markup(css),  # noqa: S704 - our own file, the same for every page
        policy=_policy(css),
        pill=parts.pill(report.summary),
        verdict=parts.verdict(report.summary),
        tiles=parts.tiles(report.summary),
        bars=parts.bars(report.resources.groups),
        exposed=report.resources.rollup.resources,
        gaps=parts.gaps(report.coverage),
        coverage=report.coverage,
        rows=[parts.row(one, proof.as_of) for one in shown],
        shown=len(shown),
        total=report.total_findings,
        evidence=parts.evidence(report.summary, report.coverage, report.generated_at),
        proof=proof,
        day=parts.day(proof.as_of or report.generated_at),
    )


def _policy(css: str) -> str:
    """The page may use its own style sheet, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - 90 ms, only for those who make pages

    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True)
    environment.filters["short"] = _short
    environment.filters["thousands"] = "{:,}".format
    return environment.from_string(_file("report.html"))


def _shown(value: object) -> object:
    """Runs over every value that the template prints, so that none can slip past."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _short(text: str) -> str:
    return shortened(text, _LONGEST)


@functools.cache
def _file(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
