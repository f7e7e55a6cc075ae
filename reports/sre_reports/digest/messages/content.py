"""The content of a digest: its message, the replies of its thread, and whether it notifies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.nightly.digest import DigestData, Silence
from sre_reports.digest.messages import replies, sentences
from sre_reports.digest.messages.daily import daily_message
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
    """A message of the thread. It is posted once under the name of its part."""

    part: str
    message: Message


@dataclass(frozen=True, slots=True)
class RenderedDigest:
    """A digest.

    ``key`` identifies it, so that it is posted once: the snapshot, or the day if there is no
    snapshot. ``kind`` is NIGHT (with changes), QUIET, PARTIAL or SILENCE (no snapshot). ``paged``
    is whether it notifies the channel.
    """

    key: str
    kind: str
    message: Message
    thread: Sequence[Reply] = ()
    paged: bool = False

    @property
    def sure(self) -> bool:
        """Whether the digest is of a complete snapshot."""
        return self.kind in (NIGHT, QUIET)


def render_digest(
    found: DigestData | Silence, report: Report, *, page: bool = False
) -> RenderedDigest:
    """Returns the digest.

    With ``page``, a finding added to KEV or a new critical finding on an internet-facing resource
    notifies the channel.
    """
    if isinstance(found, Silence):
        return RenderedDigest(f"silence-{found.day}", SILENCE, silence_message(found))
    key = ("weekly-" if found.material.days > 1 else "") + (found.material.proof.snapshot_id or "")
    if found.material.proof.state != COMPLETE:
        return RenderedDigest(key, PARTIAL, partial_message(found, report))
    if found.quiet:
        return RenderedDigest(key, QUIET, quiet_message(found, report))
    paged = page and bool(urgent(found))
    below = [Reply(part, message) for part, message in replies.replies(found)]
    return RenderedDigest(
        key,
        NIGHT,
        daily_message(found, report, wake=urgent(found) if paged else ""),
        below,
        paged,
    )


def urgent(found: DigestData) -> str:
    """Returns why to notify the channel at once; empty if there is no reason.

    Findings of a first snapshot are not new.
    """
    exposed = found.opened_count(severity="CRITICAL", exposed=True)
    reasons = [sentences.new_kev(found.new_kev)] if found.new_kev else []
    reasons += [sentences.new_exposed(exposed)] if exposed else []
    return ", ".join(reasons)
