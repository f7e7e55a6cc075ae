"""The vulnerabilities of an OCSF event.

Each is a CVE with its scores, another advisory, or the weakness of a code finding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sre_reports.formats.finding_fields import (
    Part,
    Row,
    packages,
    wire_time,
)
from sre_reports.formats.json_values import (
    mapping,
    number,
    objects,
    part,
    present,
    word,
    words,
)

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_CWE = re.compile(r"CWE-\d+")
_FIXES = {"YES": (1, "Complete"), "PARTIAL": (2, "Partial"), "NO": (3, "None")}


def vulnerabilities(row: Row) -> list[dict[str, Any]]:
    """Returns one vulnerability, or one per weakness of a code finding.

    Other findings, such as open ports, have none.
    """
    if row["vulnerability_id"]:
        return [{**_name(row), **_about(row)}]
    code = mapping(row["code_details"])
    weaknesses = [uid for uid in words(code.get("cwes")) if _CWE.fullmatch(uid)]
    return [{"cwe": {"uid": uid}, **_of_code(row, code)} for uid in weaknesses]


def _name(row: Row) -> dict[str, Any]:
    """Returns the CVE, or the advisory that has the id, with its related CVEs."""
    uid, wire = row["vulnerability_id"], mapping(row["vulnerability_details"])
    times = present(
        created_time=_moment(wire.get("vendorCreatedAt")),
        modified_time=_moment(wire.get("vendorUpdatedAt")),
    )
    links = present(references=words(wire.get("referenceUrls")), **times)
    if _CVE.fullmatch(uid):
        return {"cve": {"uid": uid, **_scores(row, wire), **links}}
    related = [
        {"uid": one} for one in words(wire.get("relatedVulnerabilities")) if _CVE.fullmatch(one)
    ]
    return {
        "advisory": {
            "uid": uid,
            **links,
            **present(src_url=word(wire.get("sourceUrl")), related_cves=related),
        }
    }


def _scores(row: Row, wire: Mapping[str, Any]) -> dict[str, Any]:
    epss = number(row["epss_score"])
    cvss = [found for one in objects(wire.get("cvss")) if (found := _cvss(one))]
    return present(cvss=cvss, epss={"score": repr(epss)} if epss is not None else None)


def _cvss(one: Mapping[str, Any]) -> dict[str, Any] | None:
    score, version = number(one.get("baseScore")), word(one.get("version"))
    if score is None or version is None:
        return None
    return {
        "base_score": float(score),
        "version": version,
        **present(
            vector_string=word(one.get("scoringVector")), vendor_name=word(one.get("source"))
        ),
    }


def _about(row: Row) -> dict[str, Any]:
    """Returns further details.

    Whether an exploit or a fix exists is included only if Inspector reports it.
    """
    wire, seen = mapping(row["vulnerability_details"]), mapping(row["exploitability"])
    fix_id, fix = _FIXES.get(row["fix_available"] or "", (None, None))
    return present(
        desc=row["description"],
        severity=word(wire.get("vendorSeverity")),
        vendor_name=word(wire.get("source")),
        references=[link] if (link := word(wire.get("sourceUrl"))) else None,
        related_vulnerabilities=words(wire.get("relatedVulnerabilities")),
        affected_packages=[_package(one) for one in packages(row["packages"])],
        remediation=_remediation(row),
        fix_coverage_id=fix_id,
        fix_coverage=fix,
        is_fix_available={"YES": True, "PARTIAL": True, "NO": False}.get(
            row["fix_available"] or ""
        ),
        is_exploit_available={"YES": True, "NO": False}.get(row["exploit_available"] or ""),
        exploit_last_seen_time=_moment(seen.get("lastKnownExploitAt")),
    )


def _package(one: Part) -> dict[str, Any]:
    wire, found = one.wire, one.package
    fix = word(wire.get("remediation"))
    return {
        "name": found.name,
        "version": found.version,
        **present(
            fixed_in_version=found.fixed_in,
            architecture=word(wire.get("arch")),
            package_manager=found.manager,
            path=found.path,
            purl=one.purl,
            remediation={"desc": fix} if fix else None,
        ),
    }


def _remediation(row: Row) -> dict[str, Any] | None:
    """Returns Inspector's recommendation; ``None Provided`` is its value for none."""
    advice = part(mapping(row["remediation"]), "recommendation")
    text, link = word(advice.get("text")), word(advice.get("Url")) or word(advice.get("url"))
    if not text or text == "None Provided":
        return None
    return {"desc": text, **present(references=[link] if link else None)}


def _of_code(row: Row, code: Mapping[str, Any]) -> dict[str, Any]:
    return present(
        title=row["title"],
        desc=row["description"],
        references=words(code.get("referenceUrls")),
        affected_code=_affected_code(part(code, "filePath")),
        remediation=_remediation(row),
    )


def _affected_code(wire: Mapping[str, Any]) -> list[dict[str, Any]]:
    path = word(wire.get("filePath"))
    name = word(wire.get("fileName")) or (path or "").rpartition("/")[2]
    if not name:
        return []
    lines = {
        to: found
        for to, key in (("start_line", "startLine"), ("end_line", "endLine"))
        if isinstance(found := number(wire.get(key)), int)
    }
    return [{"file": {"name": name, "type_id": 1, **present(path=path)}, **lines}]


def _moment(seconds: object) -> int | None:
    """Returns epoch milliseconds."""
    found = wire_time(seconds)
    return None if found is None else int(found.timestamp() * 1000)
