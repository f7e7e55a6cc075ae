"""Converts rows of an engine to values of the model."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sre_findings.model.coverage.row import ACTIVE, SWITCHED_OFF, Coverage
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.findings.reachability import Reachability, together
from sre_findings.model.findings.severity import name_of
from sre_findings.model.resources.resource import Resource
from sre_findings.model.timestamps import day_of, iso

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_AVAILABLE = "NotAvailable"  # Inspector's value if no fixed version exists


def time_of(microseconds: int | None) -> datetime | None:
    """Returns the time for an engine's epoch microseconds.

    None if there is none, or if it is outside the years 1 to 9999, as in a damaged part.
    """
    if microseconds is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def iso_of(microseconds: int | None) -> str | None:
    """Returns the time for an engine's epoch microseconds in ISO 8601; see ``time_of``."""
    return iso(time_of(microseconds))


def coverage_of(row: Mapping[str, Any]) -> Coverage:
    """Converts a row of the coverage queries.

    A scan that Inspector lists as ACTIVE although its type is switched off has that reason.
    """
    off = row["switched_off"] and row["status"] == ACTIVE
    return Coverage(
        row["resource_id"],
        row["resource_type"],
        row["account_id"],
        row["region"],
        row["scan_type"],
        row["status"],
        SWITCHED_OFF if off else row["reason"],
        row["scan_mode"],
        time_of(row["last_scanned_us"]),
        row["name"] or "",
    )


def resource_of(row: Mapping[str, Any]) -> Resource:
    """Converts a row of ``resources_by_name``."""
    return Resource(
        row["resource_id"], row["resource_type"], row["account_id"], row["region"], row["name"]
    )


def finding_of(row: Mapping[str, Any]) -> Finding:
    """Converts a row of ``resource_findings``, or of a query with the columns of a finding."""
    return Finding(
        finding_arn=row["finding_arn"],
        vulnerability_id=row["vulnerability_id"],
        severity=row["severity"] or "",
        status=row["status"] or "",
        type=row["type"] or "",
        title=row["title"],
        packages=packages_of(row["packages"]),
        fix_available=row["fix_available"],
        exploit_available=row["exploit_available"],
        epss_score=row["epss_score"],
        inspector_score=row["inspector_score"],
        first_observed_at=time_of(row["first_observed_us"]),
        last_observed_at=time_of(row["last_observed_us"]),
        resource_id=row["resource_id"],
        resource_type=row["resource_type"],
        resource_name=row["resource_name"] or "",
        account_id=row["account_id"] or "",
        region=row["region"],
        owner=row.get("owner"),
        not_understood=row["not_understood"],
        reachability=row["reachability"],
        reachability_reason=row["reachability_reason"],
        kev=in_kev(row),
        kev_due=day_of(row.get("kev_due")),
        exploit_observed=day_of(row.get("exploit_seen")),
    )


def in_kev(row: Mapping[str, Any]) -> bool | None:
    """Whether a row's vulnerability is in KEV; None if that was not checked.

    KEV lists only vulnerabilities of packages, so other findings need no check. Rows of some
    queries lack the columns.
    """
    if row.get("kev_added") or row.get("kev_due"):
        return True
    return False if row.get("checked") or row["type"] != "PACKAGE_VULNERABILITY" else None


@functools.lru_cache(maxsize=4096)
def packages_of(text: str | bytes | None) -> tuple[Package, ...]:
    """Returns the packages of a finding from Inspector's JSON.

    Items that are not packages are skipped; the row contains the original text.
    """
    found = json.loads(text) if text else None
    return (
        tuple(_package(one) for one in found if isinstance(one, dict))
        if isinstance(found, list)
        else ()
    )


@functools.lru_cache(maxsize=4096)
def reachability_of(text: str | bytes | None) -> Reachability:
    """Returns the reachability of a finding from the JSON of its packages.

    An item that is not a package counts as unknown.
    """
    found = json.loads(text) if text else None
    return (
        together([_reachability(one) for one in found])
        if isinstance(found, list)
        else Reachability()
    )


def _reachability(wire: object) -> Reachability:
    if not isinstance(wire, dict):
        return Reachability()
    return Reachability(
        _text(wire.get("runtimeReachability")), _text(wire.get("runtimeReachabilityReason"))
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _package(wire: Mapping[str, Any]) -> Package:
    fixed = wire.get("fixedInVersion")
    return Package(
        name=_text(wire.get("name")) or "",
        version=version_of(wire),
        fixed_in=without_zero_epoch(str(fixed)) if fixed and fixed != NOT_AVAILABLE else None,
        manager=_text(wire.get("packageManager")),
        path=_text(wire.get("filePath")),
        reachability=_text(wire.get("runtimeReachability")),
        reachability_reason=_text(wire.get("runtimeReachabilityReason")),
        purl=_text(wire.get("purl")),
    )


def version_of(wire: Mapping[str, Any]) -> str:
    """Returns ``epoch:version-release``, in the format of the package manager.

    An epoch of 0 is omitted.
    """
    epoch, release = wire.get("epoch"), wire.get("release")
    version = f"{epoch}:{wire.get('version', '')}" if epoch else str(wire.get("version", ""))
    return without_zero_epoch(f"{version}-{release}" if release else version)


def without_zero_epoch(version: str) -> str:
    """Returns a version without an epoch of 0, as in all answers, reports and exports."""
    return version.removeprefix("0:")


def severity_word(rank: int | None) -> str | None:
    """Returns the name of a severity from its rank. Unknown severities are ``OTHER``."""
    return None if rank is None else str(name_of(rank))
