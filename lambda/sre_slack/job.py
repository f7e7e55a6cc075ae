"""What the acknowledging invocation leaves to the working one: small, and nothing of the request
but what is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sre_findings.model.errors import Throttled, Unreachable

ASK, NEXT, LIVE, SHARE = "ask", "next_ten", "ask_live", "share"
KINDS = (ASK, NEXT, LIVE, SHARE)


class InProgress(Throttled):
    """Another invocation works on this job: it is answered there."""


class NotRecorded(Unreachable):
    """What was done, or is about to be, cannot be written down."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to answer. ``key`` is Slack's trigger id: however often a job comes, it is answered
    once.

    ``response_url`` is a secret: who has it can write to the channel.
    """

    kind: str
    key: str
    team: str
    user: str
    channel: str
    response_url: str = field(repr=False)
    asked_at: float
    text: str = ""
    severities: tuple[str, ...] = ()
    live: bool = False
    cursor: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; under ``job``, so that nothing else is taken for one."""
        return {"job": asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Job:
        """The reverse of :meth:`to_json`. Raises TypeError or KeyError for what it never wrote."""
        job: dict[str, Any] = dict(values["job"])
        job["severities"] = tuple(job["severities"])
        return cls(**job)


def is_job(event: Mapping[str, Any]) -> bool:
    """Whether an event is one of ours: a request from outside always has its headers or a
    context."""
    return set(event) == {"job"}
