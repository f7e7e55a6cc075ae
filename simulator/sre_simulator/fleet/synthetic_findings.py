"""Synthetic findings shaped like recorded ones.

They have long descriptions, many references and several packages. Recorded findings have 1 to 5
packages, up to 30 references, and take 3 kB; these take a little more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sre_simulator.randomness import Dice
from sre_simulator.vulnerabilities.descriptions import LONGEST, kernel_text

if TYPE_CHECKING:
    from collections.abc import Iterator

Wire = dict[str, Any]

ACCOUNT, REGION = "111122223333", "us-east-1"
_MACHINES = 9
_SINCE = 1_678_000_000.0
_SEVERITIES = ("CRITICAL", "HIGH", "HIGH", "HIGH", "MEDIUM", "MEDIUM", "LOW")
_NAMES = (
    "vim",
    "kernel",
    "openssl",
    "glibc",
    "curl",
    "python3",
    "java-17",
    "systemd",
    "git",
    "bind",
    "sqlite",
    "expat",
)
_HOSTS = (
    "lists.example.org/archives",
    "bugs.example.com/show",
    "git.example.net/commit",
    "security.example.org/advisory",
)


def invented_findings(count: int = 214, seed: int = 1) -> Iterator[Wire]:
    """Yields a number of findings of nine instances in one account.

    They have the form of ListFindings. The same seed gives the same findings.
    """
    for number in range(count):
        yield _finding(number, Dice("invented", seed, number))


def _finding(number: int, dice: Dice) -> Wire:
    weakness, name = f"CVE-20{10 + number % 14}-{10_000 + number}", dice.pick(_NAMES)
    packages = [_package(name, part, dice) for part in range(1 + dice.below(5))]
    first = _SINCE + dice.below(10_000_000) / 1000
    severity = dice.pick(_SEVERITIES)
    more = f" and {len(packages) - 1} more" if len(packages) > 1 else ""
    return {
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "severity": severity,
        "status": "ACTIVE",
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{dice.hex(32)}",
        "title": f"{weakness} - {packages[0]['name']}{more}",
        "description": (kernel_text(weakness) * 3)[:LONGEST],
        "firstObservedAt": first,
        "lastObservedAt": first,
        "updatedAt": first,
        "exploitAvailable": dice.pick(("YES", "NO", "NO", "NO")),
        "fixAvailable": dice.pick(("YES", "YES", "NO")),
        "inspectorScore": 7.8,
        "inspectorScoreDetails": {"adjustedCvss": {"adjustments": [], **_score()}},
        "packageVulnerabilityDetails": _details(weakness, severity, packages, dice),
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [_machine(number % _MACHINES)],
    }


def _details(weakness: str, severity: str, packages: list[Wire], dice: Dice) -> Wire:
    urls = [f"https://{dice.pick(_HOSTS)}/{dice.hex(40)}" for _ in range(dice.below(31))]
    return {
        "vulnerabilityId": weakness,
        "source": "NVD",
        "sourceUrl": f"https://nvd.example.org/vuln/detail/{weakness}",
        "cvss": [
            {
                "baseScore": 7.8,
                "scoringVector": _score()["scoringVector"],
                "source": "NVD",
                "version": "3.1",
            }
        ],
        "referenceUrls": urls,
        "relatedVulnerabilities": [],
        "vendorSeverity": severity,
        "vendorCreatedAt": _SINCE - 9e6,
        "vendorUpdatedAt": _SINCE - 2e6,
        "vulnerablePackages": packages,
    }


def _package(name: str, part: int, dice: Dice) -> Wire:
    full, fixed = (
        f"{name}-{('common', 'libs', 'data', 'minimal', 'devel')[part]}",
        dice.below(900) + 100,
    )
    return {
        "name": full,
        "arch": "X86_64",
        "epoch": 2,
        "version": f"9.0.{fixed - 90}",
        "release": "1.amzn2.0.1",
        "packageManager": "OS",
        "fixedInVersion": f"2:9.0.{fixed}-1.amzn2.0.1",
        "remediation": f"yum update {full}",
    }


def _score() -> Wire:
    vector = "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"
    return {
        "cvssSource": "NVD",
        "score": 7.8,
        "scoreSource": "NVD",
        "scoringVector": vector,
        "version": "3.1",
    }


def _machine(number: int) -> Wire:
    dice = Dice("machine", number)
    details = {
        "iamInstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/InstancesQuickSetup",
        "type": "t3.large",
        "imageId": f"ami-{dice.hex(17)}",
        "ipV4Addresses": [f"203.0.113.{number + 1}", f"10.0.0.{number + 1}"],
        "ipV6Addresses": [],
        "keyName": "operations",
        "launchedAt": _SINCE - 9e5,
        "platform": "AMAZON_LINUX_2",
        "subnetId": f"subnet-{dice.hex(8)}",
        "vpcId": f"vpc-{dice.hex(8)}",
    }
    return {
        "id": f"i-0{dice.hex(16)}",
        "type": "AWS_EC2_INSTANCE",
        "partition": "aws",
        "region": REGION,
        "tags": {"Name": f"host-{number}", "team": "payments"},
        "details": {"awsEc2Instance": details},
    }
