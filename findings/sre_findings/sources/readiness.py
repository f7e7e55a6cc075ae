"""Readiness check of a server: whether it can answer queries now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sre_findings.model.errors import SreError
from sre_findings.model.snapshots.freshness import IN_FUTURE, age
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.text import phrase
from sre_findings.sources.sources import Sources

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """The result of the readiness check.

    ``why`` is empty if a certain answer is possible. It names no account or store, because the
    check needs no token. ``age_seconds`` is the age of the newest complete snapshot; None if there
    is none, or if it starts in the future.
    """

    why: str
    snapshot_id: str | None = None
    age_seconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "ready": not self.why,
            "why": self.why,
            "snapshot_id": self.snapshot_id,
            "age_seconds": self.age_seconds,
        }


def ready(sources: Sources) -> Ready:
    """Checks the store and the table.

    The result has a general message for a failure, and the log has the full error.
    """
    for name, look in _looks(sources):
        try:
            look()
        except SreError as error:
            _LOG.warning("not ready: %s", error)
            return Ready(f"the {name} cannot be read")
    complete = [one for one in sources.stores.snapshots.commits() if one.state == COMPLETE]
    if not complete:
        return Ready("there is no complete snapshot yet")
    passed = age(complete[-1].started_at, sources.now())
    if passed is None:
        return Ready(IN_FUTURE, complete[-1].snapshot_id)
    why = phrase("the newest complete snapshot is stale") if passed > sources.max_age else ""
    return Ready(why, complete[-1].snapshot_id, int(passed.total_seconds()))


def _looks(sources: Sources) -> tuple[tuple[str, Callable[[], object]], ...]:
    return ("store", sources.stores.snapshots.latest), (
        "table",
        lambda: list(sources.stores.table.query("ready", newest=1)),
    )
