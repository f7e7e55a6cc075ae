"""Log lines with request IDs, and metrics in the embedded metric format of CloudWatch."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sre_findings.model.operation import ANSWERED, Operation

_MINUTE = 60.0  # seconds
NAMESPACE = "SreOperationsAssistant"
_HEADER = b"x-request-id"
_GOOD = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_ID: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Returns the ID of the current request: from the client, or generated."""
    return _ID.get() or secrets.token_hex(8)


class RequestIds:
    """Gives each request an ID, which the response and all log lines contain.

    The header is ``X-Request-Id``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = dict(scope["headers"]).get(_HEADER, b"")
        mine = given.decode() if _GOOD.match(given) else secrets.token_hex(8)
        token = _ID.set(mine)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_HEADER, mine.encode())]
            await send(message)

        try:
            return await self._app(scope, receive, answer)
        finally:
            _ID.reset(token)


async def with_request_id(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """Gives an ID to each message that arrives without HTTP."""
    token = _ID.set(request_id())
    try:
        return await call_next(ctx)
    finally:
        _ID.reset(token)


class Throttle(logging.Filter):
    """Limits repeated warnings and errors, so that clients cannot fill the log.

    Each line of code logs at most ``most`` of them per minute and type of exception. The last one,
    and the first one after a gap, say that others are missing.
    """

    def __init__(self, most: int = 60, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most, self._clock = most, clock
        self._counts: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info[0] if record.exc_info else None
        kind, now = (record.pathname, record.lineno, error), self._clock()
        since, seen = self._counts.get(kind, (now, 0))
        note = ""
        if now - since >= _MINUTE:
            note = f" ({seen - self._most} similar messages were omitted)"
            since, seen, note = now, 0, note if seen > self._most else ""
        self._counts[kind] = since, seen + 1
        if seen + 1 == self._most:
            note = " (further similar messages are omitted for up to a minute)"
        if note:
            record.msg, record.args = f"{record.getMessage()}{note}", ()
        return seen < self._most


class TextFormatter(logging.Formatter):
    """Text lines that end with the request ID."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        line, *trace = super().format(record).split("\n", 1)
        return "\n".join([f"{line} [{_ID.get()}]" if _ID.get() else line, *trace])


class JsonFormatter(logging.Formatter):
    """One JSON object per line, for CloudWatch and other log tools."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {"request_id": _ID.get()} if _ID.get() else {}
        line |= {"trace": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps(line | getattr(record, "parts", {}), default=str)


def metrics(one: Operation) -> dict[str, Any]:
    """Returns the fields of a log line from which CloudWatch derives metrics."""
    names = (("Took", "Milliseconds"), ("Calls", "Count"), ("Failures", "Count"))
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Tool"], []],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in names],
    }
    return {
        "_aws": {"Timestamp": int(one.at.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        "Tool": one.what,
        "Took": one.took,
        "Calls": 1,
        "Failures": int(one.outcome != ANSWERED),
        "who": one.who,
        "outcome": one.outcome,
        "source": one.source,
        "rows": one.rows,
    }
