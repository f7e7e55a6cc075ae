"""Whether the vulnerable code runs, according to Inspector. The default is unknown.

Inspector reports it per package of a finding, and only for EC2 instances and container images.
UNKNOWN, a missing value and an unrecognized value all mean unknown, never "not reachable". Source:
API reference, VulnerablePackage.runtimeReachability (botocore 1.44.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString, NamedTuple

from sre_findings.model.quantity import quantity
from sre_findings.model.text import Text, phrase

REACHABLE, NOT_REACHABLE, UNKNOWN = "REACHABLE", "NOT_REACHABLE", "UNKNOWN"
WORDS = (REACHABLE, NOT_REACHABLE, UNKNOWN)

# VulnerablePackage.runtimeReachabilityReason in words.
REASONS = {
    "PACKAGE_IN_DOCKERFILE_WORKLOAD_PATH": "the package is on the workload path of the Dockerfile",
    "PACKAGE_NOT_IN_DOCKERFILE_WORKLOAD_PATH": (
        "the package is not on the workload path of the Dockerfile"
    ),
    "PROCESS_OBSERVED_IN_EC2_RUNTIME": "a process that uses it was seen on the instance",
    "PROCESS_NOT_OBSERVED_IN_EC2_RUNTIME": "no process that uses it was seen on the instance",
}


class Reachability(NamedTuple):
    """The reachability of a finding: one of WORDS, or None if Inspector reports none.

    ``reason`` is Inspector's value, or several separated by commas.
    """

    word: str | None = None
    reason: str | None = None


SILENT = Reachability()


def together(packages: Sequence[Reachability]) -> Reachability:
    """The reachability of a finding with these packages.

    REACHABLE if one package is, NOT_REACHABLE only if all are, otherwise UNKNOWN. SILENT if there
    is no value for any package.
    """
    words = {one.word for one in packages}
    if not words - {None}:
        return SILENT
    word = (
        REACHABLE if REACHABLE in words else NOT_REACHABLE if words == {NOT_REACHABLE} else UNKNOWN
    )
    reasons = dict.fromkeys(one.reason for one in packages if one.reason and one.word == word)
    return Reachability(word, ", ".join(reasons) or None)


def spell(word: str | None, reason: str | None) -> str:
    """A clause such as ``not reachable at run time: …``; empty if the reachability is unknown."""
    first = {
        REACHABLE: "its code is reached at run time",
        NOT_REACHABLE: "not reachable at run time",
    }.get(word or "", "")
    return f"{first}: {spell_reason(reason)}" if first and reason else first


def spell_reason(reason: str) -> str:
    """Inspector's reasons in words; an unrecognized one unchanged."""
    return ", ".join(REASONS.get(one, one) for one in reason.split(", "))


def left_out(
    unknown: int,
    not_reachable: int,
    one: LiteralString = "finding",
    many: LiteralString = "findings",
) -> Iterable[Text]:
    """Notes on the findings that a list of reachable findings omits."""
    if unknown:
        yield phrase(
            "{} of unknown reachability {} left out and may be reachable",
            quantity(unknown, one, many),
            phrase("is" if unknown == 1 else "are"),
        )
    if not_reachable:
        yield phrase(
            "{} {} left out that Inspector calls not reachable",
            quantity(not_reachable, one, many),
            phrase("is" if not_reachable == 1 else "are"),
        )
