"""Renders picture templates to SVG and PNG, with Jinja and resvg.

Only the bundled fonts are used, so pictures are the same on every machine.
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
_AMBER = {"alarm": "#fdf0d0", "warn": "#7a4b00"}  # background and text
COLOURS = {**LIGHT, **_AMBER} | dict.fromkeys(
    ("informational", "untriaged", "other"), LIGHT["info"]
)


def svg(template: str, **values: object) -> str:
    """Returns the picture as SVG. Values are escaped and limited to the letters of the font."""
    return _environment().get_template(template).render(**values)


def png(picture: str) -> bytes:
    """Returns the picture as PNG, scaled by ZOOM.

    Raises UsageError if resvg-py is not installed.
    """
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
    """Filters every value that a template prints."""
    return (
        font.face(font.REGULAR).drawable(value)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _file(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
