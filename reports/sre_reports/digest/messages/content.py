"""What is told of a night in Slack, and how it is called: the message, the replies of its thread,
and whom it wakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.nightly.digest import DigestData, Silence
from sre_reports.digest.messages import replies
from sre_reports.digest.messages.daily import night_message
from sre_reports.digest.messages.notices import (
    partial_message,
    quiet_message,
    silence_message,
)
from sre_reports.digest.messages.report_links import Report
from sre_reports.slack.message import Message

MAIN = "main"
NIGHT, QUIET, PARTIAL, SILENCE = "night", "quiet", "partial", "silence"


class Reply(NamedTuple):
    """A message of the thread, and the name of its place in it."""

    part: str
    message: Message


@dataclass(frozen=True, slots=True)
class Told:
    """``key`` is what it is of, so that it is told once: the snapshot, or the day on which there is
    none. ``kind`` is one of NIGHT, QUIET, PARTIAL and SILENCE; ``paged`` says whether it wakes the
    channel.
    """

    key: str
    kind: str
    message: Message
    thread: Sequence[Reply] = ()
    paged: bool = False

    @property
    def sure(self) -> bool:
        """Whether there was a complete night to tell of."""
        return self.kind in (NIGHT, QUIET)


def told(found: DigestData | Silence, report: Report, *, page: bool = False) -> Told:
    """The messages of a night. With ``page``, a new KEV or a new critical that the internet reaches
    wakes the channel."""
    if isinstance(found, Silence):
        return Told(f"silence-{found.day}", SILENCE, silence_message(found))
    key = ("weekly-" if found.material.days > 1 else "") + (found.material.proof.snapshot_id or "")
    if found.material.proof.state != COMPLETE:
        return Told(key, PARTIAL, partial_message(found, report))
    if found.quiet:
        return Told(key, QUIET, quiet_message(found, report))
    paged = page and bool(urgent(found))
    below = [Reply(part, message) for part, message in replies.replies(found)]
    return Told(
        key,
        NIGHT,
        night_message(found, report, wake=urgent(found) if paged else ""),
        below,
        paged,
    )


def urgent(found: DigestData) -> str:
    """Why somebody must know now; empty where nobody must. On a first night nothing is new."""
    exposed = found.came(severity="CRITICAL", exposed=True)
    said = [f"{found.new_kev:,} new on CISA's KEV list"] if found.new_kev else []
    said += [f"{exposed:,} new critical that the internet reaches"] if exposed else []
    return ", ".join(said)
