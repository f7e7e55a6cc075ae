"""The query about one resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.model.answers.answer import NO_PROOF, ResourceAnswer
from sre_findings.questions.question import ListQuestion, Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.differences import DifferencesAnswer

CACHED, LIVE, EITHER = "cached", "live", "either"


@dataclass(frozen=True, slots=True)
class Vulnerabilities(Question[ResourceAnswer]):
    """The findings of one resource. ``text`` is an ID, a name or an IP address.

    ``source`` selects a snapshot (CACHED), live data (LIVE) or either. A page has ``count``
    findings (0: all), starting at ``cursor``. Filters narrow the list of findings but not the
    counts; ``suppressed`` includes suppressed findings, and ``reachable`` selects those whose
    code Inspector saw in use. ``context`` also queries AWS for the current state of an EC2
    instance, or for the clusters that run an image.
    """

    name = "vulnerabilities"

    text: str
    severities: Sequence[str] = ()
    count: int = 25
    cursor: str | None = None
    source: str = EITHER
    as_of: str | None = None
    region: str | None = None
    suppressed: bool = False
    reachable: bool = False
    context: bool = False

    def without_snapshot(self) -> ResourceAnswer:
        """See Question. Nothing is known of the resource."""
        from sre_findings.model.answers.verdict import WITHOUT_SNAPSHOT
        from sre_findings.model.resources.resource import Resource
        from sre_findings.model.snapshots.rollup import Rollup

        resource = Resource(self.text, "", "", "")
        return ResourceAnswer(resource, WITHOUT_SNAPSHOT, Rollup(), (), (), 0, None, NO_PROOF)


@dataclass(frozen=True, slots=True)
class ResourceDifferences(ListQuestion["DifferencesAnswer"]):
    """The open vulnerabilities that only one of two resources has: the first ``count`` (0: all)."""

    name = "diff"
    list_name = "findings"

    first: str
    second: str
    severities: Sequence[str] = ()
    count: int = 25
    as_of: str | None = None
