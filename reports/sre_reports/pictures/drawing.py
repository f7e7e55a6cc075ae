"""From a picture's template to its PNG: the one place that knows Jinja and resvg of pictures.

A picture is drawn with the fonts that are shipped and nothing else of the machine, so that it is
the same everywhere.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from sre_findings.model.errors import UsageError
from sre_reports.pictures import font
from sre_reports.pictures.palette import LIGHT

if TYPE_CHECKING:
    from jinja2 import Environment

WIDTH, HEIGHT, ZOOM = 1200, 630, 2
_AMBER = {"alarm": "#fdf0d0", "warn": "#7a4b00"}  # a ground, and the words that stand on it
COLOURS = {**LIGHT, **_AMBER} | dict.fromkeys(
    ("informational", "untriaged", "other"), LIGHT["info"]
)


def svg(template: str, **values: object) -> str:
    """The picture as SVG. Whatever the template prints is drawable text, escaped."""
    return _environment().get_template(template).render(**values)


def png(picture: str) -> bytes:
    """The picture as PNG, ZOOM times as large. Raises UsageError where resvg-py is not
    installed."""
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        do = "Run: pip install 'sre-operations-assistant[cards]'"
        raise UsageError(
            "pictures cannot be drawn", why="resvg-py is not installed", do=do
        ) from error
    with ExitStack() as stack:
        files = [
            str(stack.enter_context(resources.as_file(font.file(name))))
            for name in (font.REGULAR, font.SEMIBOLD)
        ]
        drawn = resvg_py.svg_to_bytes(
            svg_string=picture,
            zoom=ZOOM,
            font_files=files,
            font_family="Inter",
            skip_system_fonts=True,
        )
    return bytes(drawn)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_drawable,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_file),
    )
    regular, semibold = font.face(font.REGULAR), font.face(font.SEMIBOLD)
    environment.filters["fit"] = lambda text, size, width, bold=False: (
        semibold if bold else regular
    ).fitted(text, size, width)
    environment.filters["wide"] = lambda text, size, bold=False: (
        semibold if bold else regular
    ).width(text, size)
    environment.filters["thousands"] = "{:,}".format
    environment.globals |= {"colour": COLOURS, "width": WIDTH, "height": HEIGHT}
    return environment


def _drawable(value: object) -> object:
    """Runs over every value that a template prints, so that none can slip past."""
    return (
        font.face(font.REGULAR).drawable(value)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _file(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
