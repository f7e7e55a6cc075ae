"""Lines collected for the end of a file, moved to disk once they are large."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any

_IN_MEMORY = 4 * 1024 * 1024


def dumped(value: object) -> bytes:
    """Returns compact JSON in ASCII."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


class Spool:
    """JSON objects in their order. Memory use is bounded, however many there are."""

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
        """Adds an object, and returns its index."""
        self._file.write(dumped(value) + b"\n")
        self.count += 1
        return self.count - 1

    def lines(self) -> Iterator[bytes]:
        """Yields the JSON of each object, in order. Call it after the last ``add``."""
        self._file.seek(0)
        return (line[:-1] for line in self._file)


def with_more(line: bytes, more: dict[str, Any]) -> bytes:
    """Appends members to a serialized JSON object, which must not be empty."""
    return line[:-1] + b"," + dumped(more)[1:] if more else line
