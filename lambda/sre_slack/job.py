"""The job that the acknowledging invocation passes to the working one.

It has only the parts of the request that are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sre_findings.model.errors import Throttled, Unreachable

ASK, NEXT, LIVE, SHARE = "ask", "next_ten", "ask_live", "share"
ACCEPT, TAKE = "accept_risk", "take"
KINDS = (ASK, NEXT, LIVE, SHARE, ACCEPT, TAKE)
BESIDE = (SHARE, ACCEPT, TAKE)
"""Kinds whose answers do not replace the message with the button."""


class InProgress(Throttled):
    """Another invocation is working on this job and will answer it."""


class NotRecorded(Unreachable):
    """The state of the job cannot be written to the table."""


@dataclass(frozen=True, slots=True)
class Job:
    """One request to answer.

    ``key`` is Slack's trigger ID, by which a job is answered only once. ``asked_at`` is in epoch
    seconds. ``response_url`` is a secret: anyone who has it can write to the channel. ``private``
    is whether only the user sees the message that the answer replaces. ``vulnerability`` is that of
    an ACCEPT or a TAKE, whose ``text`` is the resource. ``until`` is the day of a TAKE; ``name``,
    that of the user, is shown for the claim.
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
    private: bool = False
    vulnerability: str = ""
    until: str = ""
    name: str = ""

    @property
    def by(self) -> str:
        """The identity of the user in claims, as the server sets it."""
        return f"slack:{self.team}/{self.user}"

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values under the key ``job``, which identifies the event as a job."""
        return {"job": asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Job:
        """Returns the job; the reverse of :meth:`to_json`.

        Raises TypeError or KeyError for any other value.
        """
        job: dict[str, Any] = dict(values["job"])
        job["severities"] = tuple(job["severities"])
        return cls(**job)


def is_job(event: Mapping[str, Any]) -> bool:
    """Returns whether an event is a job. An event of API Gateway always has other keys."""
    return set(event) == {"job"}
