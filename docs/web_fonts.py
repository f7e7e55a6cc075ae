"""Makes the fonts that HTML pages embed: the fonts of the cards, reduced further, as WOFF2.

Pages are in English. Characters that the subset lacks, such as those of a name tag in another
script, are drawn with a font of the reader. Run by `make fonts`.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

FOLDER = Path(__file__).parents[1] / "reports" / "sre_reports" / "fonts"
CHARACTERS = {*map(chr, range(0x20, 0x7F)), *"\xa0·‐\u2011–—‘’“”…−←→▲▼"}


def main() -> None:
    """Writes a web font beside each font of the cards."""
    for source in sorted(FOLDER.glob("*.otf")):
        options = Options(flavor="woff2", hinting=False, layout_features=["tnum"])
        font = load_font(str(source), options)
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=map(ord, CHARACTERS))
        subsetter.subset(font)
        save_font(font, str(source.with_suffix(".woff2")), options)


if __name__ == "__main__":
    main()
