"""Findings as OCSF Vulnerability Finding events, for security lakes and SIEMs.

The format is one JSON object per line. Fields that OCSF does not define are under ``unmapped``;
unknown values are left out. A finding without a vulnerability, such as an open port, is an event
without one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from sre_findings.model.answers.answer import Proof
from sre_findings.model.findings.finding_key import partition_of
from sre_reports.formats.finding_fields import (
    PRODUCT,
    SCANNER,
    VENDOR,
    Keys,
    Row,
    risk,
    snapshot,
    warnings,
)
from sre_reports.formats.json_values import (
    mapping,
    objects,
    parsed,
    part,
    present,
    word,
    words,
)
from sre_reports.formats.ocsf.vulnerabilities import vulnerabilities
from sre_reports.formats.spool import dumped

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )

VERSION = "1.6.0"
CLASS = 2002
_SEVERITIES = {"INFORMATIONAL": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4, "CRITICAL": 5, "UNTRIAGED": 0}
_OTHER = 99
# Inspector's status, mapped to OCSF's status and its name, and to the activity and its name.
_STATUSES = {
    "ACTIVE": (1, "New", 1, "Create"),
    "SUPPRESSED": (3, "Suppressed", 2, "Update"),
    "CLOSED": (4, "Resolved", 3, "Close"),
}


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes one line per finding."""
    kept, keys = present(snapshot=snapshot(proof), warnings=warnings(proof)), Keys()
    file.writelines(
        b"".join(dumped(event(row, keys.of(row), kept)) + b"\n" for row in batch)
        for batch in batches
    )


def event(row: Row, key: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Returns the event of a row with its key; ``kept`` is added to ``unmapped`` of each event."""
    status_id, status, activity_id, activity = _STATUSES.get(
        row["status"] or "", (_OTHER, row["status"] or "Other", _OTHER, "Other")
    )
    severity_id = _SEVERITIES.get(row["severity"] or "", _OTHER)
    return {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Vulnerability Finding",
        "type_uid": CLASS * 100 + activity_id,
        "type_name": f"Vulnerability Finding: {activity}",
        "severity_id": severity_id,
        "severity": "Unknown" if severity_id == 0 else (row["severity"] or "Other").capitalize(),
        "status_id": status_id,
        "status": status,
        "time": _milliseconds(_time(row)),
        **present(message=row["title"]),
        "metadata": _metadata(row),
        "finding_info": _finding_info(row, key),
        "vulnerabilities": vulnerabilities(row),
        "resources": _resources(row),
        "cloud": _cloud(row),
        **present(enrichments=_enrichments(row)),
        "unmapped": {**kept, **_unmapped(row)},
    }


def _time(row: Row) -> int:
    """Returns when Inspector last updated the finding.

    The result is the epoch if that is unknown, because OCSF requires a time.
    """
    times = (row["updated_at"], row["last_observed_at"], row["first_observed_at"])
    return next((one for one in times if one is not None), 0)


def _milliseconds(microseconds: int | None) -> int | None:
    return None if microseconds is None else microseconds // 1000


def _metadata(row: Row) -> dict[str, Any]:
    return {
        "version": VERSION,
        "product": {"name": SCANNER, "vendor_name": VENDOR},
        "log_provider": PRODUCT,
        "profiles": ["cloud"],
        "uid": row["finding_arn"],
        **present(tenant_uid=row["account_id"]),
    }


def _finding_info(row: Row, key: str) -> dict[str, Any]:
    advice = part(mapping(row["remediation"]), "recommendation")
    return {
        "uid": row["finding_arn"],
        "uid_alt": key,
        "title": row["title"] or row["type"] or "Finding",
        **present(
            desc=row["description"],
            types=[row["type"]] if row["type"] else None,
            first_seen_time=_milliseconds(row["first_observed_at"]),
            last_seen_time=_milliseconds(row["last_observed_at"]),
            modified_time=_milliseconds(row["updated_at"]),
            src_url=word(advice.get("Url")) or word(advice.get("url")),
        ),
    }


def _resources(row: Row) -> list[dict[str, Any]]:
    if not row["resource_id"] and not row["resource_name"]:
        return []
    region_of = {"region": row["region"], "cloud_partition": partition_of(row["finding_arn"])}
    owner = {"name": row["owner"]} if row["owner"] else None
    named = present(
        uid=row["resource_id"], name=row["resource_name"], type=row["resource_type"], owner=owner
    )
    return [{**named, **region_of, **_of_wire(row["resources"], row["resource_id"])}]


@lru_cache(maxsize=4096)
def _of_wire(text: str | None, resource_id: str | None) -> dict[str, Any]:
    """Returns the resource's tags, and its details under ``data``."""
    wire = next((one for one in objects(parsed(text)) if one.get("id") == resource_id), {})
    tags = [
        {"name": name, "value": word(value) or ""}
        for name, value in part(wire, "tags").items()
        if name
    ]
    return present(
        tags=tags, data=wire.get("details") if isinstance(wire.get("details"), dict) else None
    )


def _cloud(row: Row) -> dict[str, Any]:
    account = (
        {"account": {"uid": row["account_id"], "type": "AWS Account", "type_id": 10}}
        if row["account_id"]
        else {}
    )
    return {
        "provider": VENDOR,
        "region": row["region"],
        "cloud_partition": partition_of(row["finding_arn"]),
        **account,
    }


def _enrichments(row: Row) -> list[dict[str, Any]]:
    """Returns KEV for the vulnerability, and the deadline of the SLA policy for the finding."""
    every, found = risk(row), []
    known: dict[str, Any] = {name: every[name] for name in ("kev", "kevDue") if name in every}
    deadline: dict[str, Any] = {
        name: every[name] for name in ("due", "daysOverdue") if name in every
    }
    if known and row["vulnerability_id"]:
        found.append(_enrichment("vulnerabilities.cve.uid", row["vulnerability_id"], "CISA", known))
    if deadline and row["finding_arn"]:
        found.append(_enrichment("finding_info.uid", row["finding_arn"], PRODUCT, deadline))
    return found


def _enrichment(name: str, value: str, provider: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "value": value, "provider": provider, "data": data}


def _unmapped(row: Row) -> dict[str, Any]:
    """Returns Inspector's values for which OCSF has numbers or no field."""
    return present(
        inspector=present(
            severity=row["severity"],
            status=row["status"],
            score=row["inspector_score"],
            score_details=parsed(row["score_details"]),
            fix_available=row["fix_available"],
            exploit_available=row["exploit_available"],
            runtime_reachability=row["reachability"],
            runtime_reachability_reason=row["reachability_reason"],
            vulnerability_id=row["vulnerability_id"],
            network=parsed(row["network_details"]),
            code=parsed(row["code_details"]),
            related=words(mapping(row["vulnerability_details"]).get("relatedVulnerabilities")),
        )
    )
