"""Package data that Inspector reports since 2026.

It is the package URL, and whether the package's code is reached at run time. Only instances and
images have it, and not every package: absent, UNKNOWN and both answers occur.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sre_simulator.randomness import Dice

Wire = dict[str, Any]

_REASONS = {
    ("image", "REACHABLE"): "PACKAGE_IN_DOCKERFILE_WORKLOAD_PATH",
    ("image", "NOT_REACHABLE"): "PACKAGE_NOT_IN_DOCKERFILE_WORKLOAD_PATH",
    ("instance", "REACHABLE"): "PROCESS_OBSERVED_IN_EC2_RUNTIME",
    ("instance", "NOT_REACHABLE"): "PROCESS_NOT_OBSERVED_IN_EC2_RUNTIME",
}
_SHARES = (("REACHABLE", 0.25), ("NOT_REACHABLE", 0.25), ("UNKNOWN", 0.15), ("", 0.35))
_TYPES = {"maven": "maven", "npm": "npm", "pip": "pypi", "go": "golang"}


def runtime(vulnerability: str, package: str, where: str) -> Wire:
    """Returns whether the package's code is reached, with the reason.

    `where` is image or instance. Empty if nothing is known.
    """
    word = Dice("reachability", vulnerability, package, where).weighted(_SHARES)
    if not word:
        return {}
    reason = _REASONS.get((where, word))
    return {"runtimeReachability": word} | ({"runtimeReachabilityReason": reason} if reason else {})


def system_purl(platform: str, package: Wire) -> str:
    """Returns the package URL of a package of the operating system."""
    version = (
        f"{package['version']}-{package['release']}" if "release" in package else package["version"]
    )
    arch = package["arch"].lower()
    if platform.startswith("AMAZON"):
        epoch = f"&epoch={package['epoch']}" if package["epoch"] else ""
        return f"pkg:rpm/amzn/{quote(package['name'])}@{quote(version)}?arch={arch}{epoch}"
    family = platform.split("_", maxsplit=1)[0].lower()
    return f"pkg:deb/{family}/{quote(package['name'])}@{quote(version)}?arch={arch}"


def library_purl(ecosystem: str, name: str, version: str) -> str:
    """Returns the package URL of a library; empty if the ecosystem has none."""
    if ecosystem not in _TYPES:
        return ""
    namespace, _, last = name.replace(":", "/").rpartition("/")
    path = "/".join(quote(part) for part in (*namespace.split("/"), last) if part)
    return f"pkg:{_TYPES[ecosystem]}/{path}@{quote(version)}"
