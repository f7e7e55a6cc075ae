"""The vulnerabilities of a platform or of a language's packages."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sre_simulator.randomness import Dice
from sre_simulator.vulnerabilities.reachability import library_purl, runtime, system_purl
from sre_simulator.vulnerabilities.reference_data import (
    PLATFORMS,
    Component,
    Library,
    Vulnerability,
    components,
    kernel,
    libraries,
    system,
)
from sre_simulator.vulnerabilities.vulnerability import (
    Weakness,
    Wire,
    band,
    kernel_vulnerability,
    package_wire,
    rated,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ADVICE = {
    "maven": "Update {name} to {fixed}",
    "npm": "npm update {name}",
    "pip": "pip install --upgrade {name}",
    "go": "go get -u {name}",
    "windows": "Install {related}",
}
_MANAGERS = {
    "maven": "JAR",
    "npm": "NODEPKG",
    "pip": "PYTHONPKG",
    "go": "GOBINARY",
    "windows": "OS",
}
_PATHS = {
    "maven": "lib/{name}-{installed}.jar",
    "npm": "node_modules/{name}/package.json",
    "pip": "{name}-{installed}.dist-info/METADATA",
    "go": "bin/server",
}
_UBUNTU_WORDS = {
    "CRITICAL": "high",
    "HIGH": "medium",
    "MEDIUM": "medium",
    "LOW": "low",
    "UNTRIAGED": "untriaged",
}
_DEBIAN_WORDS = {
    "CRITICAL": "not yet assigned",
    "HIGH": "not yet assigned",
    "MEDIUM": "unimportant",
    "LOW": "low**",
}


class Known(NamedTuple):
    """The vulnerabilities of a platform: of its kernel, and all others."""

    userland: list[Vulnerability]
    kernel: list[Vulnerability]


class Catalogue:
    """Vulnerabilities shared by all resources of a fleet.

    There is one object per (platform, vulnerability, revision).
    """

    def __init__(self) -> None:
        self._system: dict[tuple[str, str, int, str], Weakness] = {}
        self._libraries: dict[tuple[str, str], Weakness] = {}
        self._known: dict[str, Known] = {}

    def on(
        self, platform: str, found: Iterable[Vulnerability], revision: int = 0, layer: str = ""
    ) -> Iterator[Weakness]:
        """Yields the vulnerabilities of a platform with packages at a revision.

        `layer` is the layer of an image.
        """
        return (self._system_weakness(each, platform, revision, layer) for each in found)

    def within(self, ecosystem: str, layer: str = "") -> list[Weakness]:
        """Returns all vulnerabilities in packages of a language."""
        return [
            self._library_weakness(found, layer)
            for found in libraries()
            if found.ecosystem == ecosystem
        ]

    def known_on(self, platform: str) -> Known:
        """Returns the vulnerabilities that a platform can have."""
        if platform not in self._known:
            column = PLATFORMS.index(platform)
            fitting = [
                each for each in system() if components()[each.component].versions[column] != "-"
            ]
            named = {each.id for each in fitting}
            userland = [each for each in fitting if each.component != "kernel"]
            flaws = [each for each in fitting if each.component == "kernel"]
            self._known[platform] = Known(
                userland,
                flaws + [kernel_vulnerability(name) for name in kernel() if name not in named],
            )
        return self._known[platform]

    def _system_weakness(
        self, found: Vulnerability, platform: str, revision: int, layer: str
    ) -> Weakness:
        key = (platform, found.id, revision, layer)
        if key not in self._system:
            self._system[key] = Weakness(
                rated(found), partial(_system_wire, found, platform, revision, layer), found
            )
        return self._system[key]

    def _library_weakness(self, found: Library, layer: str) -> Weakness:
        key = (f"{found.ecosystem}/{found.vulnerability.component}/{found.vulnerability.id}", layer)
        if key not in self._libraries:
            make = partial(_library_wire, found, layer)
            self._libraries[key] = Weakness(rated(found.vulnerability), make, found.vulnerability)
        return self._libraries[key]


def bumped(version: str, steps: int) -> str:
    """Returns a plausible later version: with the last number of its release increased."""
    if steps == 0:
        return version
    if version.endswith((".amzn2", ".amzn2023")):
        return f"{version}.0.{steps}"
    head, last, tail = re.fullmatch(r"(.*?)(\d+)(\D*)", version).groups()  # type: ignore[union-attr]  # all end in digits
    return f"{head}{int(last) + steps}{tail}"


def _system_wire(found: Vulnerability, platform: str, revision: int, layer: str) -> Wire:
    component = components()[found.component]
    dice = Dice("package", platform, found.id)
    names = component.rpm if platform.startswith("AMAZON") else component.deb
    unfixed = dice.weighted(((0, 0.88), (len(names), 0.09), (1, 0.03)))
    steps = revision + 1 + dice.below(3)
    packages = [
        _system_package(
            component, name, platform, (revision, 0 if place < unfixed else steps), layer
        )
        | runtime(found.id, name, "image" if layer else "instance")
        for place, name in enumerate(names)
    ]
    return package_wire(
        found, packages, _origin(found, platform), scored=not platform.startswith("UBUNTU")
    )


def _system_package(
    component: Component, name: str, platform: str, steps: tuple[int, int], layer: str
) -> Wire:
    listed = component.versions[PLATFORMS.index(platform)]
    installed, fixed = (bumped(listed, count) for count in steps)
    is_rpm = platform.startswith("AMAZON")
    version, _, release = installed.partition("-") if is_rpm else installed.rpartition("-")
    package: Wire = {
        "name": name,
        "version": version or installed,
        "epoch": component.epoch if is_rpm else 0,
    }
    package |= {"arch": "X86_64" if is_rpm else "AMD64", "packageManager": "OS"}
    if release:
        package["release"] = release
    package["fixedInVersion"] = f"{package['epoch']}:{fixed}" if steps[1] else "NotAvailable"
    if steps[1]:
        package["remediation"] = _command(platform, name)
    package["purl"] = system_purl(platform, package)
    return package | ({"sourceLayerHash": layer} if layer else {})


def _command(platform: str, name: str) -> str:
    if platform == "AMAZON_LINUX_2023":
        return f"dnf update {name}"
    return (
        f"yum update {name}"
        if platform == "AMAZON_LINUX_2"
        else "apt-get update && apt-get upgrade"
    )


def _origin(found: Vulnerability, platform: str) -> Wire:
    severity = band(found.score)
    if platform.startswith("UBUNTU"):
        url = f"https://ubuntu.com/security/{found.id}"
        return {"source": "UBUNTU_CVE", "sourceUrl": url, "vendorSeverity": _UBUNTU_WORDS[severity]}
    if platform.startswith("DEBIAN"):
        word = _DEBIAN_WORDS.get(severity, "not yet assigned")
        return {
            "source": "DEBIAN_CVE",
            "sourceUrl": f"https://security-tracker.debian.org/tracker/{found.id}",
            "vendorSeverity": word,
        }
    origin: Wire = {"source": "NVD", "sourceUrl": f"https://nvd.nist.gov/vuln/detail/{found.id}"}
    return origin if severity == "UNTRIAGED" else origin | {"vendorSeverity": severity}


def _library_wire(found: Library, layer: str) -> Wire:
    vulnerability, ecosystem = found.vulnerability, found.ecosystem
    words = {
        "name": vulnerability.component,
        "installed": found.installed,
        "fixed": found.fixed,
        "related": ", ".join(vulnerability.related),
    }
    package: Wire = {"name": vulnerability.component, "version": found.installed, "epoch": 0}
    package |= {
        "packageManager": _MANAGERS[ecosystem],
        "fixedInVersion": found.fixed or "NotAvailable",
    }
    if found.fixed:
        package["remediation"] = _ADVICE[ecosystem].format(**words)
    if ecosystem in _PATHS:
        package["filePath"] = _PATHS[ecosystem].format(**words)
    if layer:
        package["sourceLayerHash"] = layer
        package |= runtime(vulnerability.id, package["name"], "image")
        if purl := library_purl(ecosystem, package["name"], found.installed):
            package["purl"] = purl
    return package_wire(vulnerability, [package], _library_origin(vulnerability), scored=True)


def _library_origin(found: Vulnerability) -> Wire:
    if found.id.startswith("SNYK"):
        return {
            "source": "SNYK",
            "sourceUrl": f"https://security.snyk.io/vuln/{found.id}",
            "vendorSeverity": "high",
        }
    if found.id.startswith("GHSA"):
        return {
            "source": "GITHUB",
            "sourceUrl": f"https://github.com/advisories/{found.id}",
            "vendorSeverity": "Moderate",
        }
    return {
        "source": "NVD",
        "sourceUrl": f"https://nvd.nist.gov/vuln/detail/{found.id}",
        "vendorSeverity": band(found.score),
    }
