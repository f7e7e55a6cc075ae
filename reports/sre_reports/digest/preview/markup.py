"""Slack's markup as lines to draw: runs of one style each, wrapped at a width."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sre_reports.pictures import font

_TOKENS = re.compile(
    r"`(?P<code>[^`\n]+)`|\*(?P<bold>[^*\n]+)\*|(?<!\w)_(?P<soft>[^_\n]+)_(?!\w)|<(?P<link>[^<>]+)>|:(?P<emoji>[a-z_]+):"
)
_EMOJI = {
    "rotating_light": ("●", "bad"),
    "warning": ("▲", "medium"),
    "globe_with_meridians": ("●", "high"),
    "new": ("■", "link"),
    "white_check_mark": ("●", "good"),
    "no_entry": ("●", "bad"),
    "grey_question": ("●", "muted"),
    "wrench": ("→", "muted"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style, and its horizontal position in its line."""

    text: str
    ink: str = "ink"
    bold: bool = False
    code: bool = False
    x: float = 0.0

    def wide(self, size: float) -> float:
        """Returns the width of the text."""
        return _face(bold=self.bold).width(self.text, size)


def _face(*, bold: bool) -> font.Face:
    return font.face(font.SEMIBOLD if bold else font.REGULAR)


def lines(markup: str, size: float, width: float, ink: str = "ink") -> Iterator[list[Run]]:
    """Yields the lines of a text in Slack's markup, at most ``width`` wide."""
    for line in markup.split("\n"):
        yield from _broken(_runs(line, ink), size, width)


def _runs(line: str, ink: str, *, bold: bool = False) -> Iterator[Run]:
    """Yields the runs of a line of markup. Bold text may contain code and symbols."""
    end = 0
    for found in _TOKENS.finditer(line):
        yield from _plain(line[end : found.start()], ink, bold=bold)
        end = found.end()
        match found.lastgroup:
            case "code":
                yield replace(_run(found["code"], "bad", bold=bold), code=True)
            case "bold":
                yield from _runs(found["bold"], ink, bold=True)
            case "soft":
                yield _run(found["soft"], "muted", bold=bold)
            case "link":
                name = found["link"].rpartition("|")[2]
                yield _run(name.replace("!", "@"), "link", bold=bold)
            case _:
                yield _run(*_EMOJI.get(found["emoji"], ("•", "muted")), bold=False)
    yield from _plain(line[end:], ink, bold=bold)


def _plain(text: str, ink: str, *, bold: bool) -> Iterator[Run]:
    if text:
        yield _run(text, ink, bold=bold)


def _run(text: str, ink: str, *, bold: bool) -> Run:
    return Run(_face(bold=bold).drawable(html.unescape(text)), ink, bold)


def _broken(runs: Iterator[Run], size: float, width: float) -> Iterator[list[Run]]:
    line: list[Run] = []
    x = 0.0
    for run in runs:
        for word in re.findall(r"\s*\S+|\s+", run.text):
            piece = replace(run, text=_face(bold=run.bold).fitted(word, size, width))
            if line and x + piece.wide(size) > width:
                yield line
                line, x = [], 0.0
                piece = replace(piece, text=piece.text.lstrip())
            _add(line, replace(piece, x=x))
            x += piece.wide(size)
    yield line


def _add(line: list[Run], piece: Run) -> None:
    """Appends a run to the line. Words of one code span are merged."""
    if piece.code and line and line[-1].code:
        line[-1] = replace(line[-1], text=line[-1].text + piece.text)
    else:
        line.append(piece)


@functools.lru_cache(maxsize=1024)
def fitted(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Returns plain text cut to ``width``."""
    return _face(bold=bold).fitted(text, size, width)


def wide(text: str, size: float, *, bold: bool = False) -> float:
    """Returns the width of a drawable text."""
    return _face(bold=bold).width(text, size)
