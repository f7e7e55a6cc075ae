"""A digest as Slack would show it, approximately, drawn from the blocks that are posted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any

from sre_reports.digest.messages.content import RenderedDigest
from sre_reports.digest.preview.markup import (
    Run,
    fitted,
    lines,
    wide,
)
from sre_reports.pictures import charts, drawing
from sre_reports.slack.message import Message

WIDTH, LEFT, RIGHT = 760, 72, 736
APP = "sre-assistant"
_SIZE, _LEADING, _REPLY = 15.0, 22.0, 40
_CLASSIC, _ROWS = 10, 5  # maximum rows shown of a table, and of a table that Slack pages
Block = Mapping[str, Any]


@dataclass(slots=True)
class Sheet:
    """The drawing, built from top to bottom.

    ``y`` is the position of the next element, and ``left`` the start of lines.
    """

    left: float = LEFT
    y: float = 24.0
    texts: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[dict[str, Any]] = field(default_factory=list)
    paths: list[dict[str, Any]] = field(default_factory=list)

    @property
    def room(self) -> float:
        """The maximum width of a line."""
        return RIGHT - self.left

    def draw_text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = _SIZE,
        ink: str = "ink",
        *,
        bold: bool = False,
        end: bool = False,
    ) -> None:
        """Draws plain text; with ``end``, it ends at ``x``."""
        self.texts.append(
            {
                "x": x,
                "y": y,
                "text": text,
                "size": size,
                "ink": ink,
                "bold": bold,
                "anchor": "end" if end else "start",
            }
        )

    def box(self, x: float, y: float, wide_: float, high: float, **look: Any) -> None:
        """Draws a rectangle."""
        self.boxes.append(
            {
                "x": x,
                "y": y,
                "wide": wide_,
                "high": high,
                "fill": "card",
                "line": "none",
                "round": 4,
                **look,
            }
        )

    def runs(self, x: float, y: float, some: Sequence[Run], size: float) -> None:
        """Draws a line of runs."""
        for run in some:
            if run.code:
                self.box(
                    x + run.x - 2,
                    y - size,
                    run.wide(size) + 4,
                    size + 5,
                    fill="ground",
                    line="line",
                    round=3,
                )
            self.draw_text(x + run.x, y, run.text, size, run.ink, bold=run.bold)

    def markup(
        self, text: str, x: float, width: float, size: float = _SIZE, ink: str = "ink"
    ) -> float:
        """Draws text in Slack's markup at the current position, and returns its height."""
        leading, y = size * _LEADING / _SIZE, self.y
        for line in lines(text, size, width, ink):
            y += leading
            self.runs(x, y - leading / 4, line, size)
        return y - self.y


def preview(found: RenderedDigest, now: datetime) -> bytes:
    """Returns the message and its thread as PNG."""
    return drawing.png(preview_svg(found, now))


def preview_svg(found: RenderedDigest, now: datetime) -> str:
    """Returns the message and its thread as SVG."""
    sheet = Sheet()
    _message(sheet, found.message, f"{now:%H:%M}")
    if found.thread:
        sheet.draw_text(
            LEFT,
            sheet.y + 8,
            f"{len(found.thread)} {'reply' if len(found.thread) == 1 else 'replies'}",
            13,
            "link",
            bold=True,
        )
        sheet.y += 28
        sheet.left = LEFT + _REPLY
        for reply in found.thread:
            _message(sheet, reply.message, f"{now:%H:%M}")
    high = round(sheet.y + 12)
    shown = {"texts": sheet.texts, "boxes": sheet.boxes, "paths": sheet.paths}
    return drawing.svg("slack_preview.svg", wide=WIDTH, high=high, **shown)


def _message(sheet: Sheet, one: Message, time: str) -> None:
    x = sheet.left - 48
    sheet.box(x, sheet.y, 36, 36, fill="link", round=8)
    sheet.draw_text(
        x + 18 - wide("SRE", 13, bold=True) / 2, sheet.y + 23, "SRE", 13, "on-critical", bold=True
    )
    sheet.draw_text(sheet.left, sheet.y + 14, APP, _SIZE, bold=True)
    after = sheet.left + wide(APP, _SIZE, bold=True) + 8
    sheet.box(after, sheet.y + 2, 32, 15, fill="line", round=3)
    sheet.draw_text(after + 5, sheet.y + 14, "APP", 10, "muted", bold=True)
    sheet.draw_text(after + 40, sheet.y + 14, time, 12, "muted")
    sheet.y += 20
    for block in one.blocks:
        _BLOCKS[block["type"]](sheet, block)
        sheet.y += 8
    sheet.y += 12


def _header(sheet: Sheet, block: Block) -> None:
    sheet.y += 26
    sheet.draw_text(
        sheet.left,
        sheet.y - 4,
        fitted(block["text"]["text"], 19, sheet.room, bold=True),
        19,
        bold=True,
    )


