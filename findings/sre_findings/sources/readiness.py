"""Whether questions can be answered from here, now: for those who decide where to send them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sre_findings.model.errors import SreError
from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.sources.sources import Sources

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """``why`` is empty where a sure answer can be given; it names no place, for anybody may ask.
    The age is of the newest complete snapshot, None where there is none."""

    why: str
    snapshot_id: str | None = None
    age_seconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "ready": not self.why,
            "why": self.why,
            "snapshot_id": self.snapshot_id,
            "age_seconds": self.age_seconds,
        }


def ready(sources: Sources) -> Ready:
    """Looks at the store and the table. Trouble is told in plain words here, and whole in the
    log."""
    for name, look in _looks(sources):
        try:
            look()
        except SreError as error:
            _LOG.warning("not ready: %s", error)
            return Ready(f"the {name} cannot be read")
    complete = [one for one in sources.snapshots.commits() if one.state == COMPLETE]
    if not complete:
        return Ready("there is no complete snapshot yet")
    age = sources.now() - complete[-1].started_at
    why = "the newest complete snapshot is older than allowed" if age > sources.max_age else ""
    return Ready(why, complete[-1].snapshot_id, int(age.total_seconds()))


def _looks(sources: Sources) -> tuple[tuple[str, Callable[[], object]], ...]:
    return ("store", sources.snapshots.latest), (
        "table",
        lambda: list(sources.table.query("ready", newest=1)),
    )
