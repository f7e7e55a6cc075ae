"""The question about one resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.questions.question import Question

CACHED, LIVE, EITHER = "cached", "live", "either"


@dataclass(frozen=True, slots=True)
class Vulnerabilities(Question[ResourceAnswer]):
    """How vulnerable is this resource? ``text`` is an id, a name or an IP address; ``source`` says
    who may answer.

    ``count`` findings a page (0: all), from ``cursor`` on. Filters narrow the findings listed,
    never the counts; ``suppressed`` lists suppressed ones too, ``reachable`` those alone that
    Inspector saw run. ``context`` asks AWS what it says now of an EC2 instance itself, or which
    clusters run an image.
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
