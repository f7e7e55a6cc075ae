"""Package upgrades: which findings they close, and how the others look afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_NONE = "NotAvailable"


def closed_by(weakness: Mapping[str, Any], upgrades: Mapping[str, str]) -> bool:
    """Returns whether every package of a finding has a fix and is upgraded.

    Upgrades are assumed to be new enough.
    """
    packages = weakness.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", [])
    return bool(packages) and all(
        p["name"] in upgrades and p.get("fixedInVersion", _NONE) != _NONE for p in packages
    )


def upgraded(body: bytes, upgrades: Mapping[str, str]) -> bytes:
    """Returns a finding as JSON, with the current versions of its packages."""
    wire = msgspec.json.decode(body)
    for package in wire.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", []):
        if version := upgrades.get(package["name"]):
            package.update(_parts(version))
    return msgspec.json.encode(wire)


def _parts(text: str) -> dict[str, Any]:
    """Returns the members of a version such as ``1:2.3-4``."""
    epoch, mark, rest = text.rpartition(":")
    version, _, release = rest.partition("-")
    return (
        {"version": version}
        | ({"release": release} if release else {})
        | ({"epoch": int(epoch)} if mark else {})
    )
