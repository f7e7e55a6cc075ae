"""The layout of ``--help``: fits the terminal, and breaks no option, id or number from its noun."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from sre_cli.number_spacing import glued

_HYPHEN, _SPACE = "\u2011", "\xa0"  # textwrap does not break at them
_COMMAND = re.compile(r"\s*(?:[A-Z_]+=\S+ )*sre-cli ")  # to be copied: never broken


class HelpFormatter(click.HelpFormatter):
    """click's formatter, which would break lines at hyphens and leave blocks as they are."""

    def write_text(self, text: str) -> None:
        """Writes paragraphs, and blocks with ``\\b``, whose long lines are wrapped too."""
        start = len(self.buffer)
        super().write_text(_unbroken(text))
        lines = "".join(self.buffer[start:]).splitlines(keepends=True)
        self.buffer[start:] = [_plain(self._fitted(line)) for line in lines]

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Writes options or commands, each with its text beside it."""
        start = len(self.buffer)
        fitted = [(self._choices(name), _unbroken(text)) for name, text in rows]
        super().write_dl(fitted, col_max, col_spacing)
        self.buffer[start:] = map(_plain, self.buffer[start:])

    def _choices(self, name: str) -> str:
        """Returns the name of an option; if its choices are too long, on more lines."""
        if len(name) <= self.width:
            return name
        import textwrap

        lines = textwrap.wrap(_unbroken(name).replace("|", "| "), self.width - self.current_indent)
        return f"\n{'':6}".join(line.replace("| ", "|") for line in lines)

    def _fitted(self, line: str) -> str:
        """Returns a line of a block; if it is too long, below its last column."""
        if len(line) <= self.width + 1 or _COMMAND.match(_plain(line)):
            return line
        import textwrap

        column = max((gap.end() for gap in re.finditer(r"^ +| {2,}", line)), default=0)
        return textwrap.fill(line.rstrip(), self.width, subsequent_indent=" " * column) + "\n"


class HelpContext(click.Context):
    """A context with this layout."""

    formatter_class = HelpFormatter


def _unbroken(text: str) -> str:
    return glued(text.replace("-", _HYPHEN), _SPACE)


def _plain(text: str) -> str:
    return text.replace(_HYPHEN, "-").replace(_SPACE, " ")
