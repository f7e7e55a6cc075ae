"""Where a vulnerability, or a package, is in the estate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sre_findings.ask.places import place_of, within
from sre_findings.ask.questions.work import Exposure
from sre_findings.ask.rows import time_of
from sre_findings.ask.sources import Found, Sources, find, no_snapshot
from sre_findings.ask.summaries import unsure
from sre_findings.model.certificate import COMPLETE
from sre_findings.model.errors import UsageError
from sre_findings.model.finding import iso
from sre_findings.model.list_answer import ListAnswer, Shown

_FIELDS = (
    "severity", "vulnerability_id", "status", "resource_id", "resource_name", "resource_type", "account_id", "region", "owner",
    "package", "installed", "fixed_in", "fix_available", "first_observed_at", "title", "finding_arn",
)  # fmt: skip
_SHOWN = (
    Shown("severity", "Severity", "severity"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("resource", "Resource", "wide"),
    Shown("owner", "Owner"),
    Shown("package", "Package"),
    Shown("installed", "Installed"),
    Shown("fixed_in", "Fixed in"),
)
LONGEST = 1024


def exposure(question: Exposure, sources: Sources) -> ListAnswer:
    """Every finding of a vulnerability's id or of a package's name. None found is told with what was not scanned."""
    text = question.text.strip()
    if not 0 < len(text) <= LONGEST:
        raise UsageError("a vulnerability or a package has 1 to 1,024 characters", do="Example: CVE-2021-44228, or openssl.")
    found = find(sources, question.as_of)
    if found is None:
        return no_snapshot("findings")
    found = within(found, place_of(question))
    text = text.upper() if text.lower().startswith("cve-") else text
    items = [_item(row) for row in found.engine.rows("exposed_to", text=text, **question.narrow.filters())]
    places = {(one["account_id"], one["region"], one["resource_id"]) for one in items}
    summary = {"text": text, "resources": len(places), "open": sum(one["status"] != "SUPPRESSED" for one in items)}
    headline = f"{text}{question.narrow.words()}: {len(items):,} findings on {len(places):,} resources."
    notes = [] if items else _caveats(found)
    if not items:
        headline = f"Inspector reports no {text}{question.narrow.words()}."
    return ListAnswer(
        headline, "findings", items[: question.count or None], len(items), _FIELDS, _SHOWN, found.proof, summary, notes
    )


def _caveats(found: Found) -> Sequence[str]:
    """Why silence is not the same as absence."""
    uncovered = unsure(found).uncovered
    notes = [f"{uncovered:,} resources are not fully scanned: see sre-cli coverage."] if uncovered else []
    return notes + (["The snapshot is partial: it may be where nothing was read."] if found.proof.state != COMPLETE else [])


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    first = time_of(row["first_us"])
    item = {name: row[name] for name in _FIELDS if name in row} | {"first_observed_at": iso(first) if first else None}
    item["vulnerability_id"] = row["vulnerability_id"] or row["subject"]
    return {name: item[name] for name in _FIELDS} | {"resource": row["resource_name"] or row["resource_id"]}
