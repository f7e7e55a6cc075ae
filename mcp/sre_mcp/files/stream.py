"""A file that is sent as it is written: by a thread, piece by piece, as fast as whoever fetches it
takes them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.types import Receive, Send

PIECE = 1 << 18  # bytes
STALLED = 60.0  # seconds in which whoever fetches must have taken a piece
_WAITING = 2  # pieces that wait to be sent; the writer waits for them

Write = Callable[[BinaryIO], int]
"""Writes a file from its begin to its end, and returns how many rows it has."""


@dataclass(slots=True)
class Sent:
    """What became of a file: how many rows it has, whether all of it was sent, whether anything
    was, and what broke it."""

    rows: int = 0
    whole: bool = False
    begun: bool = False
    failed: Exception | None = None


async def stream(write: Write, headers: Mapping[str, str], receive: Receive, send: Send) -> Sent:
    """Sends what ``write`` writes as the body of a response, and returns once the thread has ended,
    however it went.

    Nothing is sent before the first piece is there, so that an error until then can still be
    answered. Later the body ends without its end, which tells whoever fetches that it is not whole.
    """
    sent = Sent()
    sending, receiving = anyio.create_memory_object_stream[bytes](_WAITING)
    async with anyio.create_task_group() as group:
        group.start_soon(_leave_with, receive, group.cancel_scope)
        group.start_soon(_written, write, sending, sent)
        with receiving:
            await _hand_on(receiving, headers, send, sent)
        group.cancel_scope.cancel()
    return sent


async def _leave_with(receive: Receive, everything: anyio.CancelScope) -> None:
    """Nothing is written for who hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    everything.cancel()


async def _written(write: Write, sending: MemoryObjectSendStream[bytes], sent: Sent) -> None:
    def work() -> int:
        pipe = Pipe(sending)
        rows = write(cast("BinaryIO", pipe))
        pipe.hand_on()
        return rows

    with sending:
        try:
            sent.rows = await anyio.to_thread.run_sync(work)
        except anyio.BrokenResourceError:  # nobody reads any more
            return
        except Exception as error:  # noqa: BLE001 - whatever broke it: a response is half sent, and its caller decides
            sent.failed = error


async def _hand_on(
    pieces: MemoryObjectReceiveStream[bytes], headers: Mapping[str, str], send: Send, sent: Sent
) -> None:
    async def begin() -> None:
        if not sent.begun:
            await send({"type": "http.response.start", "status": 200, "headers": _raw(headers)})
            sent.begun = True

    async for piece in pieces:
        with anyio.move_on_after(STALLED) as patience:
            await begin()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if patience.cancelled_caught:
            return
    if sent.failed is None:
        await begin()  # of an empty file, too
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        sent.whole = True


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]


class Pipe(io.RawIOBase):
    """A file of which nothing stays: what is written is handed on in pieces, and waits where they
    are not taken.

    Once nobody reads any more, writing raises anyio.BrokenResourceError.
    """

    def __init__(self, sending: MemoryObjectSendStream[bytes]) -> None:
        super().__init__()
        self._sending, self._kept = sending, bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """See io.RawIOBase; it takes all of it."""
        view = memoryview(cast("bytes", data)).cast("B")
        for start in range(0, len(view), PIECE):
            self._kept += view[start : start + PIECE]
            if len(self._kept) >= PIECE:
                self.hand_on()
        return len(view)

    def hand_on(self) -> None:
        """Hands on what is kept. Whoever wrote all calls it once more."""
        piece, self._kept = bytes(self._kept), bytearray()
        if piece:
            anyio.from_thread.run(self._sending.send, piece)
