"""For whom the server is asked: who typed, in which channel, and whether everybody there will read the answer."""

from __future__ import annotations

from typing import Any

from sre_slack.job import SHARE, Job


def principal(job: Job) -> dict[str, Any]:
    """What the server resolves into accounts and owners; it denies whom it does not know.

    An answer that is shared holds no more than the channel itself may see.
    """
    return {
        "user": f"{job.team}/{job.user}",
        "channel": f"{job.team}/{job.channel}",
        "shared": job.kind == SHARE,
    }
