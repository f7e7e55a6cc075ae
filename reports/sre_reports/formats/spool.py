"""Lines that are written at the end of a file and known before it: on disk once they are many."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any

_IN_MEMORY = 4 * 1024 * 1024


def dumped(value: object) -> bytes:
    """Compact JSON in ASCII, so that no decoder or terminal is surprised."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


class Spool:
    """JSON objects kept in their order. Memory is of a fixed size, whatever their number."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self.count = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, value: dict[str, Any]) -> int:
        """Keeps an object; its place among all."""
        self._file.write(dumped(value) + b"\n")
        self.count += 1
        return self.count - 1

    def lines(self) -> Iterator[bytes]:
        """The JSON of each, in order. Nothing is added afterwards."""
        self._file.seek(0)
        return (line[:-1] for line in self._file)


def with_more(line: bytes, more: dict[str, Any]) -> bytes:
    """A JSON object that is not empty, with more members at its end."""
    return line[:-1] + b"," + dumped(more)[1:] if more else line
