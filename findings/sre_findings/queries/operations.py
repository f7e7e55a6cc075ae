"""The audit log: records calls to the server without delaying them, and lists them."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from sre_findings.model.answers.answer import RECORDED, TABLE, Proof
from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import SreError
from sre_findings.model.operation import Operation
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.text import phrase
from sre_findings.questions.records import Operations
from sre_findings.sources.sources import Sources
from sre_findings.store.records import operations as kept

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.operations import OperationsAnswer, OperationsFacts

_LOG = logging.getLogger(__name__)
# maximum number of queued operations, so that an unavailable table does not fill the memory
_WAITING = 10_000
_AT_ONCE = 100
# seconds; a transaction takes longer than a cached answer, so several operations share one
_GATHER = 0.25
_SHOWN = (
    Shown("at", "When"),
    Shown("who", "Who"),
    Shown("what", "What", "wide"),
    Shown("outcome", "Outcome"),
    Shown("source", "From"),
    Shown("rows", "Rows", "number"),
    Shown("took", "ms", "number"),
)
_FIELDS = (
    "at",
    "id",
    "who",
    "what",
    "arguments",
    "outcome",
    "source",
    "snapshot_id",
    "rows",
    "took",
)


def operations(question: Operations, sources: Sources) -> OperationsAnswer:
    """The newest recorded calls that match.

    Raises AccessDenied if the caller may not see everything, because the calls of others name
    resources of others.
    """
    # in whole seconds like a cursor, so that all pages have the same end
    now = sources.now().replace(microsecond=0)
    wanted = {"who": question.who, "what": question.what, "outcome": question.outcome}
    every = [
        one
        for one in kept.read(sources.stores.table, now, question.days)
        if one.at <= now
        and all(value in (None, getattr(one, name)) for name, value in wanted.items())
    ]
    listed = every[: question.count or None]
    failed = sum(one.outcome != "answered" for one in every)
    headline = phrase(
        "{} in {}, {:,} not answered.",
        quantity(len(every), "operation"),
        quantity(question.days, "day"),
        failed,
    )
    summary: OperationsFacts = {"days": question.days}
    proof = Proof(TABLE, None, now, 0, COMPLETE, RECORDED)
    return ListAnswer(
        headline,
        "operations",
        [one.to_json() for one in listed],
        len(every),
        _FIELDS,
        _SHOWN,
        proof,
        summary,
    )


class Recorder:
    """Writes operations in a separate thread, so that no call waits for it.

    Operations that cannot be written are dropped, counted and logged: an answer is more important
    than its record.
    """

    def __init__(self, sources: Sources) -> None:
        self._table = sources.stores.table
        self._waiting: queue.Queue[Operation | None] = queue.Queue(_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="operations", daemon=True)
        self._thread.start()
        self.lost = 0

    def add(self, one: Operation) -> None:
        """Queues the operation, and returns at once."""
        try:
            self._waiting.put_nowait(one)
        except queue.Full:
            self._lose(1, "the queue is full")

    def close(self, patience: float = 10.0) -> None:
        """Writes the queued operations, and waits at most ``patience`` seconds."""
        self._closing.set()
        try:
            self._waiting.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(patience)

    def _write(self) -> None:
        last = False
        while not last:
            batch = self._batch()
            last = batch[-1] is None
            some = [one for one in batch if one is not None]
            try:
                kept.write(self._table, some)
            except SreError as error:
                self._lose(len(some), str(error))

    def _batch(self) -> list[Operation | None]:
        """At least one operation, with those that arrive shortly after it."""
        batch = [self._waiting.get()]
        self._closing.wait(_GATHER)
        while batch[-1] is not None and len(batch) < _AT_ONCE and not self._waiting.empty():
            batch.append(self._waiting.get())
        return batch

    def _lose(self, many: int, why: str) -> None:
        self.lost += many
        _LOG.warning("%d operations were not recorded: %s", many, why)


def shortened(one: Operation, longest: int = 2000) -> Operation:
    """The operation with arguments short enough for a row of the table."""
    if len(str(dict(one.arguments))) <= longest:
        return one
    return replace(
        one, arguments={name: str(value)[:100] for name, value in list(one.arguments.items())[:20]}
    )
