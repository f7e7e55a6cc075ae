"""Vulnerabilities of a single resource.

They are ports reachable from the internet, and flaws in a function's own code.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sre_simulator.randomness import Dice
from sre_simulator.vulnerabilities.vulnerability import Weakness, Wire

if TYPE_CHECKING:
    from sre_simulator.fleet.resource import Drawn

# The port table of "Network reachability findings" in the Inspector user guide.
_PORTS = (
    (22, 22, "TCP", "MEDIUM"),
    (443, 443, "TCP", "LOW"),
    (80, 80, "TCP", "LOW"),
    (8080, 8080, "TCP", "INFORMATIONAL"),
    (3389, 3389, "TCP", "MEDIUM"),
    (0, 65535, "UDP", "HIGH"),
    (23, 23, "TCP", "HIGH"),
    (9090, 9090, "TCP", "INFORMATIONAL"),
)
_DETECTORS = (
    ("log-injection", "Log injection", ("CWE-117", "CWE-93"), "HIGH"),
    ("sql-injection", "SQL injection", ("CWE-89",), "HIGH"),
    ("os-command-injection", "OS command injection", ("CWE-78",), "CRITICAL"),
    ("hardcoded-credentials", "Hardcoded credentials", ("CWE-798",), "CRITICAL"),
    ("insecure-deserialization", "Deserialization of untrusted object", ("CWE-502",), "MEDIUM"),
    ("weak-hashing", "Insecure hashing", ("CWE-327", "CWE-328"), "LOW"),
)
_LANGUAGES = {
    "npm": ("javascript", "js"),
    "pip": ("python", "py"),
    "maven": ("java", "java"),
    "go": ("go", "go"),
}


def open_ports(drawn: Drawn, count: int) -> list[Weakness]:
    """Returns the network findings of an instance, each for a different port."""
    ports = Dice("ports", drawn.id).shuffled(_PORTS)[:count]
    return [
        Weakness(severity, partial(_network_wire, drawn, begin, end, protocol))
        for begin, end, protocol, severity in ports
    ]


def _network_wire(drawn: Drawn, begin: int, end: int, protocol: str) -> Wire:
    dice = Dice("path", drawn.id)
    gateway, interface = f"igw-{dice.hex(17)}", f"eni-{dice.hex(17)}"
    path = (
        (gateway, "InternetGateway"),
        (f"acl-{dice.hex(17)}", "NetworkAcl"),
        (f"sg-{dice.hex(17)}", "SecurityGroup"),
        (interface, "NetworkInterface"),
        (drawn.id, "Instance"),
    )
    ports = f"port range {begin}-{end}" if end > begin else f"port {begin}"
    title = f"Port range {begin} to {end}" if end > begin else f"Port {begin}"
    return {
        "type": "NETWORK_REACHABILITY",
        "description": (
            f"On the instance {drawn.id}, the {ports} is reachable from the InternetGateway"
            f" {gateway} from an attached ENI {interface}."
        ),
        "title": f"{title} is reachable from an Internet Gateway - {protocol}",
        "remediation": {
            "recommendation": {
                "text": "Restrict access to the instance in its security groups or ACLs."
            }
        },
        "networkReachabilityDetails": {
            "networkPath": {
                "steps": [
                    {"componentId": each, "componentType": f"AWS::EC2::{kind}"}
                    for each, kind in path
                ]
            },
            "openPortRange": {"begin": begin, "end": end},
            "protocol": protocol,
        },
    }


def code_flaws(drawn: Drawn, ecosystem: str, count: int) -> list[Weakness]:
    """Returns the code findings of a function or repository, each from a different detector."""
    found = Dice("flaws", drawn.id).shuffled(_DETECTORS)[:count]
    return [Weakness(each[3], partial(_code_wire, drawn.id, ecosystem, each)) for each in found]


def _code_wire(
    resource: str, ecosystem: str, detector: tuple[str, str, tuple[str, ...], str]
) -> Wire:
    rule, name, cwes, _ = detector
    dice = Dice("line", resource, rule)
    language, ending = _LANGUAGES[ecosystem]
    file, line = (
        f"{dice.pick(('client', 'handler', 'store', 'orders'))}.{ending}",
        1 + dice.below(400),
    )
    numbers = ",".join(cwe.removeprefix("CWE-") for cwe in cwes)
    advice = (
        "Check what comes from outside before it is used here, and keep secrets in a store made for"
        " them."
    )
    return {
        "type": "CODE_VULNERABILITY",
        "description": f"{name}: a value from outside reaches this statement without a check.",
        "title": f"CWE-{numbers} - {name}",
        "remediation": {"recommendation": {"text": advice}},
        "codeVulnerabilityDetails": {
            "filePath": {
                "fileName": file,
                "filePath": f"src/{file}",
                "startLine": line,
                "endLine": line + dice.below(4),
            },
            "detectorId": f"{language}/{rule}@v1.0",
            "detectorName": name,
            "detectorTags": ["security", "injection", "owasp-top10"],
            "ruleId": f"{language}-{rule}",
            "cwes": list(cwes),
            "referenceUrls": [
                f"https://cwe.mitre.org/data/definitions/{cwes[0].removeprefix('CWE-')}.html"
            ],
        },
    }
