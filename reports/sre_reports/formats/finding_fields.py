"""What several exports say alike of a row of findings: its names, its times, its packages, and
where it is from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.finding import Package, iso
from sre_findings.model.findings.finding_key import finding_key
from sre_findings.model.timestamps import moment_of
from sre_findings.rows.values import NOT_AVAILABLE, time_of, version_of, without_zero_epoch
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
SCANNER = "Amazon Inspector"
SCANNER_URL = "https://docs.aws.amazon.com/inspector/latest/user/what-is-inspector.html"
VENDOR = "AWS"

Row = Mapping[str, Any]
_PLACE = ("account_id", "region", "resource_type", "resource_id")


class Part(NamedTuple):
    """A package of a finding, its purl where one can be known, and the wire's own object."""

    package: Package
    purl: str | None
    wire: Mapping[str, Any]


@lru_cache(maxsize=4096)
def packages(text: str | None) -> tuple[Part, ...]:
    """The packages of a row's ``packages``."""
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
    """A key for each row of an export, no two alike. Rows of one resource come together, so only
    its keys are remembered."""

    def __init__(self) -> None:
        self._resource: tuple[Any, ...] = ()
        self._met: Counter[str] = Counter()

    def of(self, row: Row) -> str:
        """The finding's key. Of several findings of one subject at a resource, each after the first
        has its ordinal in it."""
        resource = tuple(row[name] for name in _PLACE)
        if resource != self._resource:
            self._resource = resource
            self._met.clear()
        key = finding_key(row)
        self._met[key] += 1
        return finding_key(row, self._met[key] - 1)


def what(row: Row) -> str:
    """What is found: the vulnerability's id; the kind of a finding that has none."""
    return row["vulnerability_id"] or row["type"] or "FINDING"


def moment(microseconds: int | None) -> str | None:
    """A time of a row in ISO 8601; None where there is none."""
    found = time_of(microseconds)
    return iso(found) if found else None


def wire_time(seconds: object) -> datetime | None:
    """A time of the wire, in epoch seconds; None where it is none."""
    found = number(seconds)
    return None if found is None else moment_of(round(found, 3))


def wire_moment(seconds: object) -> str | None:
    """The same in ISO 8601."""
    found = wire_time(seconds)
    return iso(found) if found else None


def snapshot(proof: Proof) -> dict[str, Any]:
    """The proof as plain data; what is not known is not there."""
    told = proof.to_json()
    return present(
        **{
            name: told[name]
            for name in ("source", "snapshot_id", "as_of", "too_old", "certificate")
        }
    )


def warnings(proof: Proof) -> list[str]:
    """Why the findings may not be all, a sentence each; empty where the snapshot is complete and
    young enough."""
    if proof.sure:
        return []
    old = ["The snapshot is older than allowed."] if proof.too_old else []
    partial = (
        []
        if proof.state == "complete"
        else [f"The snapshot is {proof.state or 'without a certificate'}: findings may lack."]
    )
    return [*partial, *(f"{capital(reason)}." for reason in doubts(proof)), *old]
