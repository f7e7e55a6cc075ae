"""Texts that repeat, each kept once on disk and named by a number.

A million findings speak of some ten thousand vulnerabilities and some ten thousand resources. Their
JSON is written once to an unnamed temporary file; findings carry only its number. Texts that came
lately are kept whole, for they are looked up fastest; of the others a digest is kept. Memory is
bounded by forgetting both: what is forgotten may be written twice.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from array import array
from collections.abc import Callable, Iterable

Look = Callable[[bytes], tuple[bytes, tuple[str, ...]]]
NOTHING = 0  # the number of "no such field"
DIGESTS = 150_000  # most digests that are kept of one kind of text: 20 MB


class Digests(dict[bytes, int]):
    """Numbers by the digest of what they stand for, ``most`` of them."""

    def __init__(self, most: int = DIGESTS) -> None:
        super().__init__()
        self._most = most

    def keep(self, digest: bytes, number: int) -> None:
        """Keeps one more; forgets all others first where there are too many."""
        if len(self) >= self._most:
            self.clear()
        self[digest] = number


def digest_of(*parts: bytes) -> bytes:
    """128 bits that tell these parts from all others."""
    lengths = repr([*map(len, parts)]) if len(parts) > 1 else ""
    return hashlib.sha256(b"".join((lengths.encode(), *parts)), usedforsecurity=False).digest()[:16]


class Texts(dict[bytes, int]):
    """``texts[b"…"]`` is the number of a text, given when it is first seen. ``b""`` is NOTHING.

    A dict with ``__missing__``, because looking up millions of times is the hot path. ``look`` is
    asked about each text once: it gives what is to be kept of it, and names of what is ``odd`` in
    it, which are kept by number.
    """

    def __init__(
        self, memory: int = 6 << 20, look: Look | None = None, digests: int = DIGESTS
    ) -> None:
        super().__init__({b"": NOTHING})
        self._digests = Digests(digests)
        self._look, self.odd = look, dict[int, tuple[str, ...]]()
        self._memory, self._held = memory, 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - unlinked at once, so that a killed scan leaves nothing
        self._ends = array("q", [0])
        self._map: mmap.mmap | None = None

    def __missing__(self, text: bytes) -> int:
        if self._held > self._memory:
            self.forget()
        digest = digest_of(text)
        if (number := self._digests.get(digest)) is None:
            number = self._add(text)
            self._digests.keep(digest, number)
        self[text] = number
        self._held += len(text) + 160
        return number

    def _add(self, text: bytes) -> int:
        number = len(self._ends)
        kept, odd = self._look(text) if self._look else (text, ())
        self._file.write(kept)
        self._ends.append(self._ends[-1] + len(kept))
        if odd:
            self.odd[number] = odd
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

    def forget(self) -> None:
        """Keeps no text whole any more, only digests."""
        self.clear()
        self[b""] = NOTHING
        self._held = 0

    def seal(self) -> None:
        """Forgets everything but what is on disk: no more texts will come, or they may come
        twice."""
        self.forget()
        self._digests.clear()

    def _mapped(self) -> mmap.mmap | bytes:
        """The file as memory, mapped again when it has grown. Writing goes on elsewhere only
        between two readings."""
        if self._ends[-1] == 0:
            return b""
        if self._map is None or len(self._map) < self._ends[-1]:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), self._ends[-1], access=mmap.ACCESS_READ)
        return self._map
