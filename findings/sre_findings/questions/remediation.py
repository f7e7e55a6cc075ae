"""Queries about risk, exposure and remediation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.model.text import Text, phrase
from sre_findings.questions.filters import EVERYWHERE, Filters
from sre_findings.questions.question import ListQuestion

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.exposure import ExposureAnswer
    from sre_findings.model.answers.fixes import FixEffectsAnswer, FixesAnswer, ImageFixesAnswer
    from sre_findings.model.answers.life import LifeAnswer
    from sre_findings.model.answers.priorities import PrioritiesAnswer
    from sre_findings.model.answers.suppressions import RulesAnswer
    from sre_findings.model.answers.vulnerability import VulnerabilityAnswer


@dataclass(frozen=True, slots=True)
class Priorities(ListQuestion["PrioritiesAnswer"]):
    """The risk ranking of vulnerabilities with reasons: the first ``count`` (0: all).

    ``reachable`` selects vulnerabilities whose code Inspector saw in use on some resource,
    ``exposed`` those of a resource that can be reached from the internet, ``kev`` those in KEV, and
    ``exploitable`` those with an exploit. ``resource`` is an ID or name and limits the ranking to
    this resource.
    """

    name = "priorities"
    list_name = "priorities"

    count: int = 10
    as_of: str | None = None
    filters: Filters = EVERYWHERE
    types: Sequence[str] = ()
    reachable: bool = False
    kev: bool = False
    exploitable: bool = False
    exposed: bool = False
    resource: str | None = None

    def words(self) -> Text:
        """Returns the filters as text, such as `` of payments, in KEV``."""
        of = phrase(" of {}", self.resource) if self.resource else self.filters.words()
        return (
            of
            + phrase(", in KEV" if self.kev else "")
            + phrase(", with an exploit" if self.exploitable else "")
            + phrase(", reachable from the internet" if self.exposed else "")
        )


@dataclass(frozen=True, slots=True)
class Exposure(ListQuestion["ExposureAnswer"]):
    """The exposure of a vulnerability or package: the first ``count`` findings (0: all).

    ``reachable`` selects findings whose code Inspector saw in use.
    """

    name = "where"
    list_name = "findings"

    text: str
    count: int = 25
    as_of: str | None = None
    filters: Filters = EVERYWHERE
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class VulnerabilityDetails(ListQuestion["VulnerabilityAnswer"]):
    """A vulnerability, by its ID or a well-known name: the first ``count`` findings (0: all)."""

    name = "show"
    list_name = "findings"

    text: str
    count: int = 25
    as_of: str | None = None
    filters: Filters = EVERYWHERE


@dataclass(frozen=True, slots=True)
class VulnerabilityLife(ListQuestion["LifeAnswer"]):
    """The life of a vulnerability, by its ID or a well-known name, on one resource."""

    name = "why"
    list_name = "events"

    text: str
    resource: str
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Fixes(ListQuestion["FixesAnswer"]):
    """The fix plan, KEV and then highest risk first: the first ``count`` updates (0: all).

    ``resource`` is an ID or name and limits the plan to this resource.
    """

    name = "fixes"
    list_name = "lines"

    count: int = 10
    as_of: str | None = None
    filters: Filters = EVERYWHERE
    types: Sequence[str] = ()
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class FixEffects(ListQuestion["FixEffectsAnswer"]):
    """What remains if the first ``applied`` updates of the fix plan are applied.

    ``resource`` is an ID or name and limits the plan to this resource.
    """

    name = "fix-effects"
    list_name = "severities"

    applied: int
    as_of: str | None = None
    filters: Filters = EVERYWHERE
    types: Sequence[str] = ()
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class ImageFixes(ListQuestion["ImageFixesAnswer"]):
    """What a rebuild of each machine image resolves: the first ``count`` images (0: all)."""

    name = "images"
    list_name = "lines"

    count: int = 10
    as_of: str | None = None
    filters: Filters = EVERYWHERE
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SuppressionList(ListQuestion["RulesAnswer"]):
    """The rules of the suppressions file, with the findings that each of them covers."""

    name = "suppressions"
    list_name = "suppressions"

    as_of: str | None = None
