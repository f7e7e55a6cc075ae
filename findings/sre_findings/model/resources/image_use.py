"""Whether a container image runs.

Inspector sees ECS tasks and EKS pods. An image that it does not see running can run elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sre_findings.model.quantity import quantity
from sre_findings.model.text import Text, phrase
from sre_findings.model.timestamps import epoch_of, iso, moment_of

_MOST = 2**63 - 1  # the maximum of the database column


@dataclass(frozen=True, slots=True)
class Use:
    """How many tasks and pods run an image, and when one was last seen.

    None means unknown, not "does not run".
    """

    count: int | None = None
    last_at: datetime | None = None

    @property
    def running(self) -> bool | None:
        """True if Inspector sees it running, otherwise None: it may run elsewhere."""
        return True if self.count else None

    def __bool__(self) -> bool:
        """Whether Inspector reports anything about its use."""
        return self.count is not None or self.last_at is not None

    def to_json(self) -> dict[str, Any]:
        """The JSON object under ``in_use``."""
        last = iso(self.last_at)
        return {"running": self.running, "in_use_count": self.count, "last_in_use_at": last}

    def words(self) -> Text:
        """A clause to show to users; empty if nothing is known."""
        seen = phrase(", last seen in use at {}", iso(self.last_at)) if self.last_at else ""
        if self.count:
            return phrase(
                "runs in {}{}", quantity(self.count, "task or pod", "tasks or pods"), seen
            )
        if self.count == 0:
            return phrase(
                "Inspector sees no task or pod that runs it now{}; it may run elsewhere", seen
            )
        return (
            phrase("last seen in use at {}; whether it runs now is not known", iso(self.last_at))
            if self.last_at
            else phrase("")
        )


UNREPORTED = Use()


def use_of(image: Mapping[str, Any]) -> Use:
    """The use from ``inUseCount`` and ``lastInUseAt`` of an image's details or coverage.

    Invalid values count as missing.
    """
    count, last = image.get("inUseCount"), image.get("lastInUseAt")
    known = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST
    return Use(count if known else None, _moment(last))


def newest(uses: Iterable[Use]) -> Use:
    """The use that was seen last, among those that several rows report for one image."""
    return max(
        (one for one in uses if one),
        key=lambda one: (one.last_at is not None, one.last_at or _EPOCH, one.count or -1),
        default=UNREPORTED,
    )


def _moment(value: object) -> datetime | None:
    """A time from the API: epoch seconds, or ISO 8601, in UTC if it has no zone."""
    return moment_of(epoch_of(value) if isinstance(value, str) else value)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
