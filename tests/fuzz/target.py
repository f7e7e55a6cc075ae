"""The server's application in this process, and what must hold for each response."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
from starlette.types import ASGIApp, Message
from tests.fuzz.requests import HttpInput

# Seconds after which a client disconnects that gets an endless stream, and after which a response
# is missing.
STREAM, PATIENCE = 0.2, 120.0
LEAKS = (b"Traceback", b"pydantic", b"site-packages", b".parquet", b"sqlite")


class Broken(AssertionError):
    """A response, or the log, shows that the server failed."""


INPUT: ContextVar[int] = ContextVar("input", default=-1)
"""The number of the input that is being sent, also in the threads that work for it."""


class Errors(logging.Handler):
    """Keeps the first traceback or error of each input in the log; -1 is none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[int, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        if record.levelno >= logging.ERROR or record.exc_info or "Traceback" in record.getMessage():
            self.of.setdefault(INPUT.get(), logging.Formatter().format(record))


@dataclass
class Answer:
    """What the application has sent."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False

    async def send(self, message: Message) -> None:
        """ASGI."""
        if message["type"] == "http.response.start":
            if self.status:
                raise Broken("two responses")
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")
            self.ended = not message.get("more_body", False)


async def ask(app: ASGIApp, given: HttpInput, answer: Answer) -> None:
    """Sends a request. Raises Broken if there is no answer in time."""
    waiting: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in given.body
    ]
    if given.cut:
        waiting = [*waiting[:1], {"type": "http.disconnect"}]
    else:
        waiting[-1]["more_body"] = False
    gone = anyio.Event()

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await gone.wait()
        return {"type": "http.disconnect"}

    patience = anyio.move_on_after(PATIENCE)
    async with anyio.create_task_group() as group:
        group.start_soon(_leave, answer, gone)
        with patience:
            await app(_scope(given), receive, answer.send)
        group.cancel_scope.cancel()
    if patience.cancelled_caught:
        raise Broken("no answer")


async def _leave(answer: Answer, gone: anyio.Event) -> None:
    """Disconnects from a stream that does not end."""
    while not answer.status:
        await anyio.sleep(STREAM)
    await anyio.sleep(STREAM)
    gone.set()


def _scope(given: HttpInput) -> dict[str, Any]:
    raw = given.path.encode(errors="replace")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": given.method,
        "scheme": "http",
        "path": unquote(raw.decode(errors="replace")),
        "raw_path": raw,
        "query_string": b"",
        "root_path": "",
        "headers": given.headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }


def problem_of(given: HttpInput, answer: Answer, secrets: tuple[str, ...]) -> str:
    """Returns how a response shows a failure, or something that no client may see."""
    shown = b" ".join([given.path.encode(errors="replace"), *given.body])
    leaks = [one for one in (*LEAKS, *(one.encode() for one in secrets)) if one in answer.body]
    if leak := next((one for one in leaks if one not in shown), None):
        return f"{leak!r} is in the response: {bytes(answer.body[:400])!r}"
    if answer.status >= 500:
        return f"status {answer.status}: {bytes(answer.body[:400])!r}"
    return "no response" if answer.status == 0 and not given.cut else ""


@contextlib.asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[None]:
    """Runs the application's lifespan during the block."""
    begun, end, ended = anyio.Event(), anyio.Event(), anyio.Event()
    waiting = ["lifespan.startup"]

    async def receive() -> Message:
        if waiting:
            return {"type": waiting.pop()}
        await end.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        (begun if message["type"].startswith("lifespan.startup") else ended).set()

    async def run() -> None:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await begun.wait()
        try:
            yield
        finally:
            end.set()
            await ended.wait()


def files(folder: Path) -> set[Path]:
    """All files in a folder but the table, which has the audit log, and the fuzzer's tokens."""
    ours = ("table.db", "tokens.json")
    return {one for one in folder.rglob("*") if not one.name.startswith(ours)}
