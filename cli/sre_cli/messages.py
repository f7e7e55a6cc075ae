"""Sentences of commands on stderr and stdout, each one line, or wrapped to a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

import click


def tell(text: object) -> None:
    """Prints a message on stderr, after the name of the program."""
    tell_as_is(f"sre-cli: {text}")


def tell_as_is(text: object) -> None:
    """Prints a message on stderr, without control characters; wrapped if that is a terminal."""
    click.echo(_fitted(str(text), sys.stderr), err=True)


def say(text: object) -> None:
    """Prints a result on stdout, without control characters; wrapped if that is a terminal."""
    click.echo(_fitted(str(text), sys.stdout))


def _fitted(text: str, stream: TextIO) -> str:
    from sre_cli.render.terminal import columns
    from sre_cli.render.wrapping import labelled

    indent = text[: len(text) - len(text.lstrip(" "))]
    return "\n".join(labelled(indent, text[len(indent) :], columns(stream)))
