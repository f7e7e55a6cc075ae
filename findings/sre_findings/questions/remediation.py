"""What to do first, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.questions.filters import EVERYWHERE, Filters
from sre_findings.questions.question import Question


@dataclass(frozen=True, slots=True)
class Priorities(Question[ListAnswer]):
    """Which vulnerabilities to deal with first, and why: the first ``count`` (0: all).
    ``reachable``: those alone of which Inspector saw the code run somewhere."""

    name = "priorities"

    count: int = 10
    as_of: str | None = None
    narrow: Filters = EVERYWHERE
    types: Sequence[str] = ()
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class Exposure(Question[ListAnswer]):
    """Where a vulnerability, or a package, is: the first ``count`` findings (0: all).
    ``reachable``: those alone that Inspector saw run."""

    name = "where"

    text: str
    count: int = 25
    as_of: str | None = None
    narrow: Filters = EVERYWHERE
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class Fixes(Question[ListAnswer]):
    """What to update, rebuild or replace first: the first ``count`` lines (0: all). ``images`` asks
    for machine images.

    ``resource`` is an id or a name: then of that resource alone.
    """

    name = "fixes"

    count: int = 10
    as_of: str | None = None
    narrow: Filters = EVERYWHERE
    types: Sequence[str] = ()
    images: bool = False
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class SuppressionList(Question[ListAnswer]):
    """Which findings somebody answers for, by the rules of SRE_SUPPRESSIONS."""

    name = "suppressions"

    as_of: str | None = None
