"""The vulnerabilities of a CycloneDX VDR, one per id and status.

Each has all its ratings and all components that it affects. Memory holds only numbers, eight bytes
per affected component; texts are spooled.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from sre_findings.model.findings.severity import rank
from sre_reports.formats.cyclonedx.components import LONGEST_VERSION, properties, reference
from sre_reports.formats.finding_fields import (
    SCANNER,
    SCANNER_URL,
    Row,
    wire_moment,
)
from sre_reports.formats.json_values import (
    mapping,
    number,
    objects,
    part,
    present,
    web_address,
    word,
    words,
)
from sre_reports.formats.spool import Spool, dumped

_SEVERITIES = ("critical", "high", "medium", "low", "info", "unknown", "unknown")  # by rank
_METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}
_CWE = re.compile(r"CWE-(\d{1,9})")

Affected = list[tuple[int, str | None]]
Rating = tuple[str, float | int | None, str | None, str]  # severity, score, vector, method


class _Seen:
    """The findings, components and ratings of one vulnerability so far."""

    __slots__ = ("due", "findings", "late", "numbers", "place", "ratings")

    def __init__(self, place: int) -> None:
        self.place, self.findings, self.late = place, 0, 0
        self.due: str | None = None  # the earliest
        self.numbers = array("I")  # alternating: a component and the version that fixes it
        self.ratings: dict[Rating, None] = {}


class Vulnerabilities:
    """Collects the vulnerabilities of all findings."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._seen: dict[tuple[str | None, ...], _Seen] = {}
        self._fixes: dict[str | None, int] = {None: 0}

    def __enter__(self) -> Vulnerabilities:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.__exit__(kind, error, trace)

    @property
    def findings(self) -> int:
        """The number of findings."""
        return sum(seen.findings for seen in self._seen.values())

    def add(self, row: Row, affected: Affected) -> None:
        """Adds one finding."""
        key = (
            row["vulnerability_id"],
            row["status"],
            *(() if row["vulnerability_id"] else (row["type"], row["title"])),
        )
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Seen(self._spool.add(_vulnerability(row)))
        seen.findings += 1
        seen.late += bool(row["days_overdue"])
        seen.due = min(filter(None, (seen.due, row["due_on"])), default=None)
        seen.ratings[_rating(row)] = None
        for component, fix in affected:
            fits = fix if fix and len(fix) <= LONGEST_VERSION else None
            seen.numbers.extend((component, self._fixes.setdefault(fits, len(self._fixes))))

    def lines(self) -> Iterator[bytes]:
        """Yields each vulnerability as JSON."""
        fixes = list(self._fixes)
        for place, (line, seen) in enumerate(
            zip(self._spool.lines(), self._seen.values(), strict=True)
        ):
            known = json.loads(line)
            ratings = [*known.pop("ratings", ()), *map(_inspectors, seen.ratings)]
            late = seen.late if seen.due else None
            counts = properties(findings=seen.findings, due=seen.due, overdue_findings=late)
            more = [*known.pop("properties", ()), *counts]
            yield dumped(
                {
                    "bom-ref": f"vulnerability-{place}",
                    **known,
                    "ratings": ratings,
                    "affects": _affects(seen.numbers, fixes),
                    "properties": more,
                }
            )


def _affects(numbers: array[int], fixes: list[str | None]) -> list[dict[str, Any]]:
    """Returns each affected component once, with the versions that fix it."""
    found: dict[int, dict[str, None]] = {}
    for component, fix in zip(numbers[::2], numbers[1::2], strict=True):
        versions = found.setdefault(component, {})
        if text := fixes[fix]:
            versions[text] = None
    unaffected = {
        one: [{"version": text, "status": "unaffected"} for text in versions]
        for one, versions in found.items()
    }
    return [
        {"ref": reference(one), **present(versions=versions)}
        for one, versions in unaffected.items()
    ]


def _vulnerability(row: Row) -> dict[str, Any]:
    """Returns the parts of a vulnerability that do not depend on the affected component."""
    wire, code = mapping(row["vulnerability_details"]), mapping(row["code_details"])
    links = [*words(wire.get("referenceUrls")), *words(code.get("referenceUrls"))]
    advice = word(part(mapping(row["remediation"]), "recommendation").get("text"))
    return present(
        id=row["vulnerability_id"],
        source=present(name=word(wire.get("source")), url=web_address(wire.get("sourceUrl"))),
        ratings=[found for one in objects(wire.get("cvss")) if (found := _cvss(one))],
        cwes=[
            int(cwe[1])
            for uid in words(code.get("cwes"))
            if (cwe := _CWE.fullmatch(uid)) and int(cwe[1]) >= 1
        ],
        description=row["description"] or row["title"],
        detail=None if row["vulnerability_id"] else row["title"],
        recommendation=None if advice == "None Provided" else advice,
        advisories=[{"url": address} for text in links if (address := web_address(text))],
        published=wire_moment(wire.get("vendorCreatedAt")),
        updated=wire_moment(wire.get("vendorUpdatedAt")),
        analysis=_analysis(row["status"]),
        properties=_properties(row, wire),
    )


def _analysis(status: str | None) -> dict[str, str]:
    """Returns the analysis of a finding that is not open. Inspector gives no reason."""
    state = {"SUPPRESSED": "suppressed", "CLOSED": "closed"}.get(status or "")
    return {"detail": f"{state} in {SCANNER}"} if state else {}


def _properties(row: Row, wire: Mapping[str, Any]) -> list[dict[str, str]]:
    return properties(
        status=row["status"],
        type=row["type"],
        epss_score=row["epss_score"],
        exploit_available=row["exploit_available"],
        kev=row["kev"],
        kev_due=row["kev_due"],
        reachability=row["reachability"],
        reachability_reason=row["reachability_reason"],
        related=", ".join(words(wire.get("relatedVulnerabilities"))),
    )


def _cvss(one: Mapping[str, Any]) -> dict[str, Any] | None:
    score, vector = number(one.get("baseScore")), word(one.get("scoringVector"))
    if score is None and vector is None:
        return None
    source = {"name": name} if (name := word(one.get("source"))) else None
    return {
        **present(source=source, score=score, vector=vector),
        "method": _METHODS.get(str(one.get("version")), "other"),
    }


def _rating(row: Row) -> Rating:
    """Returns Inspector's rating: its severity, and its score with vector."""
    adjusted = part(mapping(row["score_details"]), "adjustedCvss")
    method = _METHODS.get(str(adjusted.get("version")), "other")
    return (
        _SEVERITIES[rank(row["severity"])],
        row["inspector_score"],
        word(adjusted.get("scoringVector")),
        method,
    )


def _inspectors(rating: Rating) -> dict[str, Any]:
    severity, score, vector, method = rating
    source = {"name": SCANNER, "url": SCANNER_URL}
    return {
        "source": source,
        **present(score=number(score)),
        "severity": severity,
        "method": method,
        **present(vector=vector),
    }
