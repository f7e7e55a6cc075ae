"""The audit log: for each call a record in the table, and a log line with metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mcp_types import CallToolResult

from sre_findings.client.connection import ERROR
from sre_findings.model.operation import ANSWERED, Operation
from sre_findings.queries.operations import Recorder, shortened
from sre_mcp.logs import metrics, request_id
from sre_mcp.traces import describe

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """A call from its start. Client and arguments are set once they are validated.

    ``is_tool`` is False for reading a resource and for completion.
    """

    what: str
    who: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    is_tool: bool = True

    def finish(self, done: CallToolResult, recorder: Recorder) -> None:
        """Records the result of a tool call."""
        values: Mapping[str, Any] = done.structured_content or {}
        outcome = (
            (done.meta or {}).get(ERROR, {}).get("kind", "error") if done.is_error else ANSWERED
        )
        rows = values.get("page", {}).get("listed", 0)
        self.record(recorder, outcome, values.get("source"), values.get("snapshot_id"), rows)

    def record(
        self,
        recorder: Recorder,
        outcome: str,
        source: str | None,
        snapshot_id: str | None,
        rows: int,
    ) -> None:
        """Records the call with its outcome."""
        took = round((time.monotonic() - self.began) * 1000)
        one = Operation(
            self.at,
            request_id(),
            self.who,
            self.what,
            outcome,
            took,
            self.arguments,
            source,
            snapshot_id,
            rows,
        )
        recorder.add(shortened(one))
        describe(one, is_tool=self.is_tool)
        _LOG.info("%s %s %d ms", self.what, outcome, took, extra={"parts": metrics(one)})
