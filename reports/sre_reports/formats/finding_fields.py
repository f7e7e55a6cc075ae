"""Fields of a finding that several export formats share: names, times, packages and provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.finding import Package
from sre_findings.model.findings.finding_key import finding_key
from sre_findings.model.sla.policy import spell_days
from sre_findings.model.timestamps import iso, moment_of
from sre_findings.rows.values import NOT_AVAILABLE, version_of, without_zero_epoch
from sre_reports.formats.json_values import (
    number,
    objects,
    parsed,
    present,
    word,
)
from sre_reports.formats.package_urls import purl_of
from sre_reports.wording import capital, doubts

PRODUCT = "SRE Operations Assistant"
DISTRIBUTION = "sre-operations-assistant"
SCANNER = "Amazon Inspector"
SCANNER_URL = "https://docs.aws.amazon.com/inspector/latest/user/what-is-inspector.html"
VENDOR = "AWS"

Row = Mapping[str, Any]
_PLACE = ("account_id", "region", "resource_type", "resource_id")


class Part(NamedTuple):
    """A package of a finding, its purl (None if unknown), and Inspector's own object."""

    package: Package
    purl: str | None
    wire: Mapping[str, Any]


@lru_cache(maxsize=4096)
def packages(text: str | None) -> tuple[Part, ...]:
    """Returns the packages of a row's ``packages``."""
    found = ((_package(wire), wire) for wire in objects(parsed(text)))
    return tuple(Part(package, purl_of(package), wire) for package, wire in found)


def _package(wire: Mapping[str, Any]) -> Package:
    fixed = word(wire.get("fixedInVersion"))
    keys = {
        "manager": "packageManager",
        "path": "filePath",
        "purl": "purl",
        "reachability": "runtimeReachability",
        "reachability_reason": "runtimeReachabilityReason",
    }
    names = {name: word(wire.get(key)) for name, key in keys.items()}
    return Package(
        word(wire.get("name")) or "",
        version_of(wire),
        None if fixed in (None, NOT_AVAILABLE) else without_zero_epoch(fixed),
        **names,
    )


class Keys:
    """Unique keys for the rows of an export.

    Rows of a resource are adjacent, so only the keys of one resource are remembered.
    """

    def __init__(self) -> None:
        self._resource: tuple[Any, ...] = ()
        self._met: Counter[str] = Counter()

    def of(self, row: Row) -> str:
        """Returns the finding's key.

        Further findings of the same subject on a resource get an ordinal in their key.
        """
        resource = tuple(row[name] for name in _PLACE)
        if resource != self._resource:
            self._resource = resource
            self._met.clear()
        key = finding_key(row)
        self._met[key] += 1
        return finding_key(row, self._met[key] - 1)


def what(row: Row) -> str:
    """Returns the vulnerability id, or the finding type if there is none."""
    return row["vulnerability_id"] or row["type"] or "FINDING"


def risk(row: Row) -> dict[str, Any]:
    """Returns KEV and the deadline as plain data, without what is unknown."""
    names = {"kev": "kev", "kevDue": "kev_due", "due": "due_on", "daysOverdue": "days_overdue"}
    return {name: row[column] for name, column in names.items() if row[column] is not None}


def urgency(row: Row) -> str:
    """Returns KEV and the deadline as sentences; empty if there is nothing to say."""
    kev = "In CISA's catalog of known exploited vulnerabilities." if row["kev"] else ""
    late = row["days_overdue"]
    due = f"Due {row['due_on']}{f', {spell_days(late)} overdue' if late else ''}."
    return " ".join((*filter(None, (kev,)), *((due,) if row["due_on"] else ())))


def wire_time(seconds: object) -> datetime | None:
    """Returns a time from Inspector, in epoch seconds, as a datetime; None if it is invalid."""
    found = number(seconds)
    return None if found is None else moment_of(round(found, 3))


def wire_moment(seconds: object) -> str | None:
    """Returns a time from Inspector in ISO 8601; None if it is invalid."""
    found = wire_time(seconds)
    return iso(found)


def snapshot(proof: Proof) -> dict[str, Any]:
    """Returns the provenance as plain data, without unknown values and messages from AWS."""
    values = proof.outward().to_json()
    return present(
        **{
            name: values[name]
            for name in ("source", "snapshot_id", "as_of", "too_old", "certificate")
        }
    )


def warnings(proof: Proof) -> list[str]:
    """Returns the reasons why findings may be missing, one sentence each.

    Empty if the snapshot is complete and fresh. An export is passed on, so it has no message from
    AWS.
    """
    if proof.sure:
        return []
    old = [f"{capital(proof.not_fresh)}."] if proof.too_old else []
    partial = (
        []
        if proof.state == "complete"
        else [f"The snapshot is {proof.state or 'without a certificate'}: findings may lack."]
    )
    return [*partial, *(f"{capital(reason)}." for reason in doubts(proof.outward())), *old]
