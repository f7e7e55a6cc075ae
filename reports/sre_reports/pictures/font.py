"""The font that cards are drawn with: which letters it has, how wide they are, and text cut to the
room that it has."""

from __future__ import annotations

import functools
import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from sre_reports.plain_text import visible

REGULAR, SEMIBOLD = "Inter-Regular.otf", "Inter-SemiBold.otf"
_UNKNOWN, _CUT = "□", "…"


@dataclass(frozen=True, slots=True)
class Face:
    """One weight: the width of each letter that it has, in parts of the font's size."""

    advances: Mapping[str, float]

    def width(self, text: str, size: float) -> float:
        """How wide a drawable text is. Kerning mostly brings letters nearer, so it is seldom more,
        and then by a hair."""
        return sum(self.advances[letter] for letter in text) * size

    def drawable(self, text: str) -> str:
        """The same text in letters that the font has; a box stands for each that it lacks, so that
        nothing goes unseen."""
        return "".join(
            letter if letter in self.advances else _UNKNOWN
            for letter in unicodedata.normalize("NFC", visible(text))
        )

    def fitted(self, text: str, size: float, width: float) -> str:
        """A drawable text no wider than ``width``, the last letter an ellipsis where some were
        cut."""
        shown = self.drawable(text)
        if self.width(shown, size) <= width:
            return shown
        room, kept = width - self.width(_CUT, size), 0
        while kept < len(shown) and (room := room - self.width(shown[kept], size)) >= 0:
            kept += 1
        return shown[:kept].rstrip() + _CUT


@functools.cache
def face(name: str) -> Face:
    """One of the weights that are shipped."""
    tables = _tables(file(name).read_bytes())
    (units,) = struct.unpack_from(">H", tables["head"], 18)
    (metrics,) = struct.unpack_from(">H", tables["hhea"], 34)
    wide = [advance for advance, _ in struct.iter_unpack(">Hh", tables["hmtx"][: metrics * 4])]
    # Glyphs beyond the last metric are as wide as that one: the format's way to keep tables short.
    return Face(
        {
            chr(code): wide[min(glyph, metrics - 1)] / units
            for code, glyph in _glyphs(tables["cmap"])
        }
    )


def file(name: str) -> Traversable:
    """The font's file, wherever the package lies."""
    return resources.files("sre_reports") / "fonts" / name


def _tables(font: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">H", font, 4)
    records = struct.iter_unpack(">4s4xII", font[12 : 12 + 16 * count])
    return {tag.decode(): font[start : start + length] for tag, start, length in records}


def _glyphs(cmap: bytes) -> Iterator[tuple[int, int]]:
    """Letters with the numbers of their glyphs, from the subtable of format 4 that every font
    has."""
    (count,) = struct.unpack_from(">H", cmap, 2)
    starts = [start for (start,) in struct.iter_unpack(">4xI", cmap[4 : 4 + 8 * count])]
    table = next(cmap[start:] for start in starts if struct.unpack_from(">H", cmap, start) == (4,))
    half = struct.unpack_from(">H", table, 6)[0]  # bytes of each of the four arrays
    for at in range(0, half, 2):
        last, first, delta, offset = (
            struct.unpack_from(">H", table, 14 + at + n * half + (2 if n else 0))[0]
            for n in range(4)
        )
        for code in range(first, min(last, 0xFFFE) + 1):
            place = 14 + at + 3 * half + 2 + offset + 2 * (code - first)
            glyph = struct.unpack_from(">H", table, place)[0] if offset else code
            if glyph:
                yield code, (glyph + delta) % 65536
