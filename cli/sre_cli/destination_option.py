"""The file or folder that a command writes: -f, with a long name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from sre_cli.messages import tell

F = TypeVar("F", bound=Callable[..., Any])


def destination_option(long: str, name: str, **rest: Any) -> Callable[[F], F]:
    """Adds -f and its long name, and -o, which meant a file until 0.1 and is a format elsewhere."""

    old = f"old_{name}"

    def decorated(function: F) -> F:
        @click.option("-f", long, name, **rest)
        @click.option("-o", old, type=rest["type"], hidden=True)
        @wraps(function)
        def with_destination(**given: Any) -> Any:
            deprecated = given.pop(old)
            if deprecated is not None:
                tell(f"-o is deprecated here and will be removed: use -f or {long}.")
                given[name] = deprecated
            return function(**given)

        return with_destination  # type: ignore[return-value]  # the wrapper adds options and passes the rest on unchanged

    return decorated
