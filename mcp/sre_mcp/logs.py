"""What operators see of the server: lines of the log, each with the id of its request, and metrics
in them."""

from __future__ import annotations

import json
import logging
import re
import secrets
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sre_findings.model.operation import ANSWERED, Operation

NAMESPACE = "SreOperationsAssistant"
_HEADER = b"x-request-id"
_GOOD = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_ID: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request that is being answered: the caller's, or one of ours."""
    return _ID.get() or secrets.token_hex(8)


class Identified:
    """Gives each request an id, which its answer and every line of the log tell: X-Request-Id, as
    load balancers write it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        said = dict(scope["headers"]).get(_HEADER, b"")
        mine = said.decode() if _GOOD.match(said) else secrets.token_hex(8)
        token = _ID.set(mine)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_HEADER, mine.encode())]
            await send(message)

        try:
            return await self._app(scope, receive, answer)
        finally:
            _ID.reset(token)


async def numbered(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Gives an id to what came without HTTP, one message at a time."""
    token = _ID.set(request_id())
    try:
        return await call_next(ctx)
    finally:
        _ID.reset(token)


class Words(logging.Formatter):
    """A line for people, with the request's id at its end."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        line, *trace = super().format(record).split("\n", 1)
        return "\n".join([f"{line} [{_ID.get()}]" if _ID.get() else line, *trace])


class Lines(logging.Formatter):
    """One JSON object a line, for CloudWatch and everybody else who reads logs by machine."""

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
    """The parts of a line by which CloudWatch counts calls (embedded metric format, CloudWatch user
    guide)."""
    names = (("Took", "Milliseconds"), ("Calls", "Count"), ("Failures", "Count"))
    told = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Tool"], []],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in names],
    }
    return {
        "_aws": {"Timestamp": int(one.at.timestamp() * 1000), "CloudWatchMetrics": [told]},
        "Tool": one.what, "Took": one.took, "Calls": 1, "Failures": int(one.outcome != ANSWERED),
        "who": one.who, "outcome": one.outcome, "source": one.source, "rows": one.rows,
    }  # fmt: skip
