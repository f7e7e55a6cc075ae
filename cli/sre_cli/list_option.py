"""Options with several values, repeated or as a list: ``-s critical,high``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import click


class ListOption(click.Option):
    """A repeatable option that also takes several values with commas between them.

    A value that contains a comma is written in double quotes, as in CSV.
    """

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Returns the parsed values; the empty tuple if the option is not given."""
        values = None if value is None else self._split(ctx, value)
        return super().type_cast_value(ctx, values)

    def _split(self, ctx: click.Context, values: Iterable[str]) -> list[str]:
        parts: list[str] = []
        for text in values:
            several = _parts(text) if "," in text else [text]
            if "," in text and not all(several):
                why = f"{text!r} is not a list: an empty value or an open quote."
                raise click.BadParameter(why, ctx=ctx, param=self)
            parts += several
        return parts


def _parts(text: str) -> list[str]:
    """Returns the values of a list; an empty value if it cannot be parsed."""
    import csv  # late: few calls have a list

    try:
        row = next(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error:
        return [""]
    return [part.strip() for part in row]


list_option = partial(click.option, cls=ListOption, multiple=True)
