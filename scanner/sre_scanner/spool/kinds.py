"""Kinds of findings: the combinations of their enumerated fields, each with a number."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """The enumerated fields of a finding and the head of its ARN.

    A large organization has a few hundred kinds.
    """

    account_id: str | None
    type: str | None
    severity: str | None
    status: str | None
    fix_available: str | None
    exploit_available: str | None
    arn_head: str


class Kinds(dict[tuple[str | None, ...], int]):
    """Numbers of kinds, in order of first appearance."""

    def __missing__(self, key: tuple[str | None, ...]) -> int:
        self[key] = number = len(self)
        return number

    def in_order(self) -> list[Kind]:
        """Returns all kinds, by number."""
        return [Kind._make(key) for key in self]
