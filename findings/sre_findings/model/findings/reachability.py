"""Whether the vulnerable code runs, as Inspector saw it. Doubt is the default: what nobody proved
is unknown.

Inspector says it for each package of a finding, and only of EC2 instances and container images. An
UNKNOWN, a missing value and a word that does not exist yet are the same here: they never read as
"not reachable". Source: API reference, VulnerablePackage.runtimeReachability (botocore 1.44.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

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
    """What holds for a finding: one of WORDS, or None where Inspector says nothing. ``reason`` is
    Inspector's own word, or several with commas between."""

    word: str | None = None
    reason: str | None = None


SILENT = Reachability()


def together(packages: Sequence[Reachability]) -> Reachability:
    """Of a finding with these packages: REACHABLE if one is; NOT_REACHABLE only if every one is
    said to be; else UNKNOWN."""
    words = {one.word for one in packages}
    if not words - {None}:
        return SILENT
    word = (
        REACHABLE if REACHABLE in words else NOT_REACHABLE if words == {NOT_REACHABLE} else UNKNOWN
    )
    reasons = dict.fromkeys(one.reason for one in packages if one.reason and one.word == word)
    return Reachability(word, ", ".join(reasons) or None)


def spell(word: str | None, reason: str | None) -> str:
    """A clause for people: ``its code runs: a process …``, or ``not reachable at run time: …``;
    empty where it is unknown."""
    first = {
        REACHABLE: "its code is reached at run time",
        NOT_REACHABLE: "not reachable at run time",
    }.get(word or "", "")
    return f"{first}: {spell_reason(reason)}" if first and reason else first


def spell_reason(reason: str) -> str:
    """Inspector's reasons in words; one that we do not know as Inspector wrote it."""
    return ", ".join(REASONS.get(one, one) for one in reason.split(", "))


def left_out(
    unknown: int, not_reachable: int, one: str = "finding", many: str = "findings"
) -> Iterable[str]:
    """What a person must know of a list that shows reachable findings alone."""
    if unknown:
        are = (
            f"{unknown:,} {one} of unknown reachability is"
            if unknown == 1
            else f"{unknown:,} {many} of unknown reachability are"
        )
        yield f"{are} left out and may be reachable"
    if not_reachable:
        are = (
            f"{not_reachable:,} {one} is" if not_reachable == 1 else f"{not_reachable:,} {many} are"
        )
        yield f"{are} left out that Inspector calls not reachable"
