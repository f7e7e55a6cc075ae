"""What to do first, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.ask.questions.narrow import EVERYWHERE, Narrow


@dataclass(frozen=True, slots=True)
class Priorities:
    """Which vulnerabilities to deal with first, and why: the first ``count`` (0: all).
    ``reachable``: those alone of which Inspector saw the code run somewhere."""

    count: int = 10
    as_of: str | None = None
    narrow: Narrow = EVERYWHERE
    types: Sequence[str] = ()
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class Exposure:
    """Where a vulnerability, or a package, is: the first ``count`` findings (0: all).
    ``reachable``: those alone that Inspector saw run."""

    text: str
    count: int = 25
    as_of: str | None = None
    narrow: Narrow = EVERYWHERE
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class Fixes:
    """What to update, rebuild or replace first: the first ``count`` lines (0: all). ``images`` asks
    for machine images.

    ``resource`` is an id or a name: then of that resource alone.
    """

    count: int = 10
    as_of: str | None = None
    narrow: Narrow = EVERYWHERE
    types: Sequence[str] = ()
    images: bool = False
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Which findings somebody answers for, by the rules of SRE_SUPPRESSIONS."""

    as_of: str | None = None
