"""The base of every question: what it is called, and which type its answer has."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

A_co = TypeVar("A_co", covariant=True)


class Question(Generic[A_co]):
    """Something that can be asked, and is answered by an ``A``. Subclasses are frozen dataclasses.

    ``name`` is that of the command.
    """

    __slots__ = ()
    name: ClassVar[str]
