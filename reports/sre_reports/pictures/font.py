"""The font of cards: its letters and their widths, and text cut to a width."""

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
    """One weight: the width of each of its letters, relative to the font size."""

    advances: Mapping[str, float]

    def width(self, text: str, size: float) -> float:
        """Returns the width of a drawable text without kerning.

        With kerning, text is almost always narrower.
        """
        return sum(self.advances[letter] for letter in text) * size

    def drawable(self, text: str) -> str:
        """Returns the text with a box in place of each letter that the font lacks."""
        return "".join(
            letter if letter in self.advances else _UNKNOWN
            for letter in unicodedata.normalize("NFC", visible(text))
        )

    def fitted(self, text: str, size: float, width: float) -> str:
        """Returns a drawable text no wider than ``width``, with an ellipsis if it was cut."""
        shown = self.drawable(text)
        if self.width(shown, size) <= width:
            return shown
        room, kept = width - self.width(_CUT, size), 0
        while kept < len(shown) and (room := room - self.width(shown[kept], size)) >= 0:
            kept += 1
        return shown[:kept].rstrip() + _CUT


@functools.cache
def face(name: str) -> Face:
    """Returns a bundled weight by its file name."""
    tables = _tables(file(name).read_bytes())
    (units,) = struct.unpack_from(">H", tables["head"], 18)
    (metrics,) = struct.unpack_from(">H", tables["hhea"], 34)
    wide = [advance for advance, _ in struct.iter_unpack(">Hh", tables["hmtx"][: metrics * 4])]
    # Glyphs beyond the last metric have its width, as the format defines.
    return Face(
        {
            chr(code): wide[min(glyph, metrics - 1)] / units
            for code, glyph in _glyphs(tables["cmap"])
        }
    )


def file(name: str) -> Traversable:
    """Returns the file of a bundled font."""
    return resources.files("sre_reports") / "fonts" / name


def _tables(font: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">H", font, 4)
    records = struct.iter_unpack(">4s4xII", font[12 : 12 + 16 * count])
    return {tag.decode(): font[start : start + length] for tag, start, length in records}


def _glyphs(cmap: bytes) -> Iterator[tuple[int, int]]:
    """Yields each letter with its glyph number, from the cmap subtable of format 4.

    Every font has such a subtable.
    """
    (count,) = struct.unpack_from(">H", cmap, 2)
    starts = [start for (start,) in struct.iter_unpack(">4xI", cmap[4 : 4 + 8 * count])]
    table = next(cmap[start:] for start in starts if struct.unpack_from(">H", cmap, start) == (4,))
    half = struct.unpack_from(">H", table, 6)[0]  # bytes of each of four arrays
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
