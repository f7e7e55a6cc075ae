"""The fix plan: the fewest upgrades that resolve every fixable finding, KEV and then risk first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from sre_findings.remediation.set_cover import Parts, order
from sre_findings.remediation.version_order import newest, readable, scheme_of
from sre_findings.rows.values import NOT_AVAILABLE

INSTANCE, IMAGE, FUNCTION, CODE = "instance", "image", "function", "code"

# Risk is counted in whole millionths, so that sums, and the plan, do not depend on the order.
_UNIT = 1_000_000
_RISK_BITS = 64  # low bits of a worth: risk decides between equal numbers of KEV findings

# A kernel runs until the next boot. Packages for building with it or reading about it do not run,
# and a live patch needs no boot.
_KERNEL = re.compile(
    r"(?!.*-(?:devel|headers|tools|doc|source)\b)(?:kernel[0-9.]*(?:-(?:core|default|modules|uek|rt|64k|azure)(?:-.*)?)?"
    r"|linux|linux-(?:image|modules|signed|aws|azure|gcp|generic|kvm|lowlatency|lts|oracle|virt|virtual)(?:-.*)?)"
)


class Package(NamedTuple):
    """A package and the version that resolves a finding.

    ``fixed_in`` is empty, or Inspector's ``NotAvailable``, if there is no such version.
    """

    manager: str
    name: str
    fixed_in: str


@dataclass(frozen=True, slots=True)
class Need:
    """Findings that are resolved when each of these packages is at least at its ``fixed_in``.

    The findings may be of any resources of one kind and platform. ``platform`` is Inspector's, or
    empty. ``findings`` is their number, ``kev`` the number of them in the KEV catalog. ``counts``
    has the number by severity, highest first, unknown severities last. ``risk`` is the sum of their
    risk, with a precision of one millionth.
    """

    key: int
    kind: str
    platform: str
    packages: tuple[Package, ...]
    findings: int
    kev: int
    counts: tuple[int, ...]
    risk: float


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the plan: packages to upgrade together, and the findings that this resolves.

    Findings resolved by earlier lines are not counted again. ``needs`` are the keys of the needs
    that the line resolves. ``reboot`` is set if the line upgrades the kernel of an instance: the
    old one runs until the next boot.
    """

    kind: str
    platform: str
    packages: tuple[Package, ...]
    needs: tuple[int, ...]
    findings: int
    kev: int
    counts: tuple[int, ...]
    risk: float
    reboot: bool


class _Upgrade(NamedTuple):
    """A package to upgrade on all resources of a kind and platform.

    Upgrades of equal worth are ordered by these fields.
    """

    name: str
    platform: str
    kind: str
    manager: str
    fixed_in: str


def plan(needs: Iterable[Need], count: int | None = None) -> list[Line]:
    """The fewest upgrades that resolve every fixable finding.

    Upgrades that resolve most KEV findings are first, so that many findings of low urgency, as
    those of a kernel, do not hide a known exploit. Others follow by risk, highest first.

    Returns at most ``count`` lines, or all lines for None. A package is upgraded once for each kind
    and platform, to the newest version that its findings require. A version that cannot be compared
    stays an upgrade by itself. Needs without a fixed version for each of their packages are left
    out.

    The order of ``needs`` does not affect the plan. Ties are resolved by the number of packages,
    then by name.
    """
    fixable = [need for need in needs if _fixable(need)]
    upgrades, numbers = _numbered(fixable)
    wanted = defaultdict[Parts, list[Need]](list)
    for need in fixable:
        wanted[frozenset(map(numbers[need.kind, need.platform].__getitem__, need.packages))].append(
            need
        )
    worths = {parts: sum(map(_worth, closed)) for parts, closed in wanted.items()}
    return [
        _line(
            [upgrades[number] for number in sorted(bundle)],
            [need for parts in closed for need in wanted[parts]],
        )
        for bundle, closed in islice(order(worths), count)
    ]


def _fixable(need: Need) -> bool:
    return bool(need.packages) and all(
        package.fixed_in not in ("", NOT_AVAILABLE) for package in need.packages
    )


def _worth(need: Need) -> int:
    return (need.kev << _RISK_BITS) + round(need.risk * _UNIT)


def _numbered(
    needs: Sequence[Need],
) -> tuple[list[_Upgrade], dict[tuple[str, str], dict[Package, int]]]:
    """All upgrades in order, and the number of each package's upgrade by kind and platform."""
    asked = defaultdict[tuple[str, str], set[Package]](set)
    for need in needs:
        asked[need.kind, need.platform].update(need.packages)
    raised = {
        (kind, platform): _raised(packages, kind, platform)
        for (kind, platform), packages in asked.items()
    }
    upgrades = sorted({upgrade for one in raised.values() for upgrade in one.values()})
    number = {upgrade: number for number, upgrade in enumerate(upgrades)}
    return upgrades, {
        place: {package: number[upgrade] for package, upgrade in one.items()}
        for place, one in raised.items()
    }


def _raised(packages: Iterable[Package], kind: str, platform: str) -> dict[Package, _Upgrade]:
    """The upgrade of each package, to a version that resolves all needs of its name."""
    versions = defaultdict[tuple[str, str], set[str]](set)
    for package in packages:
        versions[package.manager, package.name].add(package.fixed_in)
    return {
        Package(manager, name, old): _Upgrade(name, platform, kind, manager, new)
        for (manager, name), olds in versions.items()
        for old, new in _closing(olds, scheme_of(manager, platform))
    }


def _closing(versions: set[str], scheme: str) -> Iterator[tuple[str, str]]:
    """Each version, with the version to upgrade to: the newest of all comparable versions."""
    best = newest(versions, scheme)
    comparable = (
        versions if best else {version for version in versions if readable(version, scheme)}
    )
    best = best or newest(comparable, scheme)
    for version in versions:
        yield version, best if best and version in comparable else version


def _line(upgrades: Sequence[_Upgrade], needs: Sequence[Need]) -> Line:
    kind, platform = upgrades[0].kind, upgrades[0].platform
    return Line(
        kind,
        platform,
        tuple(Package(one.manager, one.name, one.fixed_in) for one in upgrades),
        tuple(sorted(need.key for need in needs)),
        sum(need.findings for need in needs),
        sum(need.kev for need in needs),
        tuple(map(sum, zip(*(need.counts for need in needs), strict=True))),
        sum(round(need.risk * _UNIT) for need in needs) / _UNIT,
        kind == INSTANCE
        and any(one.manager == "OS" and _KERNEL.fullmatch(one.name) for one in upgrades),
    )