def _section(sheet: Sheet, block: Block) -> None:
    if "text" in block:
        sheet.y += sheet.markup(block["text"]["text"], sheet.left, sheet.room)
    half, some = sheet.room / 2, list(block.get("fields", ()))
    for pair in (some[n : n + 2] for n in range(0, len(some), 2)):
        sheet.y += (
            max(
                sheet.markup(one["text"], sheet.left + n * half, half - 12)
                for n, one in enumerate(pair)
            )
            + 4
        )


def _context(sheet: Sheet, block: Block) -> None:
    for one in block["elements"]:
        sheet.y += sheet.markup(one["text"], sheet.left, sheet.room, 12.5, "muted")


def _actions(sheet: Sheet, block: Block) -> None:
    x = sheet.left
    for one in block["elements"]:
        text, primary = (
            fitted(_label(one), 13, sheet.room - 24, bold=True),
            one.get("style") == "primary",
        )
        broad = wide(text, 13, bold=True) + 24
        if x > sheet.left and x + broad > RIGHT:
            x, sheet.y = sheet.left, sheet.y + 40
        sheet.box(
            x,
            sheet.y,
            broad,
            32,
            fill="good" if primary else "card",
            line="none" if primary else "control",
            round=6,
        )
        sheet.draw_text(
            x + 12, sheet.y + 21, text, 13, "on-critical" if primary else "ink", bold=True
        )
        x += broad + 8
    sheet.y += 34


def _label(element: Block) -> str:
    """Returns the text of a button, or of a menu before anything is chosen."""
    if element["type"] == "static_select":
        return f"{element['placeholder']['text']} ▼"
    return str(element["text"]["text"])


def _table(sheet: Sheet, block: Block) -> None:
    rows = [[cell["text"] for cell in row] for row in block["rows"]]
    paged = block["type"] == "data_table"
    if paged:
        sheet.y += 20
        sheet.draw_text(
            sheet.left,
            sheet.y - 5,
            fitted(block["caption"], 13, sheet.room, bold=True),
            13,
            "muted",
            bold=True,
        )
    shown = rows[: _ROWS + 1] if paged else rows[: _CLASSIC + 1]
    starts = _columns(shown, sheet.room)
    sheet.box(sheet.left, sheet.y, sheet.room, 26 * len(shown), line="line", round=6)
    for place, row in enumerate(shown):
        if place:
            sheet.box(sheet.left, sheet.y, sheet.room, 1, fill="line", round=0)
        for (start, end), text in zip(pairwise(starts), row, strict=True):
            room, ink = end - start - 16, "ink" if place else "muted"
            sheet.draw_text(
                sheet.left + start + 8,
                sheet.y + 18,
                fitted(text, 13, room, bold=not place),
                13,
                ink,
                bold=not place,
            )
        sheet.y += 26
    if (more := len(rows) - len(shown)) > 0:
        sheet.draw_text(RIGHT, sheet.y + 16, f"{more} more rows", 12, "muted", end=True)
        sheet.y += 18


def _columns(rows: Sequence[Sequence[str]], room: float) -> list[float]:
    """Returns the start of each column and the end of the last.

    Each column is as wide as its longest cell. If there is not enough room, the widest columns
    shrink; otherwise all are stretched.
    """
    need = [max(wide(row[n], 13, bold=True) for row in rows) + 20 for n in range(len(rows[0]))]
    most = _most(need, room)
    shown = [min(one, most) for one in need]
    return [0.0, *accumulate(one * room / sum(shown) for one in shown)]


def _most(need: Sequence[float], room: float) -> float:
    """Returns the maximum width of a column at which all columns fit; narrower ones keep theirs."""
    for place, one in enumerate(ordered := sorted(need)):
        share = (room - sum(ordered[:place])) / (len(need) - place)
        if one > share:
            return share
    return max(need)


def _chart(sheet: Sheet, block: Block) -> None:
    chart, high = block["chart"], 110.0
    sheet.y += 20
    sheet.draw_text(sheet.left, sheet.y - 5, block["title"], 13, "muted", bold=True)
    sheet.box(sheet.left, sheet.y, sheet.room, high + 46, line="line", round=6)
    values = [[point["value"] for point in series["data"]] for series in chart["series"]]
    top = max((value for some in values for value in some), default=0)
    for place, (series, some, ink) in enumerate(
        zip(chart["series"], values, ("critical", "high"), strict=False)
    ):
        drawn = charts.area([*some], sheet.room - 100, high * max(some) / top if top else high)
        base = sheet.y + 12 + high - (high * max(some) / top if top else high)
        sheet.paths += [
            {"x": sheet.left + 16, "y": base, "path": line, "ink": ink} for line in drawn.lines
        ]
        sheet.draw_text(
            RIGHT - 76,
            sheet.y + 24 + place * 20,
            f"{series['name']} {some[-1]:,}",
            12,
            ink,
            bold=True,
        )
    labels = chart["axis_config"]["categories"]
    sheet.draw_text(sheet.left + 16, sheet.y + high + 36, labels[0], 12, "muted")
    sheet.draw_text(RIGHT - 84, sheet.y + high + 36, labels[-1], 12, "muted", end=True)
    sheet.y += high + 48


_BLOCKS: Mapping[str, Callable[[Sheet, Block], None]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "table": _table,
    "data_table": _table,
    "data_visualization": _chart,
}
