"""Shapes of a request, as constraints to check: a small part of a Coral model."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sre_simulator.errors import Invalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EARLIEST = 0.0
LATEST = 1988150400.0  # 2033-01-01: later dates are refused (elastic/integrations #19144)


class Shape(Protocol):
    """A constraint on a member."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yields the problems of a value.

        Raises Invalid for a value of the wrong JSON type, as a parser would.
        """
        ...


def _typed(value: object, kinds: type | tuple[type, ...], path: str, wanted: str) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise Invalid(f"Value at '{path}' can not be converted to {wanted}", "CANNOT_PARSE")


@dataclass(frozen=True, slots=True)
class Text:
    """A string with limits on its length, an enumeration, or a pattern."""

    least: int = 0
    most: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Checks length, enumeration and pattern."""
        _typed(value, str, path, "a String")
        if self.pattern and not re.fullmatch(self.pattern, value):
            yield Problem(path, f"Member must satisfy regular expression pattern: {self.pattern}")
        if self.choices and value not in self.choices:
            yield Problem(path, f"Member must satisfy enum value set: [{', '.join(self.choices)}]")
        if len(value) < self.least:
            yield Problem(path, f"Member must have length greater than or equal to {self.least}")
        if self.most is not None and len(value) > self.most:
            yield Problem(path, f"Member must have length less than or equal to {self.most}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with limits; an integer unless fractions are allowed."""

    least: float | None = None
    most: float | None = None
    fraction: bool = False

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Checks the limits."""
        _typed(
            value,
            (int, float) if self.fraction else int,
            path,
            "a Double" if self.fraction else "an Integer",
        )
        if self.least is not None and value < self.least:
            yield Problem(path, f"Member must have value greater than or equal to {self.least:g}")
        if self.most is not None and value > self.most:
            yield Problem(path, f"Member must have value less than or equal to {self.most:g}")


@dataclass(frozen=True, slots=True)
class Moment:
    """An epoch timestamp as a JSON number, from 1970 up to 2033."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Checks the range that the service accepts."""
        _typed(value, (int, float), path, "a Timestamp")
        if not EARLIEST <= value < LATEST:
            yield Problem(
                path,
                "Member must be between 1970-01-01T00:00:00Z (inclusive) and 2033-01-01T00:00:00Z"
                " (exclusive)",
            )


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yields no problems beyond the type."""
        _typed(value, bool, path, "a Boolean")
        return iter(())


@dataclass(frozen=True, slots=True)
class Several:
    """A list with limits on its length."""

    of: Shape
    least: int | None = None
    most: int | None = None

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Checks the length and each member."""
        _typed(value, list, path, "a List")
        if self.least is not None and len(value) < self.least:
            yield Problem(path, f"Member must have length greater than or equal to {self.least}")
        if self.most is not None and len(value) > self.most:
            yield Problem(path, f"Member must have length less than or equal to {self.most}")
        for place, each in enumerate(value, 1):
            yield from self.of.problems(each, f"{path}.{place}.member")


@dataclass(frozen=True, slots=True)
class Members:
    """A structure.

    Unknown members are ignored, as in AWS's JSON services. A union takes one member.
    """

    of: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    union: bool = field(default=False)

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Checks that required members are present, and checks each member."""
        _typed(value, dict, path, "a Structure")
        prefix = f"{path}." if path else ""
        present = {name: each for name, each in value.items() if each is not None}
        for name in self.required:
            if name not in present:
                yield Problem(prefix + name, "Member must not be null")
        if self.union and sum(name in self.of for name in present) != 1:
            yield Problem(path, "Member must have exactly one of its members set")
        for name, each in present.items():
            if name in self.of:
                yield from self.of[name].problems(each, prefix + name)
