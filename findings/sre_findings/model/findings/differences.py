"""The open vulnerabilities that two resources differ in, by vulnerability and package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sre_findings.model.findings.finding import Finding, is_open, worst_first

Key = tuple[str, str]
"""A vulnerability, or the title of a finding without one, and a package; empty without one."""


class Occurrence(NamedTuple):
    """A vulnerability in a package of a resource, with the finding of the highest risk.

    ``installed`` and ``fixed_in`` are the versions, each once; empty if there are none.
    """

    finding: Finding
    installed: str
    fixed_in: str


class Differences(NamedTuple):
    """What only the first resource has, what only the second has, and what both have.

    Of both, it is the occurrence with the higher risk.
    """

    only_first: Mapping[Key, Occurrence]
    only_second: Mapping[Key, Occurrence]
    both: Mapping[Key, Occurrence]


def differences(first: Iterable[Finding], second: Iterable[Finding]) -> Differences:
    """Compares the open findings of two resources."""
    one, other = occurrences(first), occurrences(second)
    return Differences(
        {key: each for key, each in one.items() if key not in other},
        {key: each for key, each in other.items() if key not in one},
        {key: _worse(each, other[key]) for key, each in one.items() if key in other},
    )


def occurrences(findings: Iterable[Finding]) -> dict[Key, Occurrence]:
    """The open findings by vulnerability and package, highest risk first."""
    found: dict[Key, Occurrence] = {}
    for one in sorted((one for one in findings if is_open(one.status)), key=worst_first):
        for key, installed, fixed_in in _packages(one):
            known = found.setdefault(key, Occurrence(one, "", ""))
            found[key] = known._replace(
                installed=_with(known.installed, installed),
                fixed_in=_with(known.fixed_in, fixed_in),
            )
    return found


def keys(findings: Iterable[Finding]) -> set[Key]:
    """The vulnerabilities and packages of findings of any status."""
    return {key for one in findings for key, _, _ in _packages(one)}


def _packages(one: Finding) -> list[tuple[Key, str, str]]:
    """The key of each package, with its installed version and the one that fixes it."""
    name = one.vulnerability_id or one.title or one.finding_arn
    return [((name, each.name), each.version, each.fixed_in or "") for each in one.packages] or [
        ((name, ""), "", "")
    ]


def _with(versions: str, version: str) -> str:
    every = [*filter(None, versions.split(", ")), version]
    return ", ".join(dict.fromkeys(filter(None, every)))


def _worse(one: Occurrence, other: Occurrence) -> Occurrence:
    return min(one, other, key=lambda each: worst_first(each.finding))
