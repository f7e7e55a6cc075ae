"""Streaming of a file while a thread writes it, in chunks, at the speed of the client."""

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

CHUNK = 1 << 18  # bytes
STALLED = 60.0  # seconds within which the client must accept a chunk
_WAITING = 2  # chunks that wait to be sent; the writer blocks after them

Write = Callable[[BinaryIO], int]
"""Writes a whole file and returns its number of rows."""


@dataclass(slots=True)
class Sent:
    """The result: the number of rows, whether all or any of the file was sent, and the error."""

    rows: int = 0
    whole: bool = False
    begun: bool = False
    failed: Exception | None = None


async def stream(write: Write, headers: Mapping[str, str], receive: Receive, send: Send) -> Sent:
    """Sends the output of ``write`` as the body of a response.

    Returns after the thread has ended. Nothing is sent before the first chunk, so that an earlier
    error can still be reported. After a later error the body is not terminated, so the client sees
    that it is incomplete.
    """
    sent = Sent()
    sending, receiving = anyio.create_memory_object_stream[bytes](_WAITING)
    async with anyio.create_task_group() as group:
        group.start_soon(_cancel_on_disconnect, receive, group.cancel_scope)
        group.start_soon(_written, write, sending, sent)
        with receiving:
            await _flush_buffer(receiving, headers, send, sent)
        group.cancel_scope.cancel()
    return sent


async def _cancel_on_disconnect(receive: Receive, everything: anyio.CancelScope) -> None:
    """Cancels the download when the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    everything.cancel()


async def _written(write: Write, sending: MemoryObjectSendStream[bytes], sent: Sent) -> None:
    def work() -> int:
        pipe = Pipe(sending)
        rows = write(cast("BinaryIO", pipe))
        pipe.flush_buffer()
        return rows

    with sending:
        try:
            sent.rows = await anyio.to_thread.run_sync(work)
        except anyio.BrokenResourceError:  # the client is gone
            return
        except Exception as error:  # noqa: BLE001 - the caller handles any error
            sent.failed = error


async def _flush_buffer(
    chunks: MemoryObjectReceiveStream[bytes], headers: Mapping[str, str], send: Send, sent: Sent
) -> None:
    async def begin() -> None:
        if not sent.begun:
            await send({"type": "http.response.start", "status": 200, "headers": _raw(headers)})
            sent.begun = True

    async for chunk in chunks:
        with anyio.move_on_after(STALLED) as patience:
            await begin()
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if patience.cancelled_caught:
            return
    if sent.failed is None:
        await begin()  # also for an empty file
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        sent.whole = True


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]


class Pipe(io.RawIOBase):
    """A file object that passes what is written to a stream in chunks.

    ``write`` blocks while the stream is full, and raises anyio.BrokenResourceError when the reader
    is gone.
    """

    def __init__(self, sending: MemoryObjectSendStream[bytes]) -> None:
        super().__init__()
        self._sending, self._kept = sending, bytearray()

    def writable(self) -> bool:
        """Returns True."""
        return True

    def write(self, data: object) -> int:
        """Writes all of the data; see io.RawIOBase."""
        view = memoryview(cast("bytes", data)).cast("B")
        for start in range(0, len(view), CHUNK):
            self._kept += view[start : start + CHUNK]
            if len(self._kept) >= CHUNK:
                self.flush_buffer()
        return len(view)

    def flush_buffer(self) -> None:
        """Passes the buffer on. It must be called after the last write."""
        chunk, self._kept = bytes(self._kept), bytearray()
        if chunk:
            anyio.from_thread.run(self._sending.send, chunk)
