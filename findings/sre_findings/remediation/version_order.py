"""Finds the newest of several versions, in the order of their package manager.

``1.0-1`` is newer than ``1.0`` on Debian and older in npm. Only the package manager and the
platform of a finding show which order applies. A version that its manager would not accept is not
compared at all, so that no result is a guess.

univers orders Maven, RubyGems, NuGet and Alpine, packaging orders PyPI, and semver the rest. Each
is imported only when such versions are compared. The orders of dpkg and RPM are implemented here: a
plan compares tens of thousands of their versions, and univers takes ten times as long. Tests
compare both with univers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cmp_to_key, lru_cache
from typing import Any, NamedTuple

GENERIC = "generic"
_LONGEST = 128  # far above any real version; limits the work that a malicious one can cause
# cached parts of versions: most versions share a few, and this halves the time to compare them
_REMEMBERED = 1 << 14

# Package managers as Inspector writes them (botocore 1.44.5, PackageManager), and those seen
# outside its enum.
_MANAGERS = {
    "pypi": ("PIP", "PIPENV", "POETRY", "PYTHON", "PYTHONPKG"),
    "npm": ("NODE", "NODEPKG", "NPM", "PNPM", "YARN"),
    "maven": ("GRADLE", "JAR", "JAVA", "MAVEN", "POM"),
    "gem": ("BUNDLER", "GEMSPEC", "RUBY"),
    "golang": ("GO", "GOBINARY", "GOMOD"),
    "nuget": ("DOTNET", "DOTNET_CORE", "NUGET"),
    "composer": ("COMPOSER", "PHP"),
    "cargo": ("CARGO", "RUST"),
}
_SCHEME_OF_MANAGER = {
    manager: scheme for scheme, managers in _MANAGERS.items() for manager in managers
}

_PLATFORMS = {
    "deb": ("DEBIAN", "DISTROLESS", "UBUNTU"),
    "apk": ("ALPINE", "CHAINGUARD", "WOLFI"),
    "rpm": (
        "ALMA",
        "AMAZON_LINUX",
        "CENTOS",
        "FEDORA",
        "OPENSUSE",
        "ORACLE",
        "PHOTON",
        "REDHAT",
        "RED_HAT",
        "RHEL",
        "ROCKY",
        "SLES",
        "SUSE",
    ),
}


def scheme_of(manager: str, platform: str) -> str:
    """The version scheme of a package manager, or of the platform if the manager is ``OS``.

    Returns a purl type (``deb``, ``rpm``, ``apk``, ``npm``, ``pypi``, …), or ``generic`` if neither
    is known.
    """
    if manager.upper() != "OS":
        return _SCHEME_OF_MANAGER.get(manager.upper(), GENERIC)
    return next(
        (scheme for scheme, names in _PLATFORMS.items() if platform.upper().startswith(names)),
        GENERIC,
    )


def newest(versions: Iterable[str], scheme: str) -> str | None:
    """The newest of the versions; None if there are none or they cannot be compared.

    Of equal versions, the first in alphabetical order is returned.
    """
    distinct = sorted(set(versions))
    if len(distinct) < 2:
        return distinct[0] if distinct else None
    if not all(readable(version, scheme) for version in distinct):
        return None
    keys = {version: _SCHEMES[scheme].key(version) for version in distinct}
    best = max(distinct, key=keys.__getitem__)
    # Maven's order is not transitive for .RC1, -RC1 and -1. If any version is newer than the best
    # one, no version is the newest.
    return None if any(keys[best] < key for key in keys.values()) else best


def readable(version: str, scheme: str) -> bool:
    """Whether the scheme's package manager would accept the version, so that it is comparable."""
    return len(version) <= _LONGEST and _SCHEMES[scheme].grammar.fullmatch(version) is not None


# The end of the text sorts after a tilde and before everything else, and letters sort before other
# characters (Debian Policy, 5.6.12).
_DPKG_ORDER = str.maketrans({"~": "\0", "+": "\x80", "-": "\x81", ".": "\x82"})
_DPKG_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
# ~ sorts before the end of a version, ^ after it but before any word, and a word before a number
# (rpmvercmp).
_RPM_PARTS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_RPM_SIGNS: dict[str, tuple[int, ...]] = {"~": (0,), "^": (2,)}
_RPM_END = (1,)


