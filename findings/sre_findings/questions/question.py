"""The base class of every query, with its name and the type of its answer."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

A_co = TypeVar("A_co", covariant=True)


class Question(Generic[A_co]):
    """A query whose answer is an ``A``. Subclasses are frozen dataclasses.

    ``name`` is the name of the command.
    """

    __slots__ = ()
    name: ClassVar[str]
