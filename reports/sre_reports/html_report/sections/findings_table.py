"""The first rows of the findings table, for browsers without JavaScript.

``script/table.js`` renders the same cells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sre_findings.model.findings.open_finding import OpenFinding
from sre_reports import wording
from sre_reports.html_report.sections.embedded_data import shown
from sre_reports.plain_text import visible

COLUMNS = (
    ("severity", "Severity", False),
    ("score", "Score", True),
    ("identity", "Vulnerability", False),
    ("package", "Package", False),
    ("resource", "Resource", False),
    ("account", "Account", False),
    ("epss", "EPSS", True),
    ("age", "Age", True),
    ("sla", "SLA", True),
)
"""The sort key of each column, its heading, and whether it is numeric."""
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}\Z")


@dataclass(frozen=True, slots=True)
class Row:
    """One finding of the table; ``link`` is empty if there is no page about the vulnerability."""

    severity: str
    look: str
    score: str
    identity: str
    link: str
    flags: Sequence[str]
    title: str
    packages: str
    change: str
    resource: str
    name: str
    account: str
    region: str
    owner: str
    epss: str
    age: str
    sla: str
    late: bool


def row(one: OpenFinding, today: date) -> Row:
    """Returns the cells of one finding."""
    weakness, place = one.weakness, one.place
    look, identity = weakness.severity.lower(), shown(weakness.identity)
    left = None if one.due_on is None else (date.fromisoformat(one.due_on) - today).days
    flags = (
        ("kev", weakness.kev),
        ("exploit", weakness.exploit),
        ("reachable", weakness.reachable),
        ("new", one.new),
    )
    return Row(
        severity=look.capitalize(),
        look=look if look in wording.SEVERITIES else "other",
        score="" if weakness.score is None else _score(weakness.score),
        identity=identity,
        link=f"https://nvd.nist.gov/vuln/detail/{identity}" if _CVE.match(identity) else "",
        flags=[name for name, has in flags if has],
        title=shown(weakness.title),
        packages=shown(weakness.packages),
        change=_change(shown(weakness.installed), shown(weakness.fixed_in)),
        resource=visible(place.resource_id),
        name=shown(place.name),
        account=visible(place.account_id),
        region=visible(place.region),
        owner=shown(place.owner),
        epss=_share(weakness.epss),
        age=f"{(today - date.fromisoformat(one.opened_on)).days:,} d" if one.opened_on else "",
        sla=_deadline(left),
        late=left is not None and left < 0,
    )


def _change(installed: str, fixed: str) -> str:
    return f"{installed} → {fixed}" if installed and fixed else installed or fixed


def _score(score: float) -> str:
    """Rounds halves up, as the script does. Python's ``round`` rounds them to even."""
    return str(Decimal(score).quantize(Decimal("0.1"), ROUND_HALF_UP))


def _share(epss: float | None) -> str:
    return "" if epss is None else f"{math.floor(1000 * round(epss, 4) + 0.5) / 10:.1f} %"


def _deadline(left: int | None) -> str:
    if left is None:
        return "none"
    if left < 0:
        return f"{-left:,} d overdue"
    return f"{left:,} d left" if left else "due today"
