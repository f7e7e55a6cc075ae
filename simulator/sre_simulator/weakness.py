"""A weakness: what a finding says of the vulnerability and its packages, the same wherever it is
found."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from sre_simulator.dice import Dice
from sre_simulator.prose import description
from sre_simulator.vocabulary import Vulnerability, exploited, kernel_published

if TYPE_CHECKING:
    from collections.abc import Callable

Wire = dict[str, Any]

_VECTORS = {
    10.0: "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
    9.8: "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    9.1: "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H",
    9.0: "AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H",
    8.8: "AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
    8.1: "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",
    7.8: "AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
    7.5: "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    7.1: "AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:H",
    7.0: "AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H",
    6.5: "AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H",
    6.1: "AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
    5.9: "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H",
    5.5: "AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H",
    5.3: "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
    4.7: "AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H",
    3.7: "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:L",
    3.3: "AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:L",
}
_KERNEL_SCORES = (
    (9.8, 0.012),
    (9.1, 0.012),
    (7.8, 0.27),
    (7.1, 0.13),
    (7.0, 0.06),
    (5.5, 0.36),
    (4.7, 0.05),
    (3.3, 0.086),
    (0.0, 0.02),
)
_LADDER = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


class Weakness:
    """One weakness as found on many resources: its severity, and its members of a finding as
    encoded JSON.

    `body` is the members without braces, made at first use; `part` is the same decoded, for
    filters.
    """

    __slots__ = ("_body", "_make", "severity", "vulnerability")

    def __init__(
        self, severity: str, make: Callable[[], Wire], vulnerability: Vulnerability | None = None
    ) -> None:
        self.severity = severity
        self.vulnerability = vulnerability
        self._make = make
        self._body = b""

    @property
    def body(self) -> bytes:
        """The members as JSON, without the braces around them."""
        if not self._body:
            self._body = msgspec.json.encode(self._make())[1:-1]
        return self._body

    @property
    def part(self) -> Wire:
        """The members decoded; nothing is kept, for a big fleet has many."""
        return msgspec.json.decode(b"{%b}" % self.body, type=Wire)


@cache
def kernel_vulnerability(name: str) -> Vulnerability:
    """A vulnerability of the kernel's ranges; its score is drawn in the proportions of real
    fleets."""
    score = Dice("score", name).weighted(_KERNEL_SCORES)
    cwe = Dice("cwe", name).pick(("CWE-416", "CWE-476", "CWE-125", "CWE-401", "CWE-362", "CWE-787"))
    return Vulnerability(name, "kernel", score, cwe, kernel_published()[name], "")


def band(score: float) -> str:
    """The severity of a CVSS score ("Understanding severity levels", Inspector user guide); 0 is
    untriaged here."""
    if score <= 0:
        return "UNTRIAGED"
    return _LADDER[(score >= 4) + (score >= 7) + (score >= 9) + 1]


def rated(vulnerability: Vulnerability) -> str:
    """The severity that Inspector gives: nearly always the score's band, as in recorded
    findings."""
    severity = band(vulnerability.score)
    dice = Dice("off band", vulnerability.id)
    if severity in {"MEDIUM", "HIGH"} and dice.chance(0.025):
        return _LADDER[_LADDER.index(severity) + dice.pick((-1, 1))]
    return severity


def cvss(vulnerability: Vulnerability) -> list[Wire]:
    """The scores of a vulnerability, none where nobody has scored it."""
    if not vulnerability.score:
        return []
    nearest = min(_VECTORS, key=lambda score: abs(score - vulnerability.score))
    vector = f"CVSS:3.1/{_VECTORS[nearest]}"
    return [
        {
            "baseScore": vulnerability.score,
            "scoringVector": vector,
            "version": "3.1",
            "source": "NVD",
        }
    ]


def epss(vulnerability: Vulnerability) -> float:
    """A drawn EPSS score: high for what is known to be exploited."""
    dice = Dice("epss", vulnerability.id)
    if vulnerability.id in exploited():
        return round(dice.between(0.4, 0.975), 5)
    return round(10 ** dice.between(-4.3, -1.6), 5)


def is_exploitable(vulnerability: Vulnerability) -> bool:
    """Whether an exploit is publicly known."""
    return vulnerability.id in exploited() or Dice("exploit", vulnerability.id).chance(0.06)


def references(vulnerability: Vulnerability) -> list[str]:
    """Reference URLs: usually a few, sometimes many."""
    dice = Dice("references", vulnerability.id)
    urls = (
        [f"https://nvd.nist.gov/vuln/detail/{vulnerability.id}"]
        if vulnerability.id.startswith("CVE")
        else []
    )
    if vulnerability.component == "kernel":
        urls += [
            f"https://git.kernel.org/stable/c/{dice.hex(40)}" for _ in range(1 + dice.below(8))
        ]
    urls += [
        f"https://lists.example.org/security/{dice.hex(8)}.html"
        for _ in range(dice.weighted(((0, 0.5), (4, 0.4), (16, 0.1))))
    ]
    return [
        *urls,
        *(
            f"https://github.com/advisories/{name}"
            for name in vulnerability.related
            if name[:4] == "GHSA"
        ),
    ]


def package_wire(
    vulnerability: Vulnerability, packages: list[Wire], origin: Wire, *, scored: bool
) -> Wire:
    """The members of a package finding; `origin` holds source, sourceUrl and, where the vendor
    rates, vendorSeverity."""
    fixes = {package["fixedInVersion"] != "NotAvailable" for package in packages}
    scores = cvss(vulnerability)
    wire: Wire = {
        "type": "PACKAGE_VULNERABILITY",
        "description": description(vulnerability),
        "title": _title(vulnerability.id, [package["name"] for package in packages]),
        "remediation": {"recommendation": {"text": "None Provided"}},
        "fixAvailable": "PARTIAL" if len(fixes) == 2 else "YES" if True in fixes else "NO",
        "exploitAvailable": "YES" if is_exploitable(vulnerability) else "NO",
        "epss": {"score": epss(vulnerability)},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": vulnerability.id,
            **origin,
            "cvss": scores,
            "relatedVulnerabilities": list(vulnerability.related),
            "referenceUrls": references(vulnerability),
            "vendorCreatedAt": vulnerability.published,
            "vendorUpdatedAt": vulnerability.published
            + Dice("update", vulnerability.id).below(200) * 86400.0,
            "vulnerablePackages": packages,
        },
    }
    if wire["exploitAvailable"] == "YES":
        wire["exploitabilityDetails"] = {
            "lastKnownExploitAt": vulnerability.published + 30 * 86400.0
        }
    if scores and scored:
        wire |= _inspector_score(scores[0])
    return wire


def _inspector_score(score: Wire) -> Wire:
    adjusted = {"scoreSource": "NVD", "cvssSource": "NVD", "version": "3.1", "adjustments": []}
    adjusted |= {"score": score["baseScore"], "scoringVector": score["scoringVector"]}
    return {
        "inspectorScore": score["baseScore"],
        "inspectorScoreDetails": {"adjustedCvss": adjusted},
    }


def _title(name: str, packages: list[str]) -> str:
    shown = ", ".join(packages[:2])
    return f"{name} - {shown}" + (f" and {len(packages) - 2} more" if len(packages) > 2 else "")
