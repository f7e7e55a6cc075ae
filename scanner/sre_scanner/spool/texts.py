"""Repeated texts, each stored once on disk and identified by a number.

A million findings refer to about ten thousand vulnerabilities and ten thousand resources. Their
JSON is written once to an unnamed temporary file, and findings hold only its number. Recent texts
are kept in memory, because they are looked up most often; for others a digest is kept. Memory is
bounded by forgetting both: a forgotten text can be stored twice.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from array import array
from collections.abc import Callable, Iterable

Look = Callable[[bytes], tuple[bytes, tuple[str, ...]]]
NOTHING = 0  # the number of a missing field
DIGESTS = 150_000  # limit of digests for one kind of text: 20 MB


class Digests(dict[bytes, int]):
    """Numbers by digest, at most ``most`` of them."""

    def __init__(self, most: int = DIGESTS) -> None:
        super().__init__()
        self._most = most

    def keep(self, digest: bytes, number: int) -> None:
        """Adds a digest, and clears all others first if the limit is reached."""
        if len(self) >= self._most:
            self.clear()
        self[digest] = number


def digest_of(*parts: bytes) -> bytes:
    """Returns a 128-bit digest of these parts."""
    lengths = repr([*map(len, parts)]) if len(parts) > 1 else ""
    return hashlib.sha256(b"".join((lengths.encode(), *parts)), usedforsecurity=False).digest()[:16]


class Texts(dict[bytes, int]):
    """Numbers of texts: ``texts[b"…"]`` is assigned when the text is first seen.

    ``b""`` is NOTHING. This is a dict with ``__missing__``, because millions of lookups are the hot
    path. ``look`` is called once per text and returns the text to store and the names of unknown
    content, which ``odd`` holds by number.
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
        """Returns the number of texts, including NOTHING."""
        return len(self._ends)

    def read(self, numbers: Iterable[int]) -> list[bytes]:
        """Returns the texts with these numbers; b"" for NOTHING."""
        ends = self._ends
        view = self._mapped()
        return [view[ends[n - 1] : ends[n]] if n else b"" for n in numbers]

    def release(self) -> None:
        """Removes the pages read from memory. They are read from the file again when needed."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Closes and deletes the file."""
        if self._map is not None:
            self._map.close()
        self._file.close()

    def forget(self) -> None:
        """Removes all texts from memory and keeps only their digests."""
        self.clear()
        self[b""] = NOTHING
        self._held = 0

    def seal(self) -> None:
        """Removes everything from memory that is not needed for reading.

        A text added later can be stored twice.
        """
        self.forget()
        self._digests.clear()

    def _mapped(self) -> mmap.mmap | bytes:
        """Returns the file as memory, mapped again after it has grown.

        Nothing may be written while a mapping is being read.
        """
        if self._ends[-1] == 0:
            return b""
        if self._map is None or len(self._map) < self._ends[-1]:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), self._ends[-1], access=mmap.ACCESS_READ)
        return self._map
