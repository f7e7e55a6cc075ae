"""BatchGetFindingDetails: details of a vulnerability that are not in the finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sre_simulator.fleet.lifecycle import DAY
from sre_simulator.vulnerabilities.reference_data import exploited
from sre_simulator.vulnerabilities.vulnerability import epss, is_exploitable, references

if TYPE_CHECKING:
    from sre_simulator.fleet.finding import Row
    from sre_simulator.vulnerabilities.reference_data import Vulnerability

Wire = dict[str, Any]
ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:inspector2:[a-z]{2}(-gov)?-[a-z]+-\d:\d{12}:finding/[a-f0-9]{32}"
)
_ACTION = "Apply updates per vendor instructions."


def details(row: Row) -> Wire | None:
    """Returns the details of a package finding; None for other findings, which have none."""
    weakness = row.weakness_part
    if weakness["type"] != "PACKAGE_VULNERABILITY":
        return None
    wire: Wire = {"findingArn": row.arn, "evidences": [], "tools": [], "ttps": [], "cwes": []}
    package = weakness["packageVulnerabilityDetails"]
    wire["referenceUrls"] = package.get("referenceUrls", [])[:100]
    if "score" in weakness.get("epss", {}):
        wire["epssScore"] = weakness["epss"]["score"]
    wire |= _known(row.vulnerability) if row.vulnerability else {}
    return wire | _kev(package["vulnerabilityId"])


def _known(vulnerability: Vulnerability) -> Wire:
    wire: Wire = {
        "epssScore": epss(vulnerability),
        "cwes": [vulnerability.cwe],
        "referenceUrls": references(vulnerability),
    }
    wire["riskScore"] = round(vulnerability.score * 10)
    if is_exploitable(vulnerability):
        seen = vulnerability.published + 20 * DAY
        wire["exploitObserved"] = {"firstSeen": seen, "lastSeen": seen + 200 * DAY}
        evidence = f"{vulnerability.id} is used by publicly available exploit code."
        wire["evidences"] = [
            {"evidenceRule": "Exploit", "evidenceDetail": evidence, "severity": "High"}
        ]
        wire |= {"ttps": ["T1068", "T1190"], "tools": ["Metasploit"]}
    return wire


def _kev(name: str) -> Wire:
    if name not in exploited():
        return {}
    added, due = exploited()[name]
    return {"cisaData": {"dateAdded": added, "dateDue": due, "action": _ACTION}}


def failed(arn: str, code: str, message: str) -> Wire:
    """Returns an entry of the errors list."""
    return {"findingArn": arn, "errorCode": code, "errorMessage": message}
