"""The base classes of every query, with its name and the type of its answer."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, cast

from sre_findings.model.errors import NoSnapshot

A_co = TypeVar("A_co", covariant=True)


class Question(Generic[A_co]):
    """A query whose answer is an ``A``. Subclasses are frozen dataclasses.

    ``name`` is the name of the command.
    """

    __slots__ = ()
    name: ClassVar[str]

    def without_snapshot(self) -> A_co:
        """The answer if there is no snapshot. Raises NoSnapshot if the query needs one."""
        raise NoSnapshot


class ListQuestion(Question[A_co]):
    """A query whose answer is a list. ``list_name`` is the name of the list in the answer."""

    __slots__ = ()
    list_name: ClassVar[str]

    def without_snapshot(self) -> A_co:
        """See Question. The list is empty, and not known."""
        from sre_findings.model.answers.list_answer import no_snapshot

        return cast("A_co", no_snapshot(self.list_name))
