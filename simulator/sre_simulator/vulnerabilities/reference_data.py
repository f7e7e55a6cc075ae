"""Reference data of the simulated fleet.

Vulnerability ids, package names and KEV dates are real, and versions plausible. Summaries are
written for the simulator, and scores or descriptions that are not in the files are random.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PLATFORMS = ("AMAZON_LINUX_2", "AMAZON_LINUX_2023", "UBUNTU_22_04", "UBUNTU_24_04", "DEBIAN_12")


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One vulnerability: `score` is 0 if there is none; `published` is an epoch second."""

    id: str
    component: str
    score: float
    cwe: str
    published: float
    summary: str
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """A source package.

    It has its binary packages by family, and its installed version on each of PLATFORMS ("-":
    absent).
    """

    name: str
    rpm: tuple[str, ...]
    deb: tuple[str, ...]
    epoch: int
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """A vulnerability in a package of a language; `fixed` is empty if there is no fix."""

    vulnerability: Vulnerability
    ecosystem: str
    installed: str
    fixed: str


def rows(name: str, package: str = "sre_simulator.vulnerabilities") -> Iterator[list[str]]:
    """Yields the fields of each line of a package's table, without comments."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


def day(text: str) -> float:
    """Returns the epoch second at which a day such as 2024-02-21 began."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@cache
def components() -> dict[str, Component]:
    """Returns the system packages by name."""
    return {
        name: Component(name, _names(rpm), _names(deb), int(epoch), tuple(versions))
        for name, rpm, deb, epoch, *versions in rows("packages.tsv")
    }


def _names(field: str) -> tuple[str, ...]:
    return () if field == "-" else tuple(field.split(","))


@cache
def system() -> tuple[Vulnerability, ...]:
    """Returns vulnerabilities of system packages other than the kernel's ranges."""
    return tuple(
        Vulnerability(name, component, float(score), cwe, day(published), summary)
        for name, component, score, cwe, published, summary in rows("system.tsv")
    )


@cache
def kernel() -> tuple[str, ...]:
    """Returns ids from the contiguous ranges of the Linux kernel's CNA."""
    return tuple(
        f"CVE-{year}-{number}"
        for year, low, high, _ in rows("kernel.tsv")
        for number in range(int(low), int(high) + 1)
    )


@cache
def kernel_published() -> dict[str, float]:
    """Returns when the range of a kernel id was first published, in epoch seconds."""
    return {
        f"CVE-{year}-{number}": day(published)
        for year, low, high, published in rows("kernel.tsv")
        for number in range(int(low), int(high) + 1)
    }


@cache
def libraries() -> tuple[Library, ...]:
    """Returns vulnerabilities of packages of languages, and of Windows."""
    return tuple(_library(row) for row in rows("libraries.tsv"))


def _library(row: list[str]) -> Library:
    name, ecosystem, package, installed, fixed, score, cwe, published, related, summary = row
    vulnerability = Vulnerability(
        name,
        package,
        float(score),
        cwe,
        day(published),
        summary,
        () if related == "-" else tuple(related.split(",")),
    )
    return Library(vulnerability, ecosystem, installed, "" if fixed == "-" else fixed)


@cache
def exploited() -> dict[str, tuple[float, float]]:
    """Returns entries of CISA's KEV catalog: id → (date added, due date), in epoch seconds."""
    return {name: (day(added), day(due)) for name, added, due in rows("kev.tsv")}
