"""The checks as text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sre_cli.doctor.check import FAILED, OK, UNKNOWN, WARNING, Check, headline
from sre_cli.render.sentences import text_of
from sre_cli.render.terminal import printable, styled
from sre_cli.render.wrapping import labelled, wrapped

_TITLES = Check("Check", "State", "Detail")
_STYLES = {OK: "good", WARNING: "warn", UNKNOWN: "warn", FAILED: "bad"}
_INDENT = "   "
_COMMAND = re.compile(r"(.*:) ((?:aws|sre-cli|/invite) .*)")


def render(checks: Sequence[Check], width: int | None, colour: int) -> str:
    """Returns the headline and one row for each check, each with its remedy below.

    A command of a remedy has a line of its own, not wrapped, so that it can be copied.
    """
    return text_of(_lines(checks, width, colour))


def _lines(checks: Sequence[Check], width: int | None, colour: int) -> Iterator[str]:
    first, *rest = wrapped(headline(checks), width)
    yield styled(first, "strong", colour)
    yield from rest
    yield ""
    names = max(len(one.what) for one in (*checks, _TITLES))
    for one in (_TITLES, *checks):
        yield from _check(one, names, width, colour)


def _check(one: Check, names: int, width: int | None, colour: int) -> Iterator[str]:
    name, state = f"{printable(one.what):{names}}  ", f"{one.state:7}  "
    first, *rest = labelled(name + state, one.detail, width)
    style = "muted" if one is _TITLES else _STYLES.get(one.state, "muted")
    yield name + styled(state, style, colour) + first[len(name + state) :]
    yield from rest
    if one.remedy:
        yield from (_INDENT + styled(line, "muted", colour) for line in _remedy(one.remedy, width))


def _remedy(text: str, width: int | None) -> list[str]:
    room = None if width is None else width - len(_INDENT)
    command = _COMMAND.fullmatch(printable(text)) if room and len(text) > room else None
    if command:
        return [*wrapped(command[1], room), f"$ {command[2]}"]
    return wrapped(text, room)
