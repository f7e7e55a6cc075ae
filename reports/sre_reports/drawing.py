"""From a picture's template to its PNG: the one place that knows Jinja and resvg of pictures.

A picture is drawn with the fonts that are shipped and nothing else of the machine, so that it is the same everywhere.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from sre_findings.model.errors import UsageError
from sre_reports import font

if TYPE_CHECKING:
    from jinja2 import Environment

WIDTH, HEIGHT, ZOOM = 1200, 630, 2
# The palette of the pages, light: text is readable on both surfaces, and severities differ without colour in lightness.
PALETTE = {
    "paper": "#f6f7f9", "panel": "#ffffff", "edge": "#dfe3e9", "ink": "#14181f", "muted": "#55606e", "good": "#136c3a",
    "bad": "#a8122b", "warn": "#7a4b00", "alarm": "#fdf0d0", "link": "#1858b8", "critical": "#75061c", "high": "#ad411c",
    "medium": "#ba7f14", "low": "#3977a8", "informational": "#6b7280", "untriaged": "#6b7280", "other": "#6b7280",
}  # fmt: skip


def svg(template: str, **values: object) -> str:
    """The picture as SVG. Whatever the template prints is drawable text, escaped."""
    return _environment().get_template(template).render(**values)


def png(picture: str) -> bytes:
    """The picture as PNG, ZOOM times as large. Raises UsageError where resvg-py is not installed."""
    try:
        import resvg_py  # noqa: PLC0415 - of an extra of its own, only for who draws
    except ModuleNotFoundError as error:
        do = "Run: pip install 'sre-operations-assistant[cards]'"
        raise UsageError("pictures cannot be drawn", why="resvg-py is not installed", do=do) from error
    with ExitStack() as stack:
        files = [str(stack.enter_context(resources.as_file(font.file(name)))) for name in (font.REGULAR, font.SEMIBOLD)]
        drawn = resvg_py.svg_to_bytes(
            svg_string=picture, zoom=ZOOM, font_files=files, font_family="Inter", skip_system_fonts=True
        )
    return bytes(drawn)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - 90 ms, only for who draws

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_drawable, trim_blocks=True, lstrip_blocks=True,
        loader=FunctionLoader(_file),
    )  # fmt: skip
    regular, semibold = font.face(font.REGULAR), font.face(font.SEMIBOLD)
    environment.filters["fit"] = lambda text, size, width, bold=False: (semibold if bold else regular).fitted(text, size, width)
    environment.filters["wide"] = lambda text, size, bold=False: (semibold if bold else regular).width(text, size)
    environment.filters["thousands"] = "{:,}".format
    environment.globals |= {"colour": PALETTE, "width": WIDTH, "height": HEIGHT}
    return environment


def _drawable(value: object) -> object:
    """Runs over every value that a template prints, so that none can slip past."""
    return font.face(font.REGULAR).drawable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _file(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
