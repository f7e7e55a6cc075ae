"""Texts that repeat, each kept once on disk and named by a number.

A million findings speak of about ten thousand vulnerabilities and a thousand resources. Their JSON is written once to
an unnamed temporary file; findings carry only its number. Memory is bounded by forgetting which texts were seen: what
is forgotten may be written twice, which costs bytes of a temporary file and nothing else.
"""

from __future__ import annotations

import mmap
import tempfile
from array import array
from collections.abc import Callable, Iterable

Look = Callable[[bytes], tuple[bytes, tuple[str, ...]]]
NOTHING = 0  # the number of "no such field"


class Texts(dict[bytes, int]):
    """``texts[b"…"]`` is the number of a text, given when it is first seen. ``b""`` is NOTHING.

    A dict with ``__missing__``, because looking up millions of times is the hot path. ``look`` is asked about each text once: it
    gives what is to be kept of it, and names of what is ``odd`` in it, which are kept by number.
    """

    def __init__(self, memory: int = 12 << 20, look: Look | None = None) -> None:
        super().__init__({b"": NOTHING})
        self._look, self.odd = look, dict[int, tuple[str, ...]]()
        self._memory, self._held = memory, 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - unlinked at once, so that a killed scan leaves nothing
        self._ends = array("q", [0])
        self._map: mmap.mmap | None = None

    def __missing__(self, text: bytes) -> int:
        if self._held > self._memory:
            self._forget()
        number = len(self._ends)
        kept, odd = self._look(text) if self._look else (text, ())
        self._file.write(kept)
        self._ends.append(self._ends[-1] + len(kept))
        self[text] = number
        if odd:
            self.odd[number] = odd
        self._held += len(text) + 160
        return number

    def __len__(self) -> int:
        """How many numbers were given, NOTHING included."""
        return len(self._ends)

    def read(self, numbers: Iterable[int]) -> list[bytes]:
        """The texts of these numbers; b"" for NOTHING."""
        ends = self._ends
        view = self._mapped()
        return [view[ends[n - 1] : ends[n]] if n else b"" for n in numbers]

    def release(self) -> None:
        """Lets the pages that were read go; they come back from the file when they are needed."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Gives the file back to the disk."""
        if self._map is not None:
            self._map.close()
        self._file.close()

    def _forget(self) -> None:
        self.clear()
        self[b""] = NOTHING
        self._held = 0

    def _mapped(self) -> mmap.mmap | bytes:
        """The file as memory, mapped again when it has grown. Writing goes on elsewhere only between two readings."""
        if self._ends[-1] == 0:
            return b""
        if self._map is None or len(self._map) < self._ends[-1]:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), self._ends[-1], access=mmap.ACCESS_READ)
        return self._map