def _dpkg(version: str) -> Any:
    epoch, _, rest = version.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    return (
        int(epoch or 0),
        [*map(_dpkg_part, _DPKG_PARTS.findall(upstream))],
        [*map(_dpkg_part, _DPKG_PARTS.findall(revision))],
    )


@lru_cache(_REMEMBERED)
def _dpkg_part(part: tuple[str, str]) -> tuple[str, int]:
    return part[0].translate(_DPKG_ORDER) + "\1", int(part[1] or 0)


def _rpm(version: str) -> Any:
    epoch, _, rest = version.rpartition(":")
    upstream, _, release = rest.partition("-")
    parts, more = _RPM_PARTS.findall(upstream), _RPM_PARTS.findall(release)
    return int(epoch or 0), [*map(_rpm_part, parts), _RPM_END], [*map(_rpm_part, more), _RPM_END]


@lru_cache(_REMEMBERED)
def _rpm_part(part: str) -> tuple[Any, ...]:
    return (4, int(part)) if part[0].isdigit() else _RPM_SIGNS.get(part) or (3, part)


def _apk(version: str) -> Any:
    from univers.gentoo import vercmp

    return cmp_to_key(vercmp)(version.removeprefix("0:"))


def _maven(version: str) -> Any:
    from univers.maven import Version

    return Version(version)


def _gem(version: str) -> Any:
    from univers.gem import GemVersion

    return GemVersion(version)


def _nuget(version: str) -> Any:
    from univers.nuget import Version

    return Version.from_string(version)


def _semver(version: str) -> Any:
    from semver import Version

    return Version.parse(version.removeprefix("v"), optional_minor_and_patch=True)


def _pep440(version: str) -> Any:
    from packaging.version import Version

    return Version(version)


class _Scheme(NamedTuple):
    grammar: re.Pattern[str]
    key: Callable[[str], Any]


_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PRERELEASE = rf"(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
_BUILD = r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_STAGE = r"(?:[-_.]?(?:alpha|beta|preview|pre|rc|a|b|c)[-_.]?[0-9]*)?"

_SEMVER = _Scheme(re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER}){{0,2}}{_PRERELEASE}{_BUILD}"), _semver)
# Numbers and the names of pre-releases: the known schemes agree with PEP 440 on these. Semver would
# put beta10 before beta2 and has no fourth number. The meaning of other words (jre, p1, git) is not
# known.
_PLAIN = _Scheme(re.compile(rf"v?[0-9]+(?:\.[0-9]+)*{_STAGE}", re.IGNORECASE | re.ASCII), _pep440)

_SCHEMES = {
    "deb": _Scheme(re.compile(r"(?:[0-9]+:)?[0-9][0-9A-Za-z.+~]*(?:-[0-9A-Za-z.+~]+)*"), _dpkg),
    "rpm": _Scheme(re.compile(r"(?:[0-9]+:)?[0-9][0-9A-Za-z._+~^]*(?:-[0-9A-Za-z._+~^]+)?"), _rpm),
    "apk": _Scheme(
        re.compile(
            rf"(?:0:)?{_NUMBER}(?:\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]*)*(?:-r[0-9]+)?"
        ),
        _apk,
    ),
    "pypi": _Scheme(
        re.compile(
            rf"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*{_STAGE}(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"
            r"(?:[-_.]?dev[-_.]?[0-9]*)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
            re.IGNORECASE | re.ASCII,
        ),
        _pep440,
    ),
    "maven": _Scheme(re.compile(r"[0-9][0-9A-Za-z]*(?:[._+-][0-9A-Za-z]+)*"), _maven),
    "gem": _Scheme(
        re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?"), _gem
    ),
    "nuget": _Scheme(re.compile(rf"[0-9]+(?:\.[0-9]+){{0,3}}{_PRERELEASE}{_BUILD}"), _nuget),
    "npm": _SEMVER,
    "golang": _SEMVER,
    "cargo": _SEMVER,
    "composer": _PLAIN,
    GENERIC: _PLAIN,
}
