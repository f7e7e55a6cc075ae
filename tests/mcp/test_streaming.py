"""A file is streamed while it is written, at the client's speed.

An incomplete file is never terminated as complete.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

import anyio
import pytest
from anyio.lowlevel import checkpoint

from sre_mcp.files import stream as streaming
from sre_mcp.files.stream import CHUNK, Sent, stream

HEADERS = {"Content-Type": "text/csv"}
Send = Callable[[Any], Awaitable[None]]


class Client:
    """Receives a response, and disconnects after ``leaves_after`` messages."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.messages: list[Any] = []
        self._leaves_after, self._left = leaves_after, anyio.Event()

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        if self._leaves_after is not None and len(self.messages) > self._leaves_after:
            self._left.set()
        await checkpoint()

    async def receive(self) -> Any:
        await self._left.wait()
        return {"type": "http.disconnect"}

    @property
    def body(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self.messages)

    @property
    def ended(self) -> bool:
        return bool(self.messages) and not self.messages[-1].get("more_body", True)


def fetched(write: Callable[[BinaryIO], int], client: Client | None = None) -> tuple[Sent, Client]:
    """The result of a download, and its client."""

    async def fetch() -> tuple[Sent, Client]:
        there = client or Client()
        return await stream(write, HEADERS, there.receive, there.send), there

    return anyio.run(fetch)


@pytest.mark.parametrize(
    ("many", "size"), [(0, 0), (1, 1), (3, CHUNK - 1), (2, CHUNK), (2, 3 * CHUNK + 5), (100_000, 7)]
)
def test_data_arrives_in_chunks_of_limited_size(many: int, size: int) -> None:
    parts = [bytes([number % 251]) * size for number in range(many)]

    def write(file: BinaryIO) -> int:
        file.writelines(parts)
        return 42

    sent, client = fetched(write)
    assert (sent, client.ended) == (Sent(42, whole=True, begun=True), True)
    assert client.body == b"".join(parts)
    assert client.messages[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/csv")],
    }
    assert all(len(one.get("body", b"")) < 2 * CHUNK for one in client.messages)


def test_an_archive_can_be_streamed() -> None:
    def write(file: BinaryIO) -> int:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a", b"x" * CHUNK)
        return 1

    sent, client = fetched(write)
    assert sent.whole
    assert client.body.startswith(b"PK")


def test_the_writer_waits_for_the_reader() -> None:
    written: list[int] = []
    seen: list[int] = []

    class Slow(Client):
        async def send(self, message: Any) -> None:
            for _ in range(50):
                await checkpoint()
            seen.append(len(written) - len(self.messages))
            await super().send(message)

    def write(file: BinaryIO) -> int:
        for number in range(60):
            file.write(bytes(CHUNK))
            written.append(number)
        return 60

    sent, client = fetched(write, Slow())
    assert (sent.whole, len(client.body)) == (True, 60 * CHUNK)
    assert max(seen) <= 5, "a few pieces are on their way, not the file"


def test_an_error_before_the_first_chunk_sends_nothing() -> None:
    def write(file: BinaryIO) -> int:
        file.write(b"little")
        raise ValueError("broken")

    sent, client = fetched(write)
    assert (client.messages, sent.begun, sent.whole, str(sent.failed)) == (
        [],
        False,
        False,
        "broken",
    )


def test_an_error_in_the_middle_leaves_the_body_unterminated() -> None:
    def write(file: BinaryIO) -> int:
        file.write(bytes(2 * CHUNK))
        raise ValueError("broken")

    sent, client = fetched(write)
    assert (sent.begun, sent.whole, str(sent.failed), client.ended) == (
        True,
        False,
        "broken",
        False,
    )


def test_a_disconnect_stops_the_writer() -> None:
    threads = set[threading.Thread]()

    def write(file: BinaryIO) -> int:
        threads.add(threading.current_thread())
        while True:
            file.write(bytes(CHUNK))

    sent, client = fetched(write, Client(leaves_after=3))
    assert (sent.whole, sent.failed, client.ended) == (False, None, False)
    assert len(threads) == 1


def test_a_stalled_client_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "STALLED", 0.01)

    class Stalled(Client):
        async def send(self, message: Any) -> None:
            if message["type"] == "http.response.body":
                await anyio.sleep_forever()

    def write(file: BinaryIO) -> int:
        while True:
            file.write(bytes(CHUNK))

    sent, _ = fetched(write, Stalled())
    assert (sent.begun, sent.whole) == (True, False)
