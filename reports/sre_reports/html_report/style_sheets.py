"""The style sheets of pages, without comments and space that browsers do not need.

A page embeds its style sheet and its font, so that every reader sees the same layout.
"""

from __future__ import annotations

import base64
import functools
import re
from importlib import resources

from sre_reports.pictures import palette

_FONTS = {"Inter-Regular": "400", "Inter-SemiBold": "500 900"}  # with their weights
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s*([{};,])\s*")  # where space has no meaning, also not in our strings


@functools.cache
def rules(*names: str) -> str:
    """Returns the font, the colours and the rules of these files, in their order."""
    folder = resources.files("sre_reports") / "templates" / "style"
    files = "".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in names)
    return _faces() + dense(_themes() + files)


def dense(css: str) -> str:
    """Returns the same rules in fewer bytes."""
    spaceless = _SPACE.sub(r"\1", _COMMENT.sub("", css)).strip()
    return re.sub(r":\s+", ":", spaceless).replace(";}", "}")


def _themes() -> str:
    """Returns the colours: light or dark as the reader's system or choice says, light in print."""
    light, dark = palette.variables(palette.LIGHT), palette.variables(palette.DARK)
    return (
        f":root {{ {light} }} @media screen and (prefers-color-scheme: dark) {{"
        f" :root:not([data-theme=light]) {{ {dark} }} }}"
        f" @media screen {{ :root[data-theme=dark] {{ {dark} }} }}"
    )


def _faces() -> str:
    return "".join(_face(name, weights) for name, weights in _FONTS.items())


def _face(name: str, weights: str) -> str:
    body = (resources.files("sre_reports") / "fonts" / f"{name}.woff2").read_bytes()
    data = base64.b64encode(body).decode("ascii")
    return (
        f"@font-face{{font-family:Inter;font-weight:{weights};"
        f"src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
    )
