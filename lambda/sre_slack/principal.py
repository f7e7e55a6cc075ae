"""For whom the server is asked: who typed, of which groups, in which channel, and whether everybody
there will read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sre_slack.job import SHARE, Job


def principal(job: Job, groups: Sequence[str] = ()) -> dict[str, Any]:
    """What the server resolves into accounts and owners; it denies whom it does not know.

    An answer that is shared holds no more than the channel itself may see.
    """
    return {
        "user": f"{job.team}/{job.user}",
        "channel": f"{job.team}/{job.channel}",
        "groups": list(groups),
        "shared": job.kind == SHARE,
    }
