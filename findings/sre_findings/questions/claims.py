"""Queries about claims: the list, and the only one that changes something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.questions.question import ListQuestion, Question

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.claims import ClaimsAnswer, TakenAnswer


@dataclass(frozen=True, slots=True)
class Claims(ListQuestion["ClaimsAnswer"]):
    """The claims of open findings, those that end first at the top, with the lapsed ones.

    ``count`` claims are listed (0: all).
    """

    name = "claims"
    list_name = "claims"

    count: int = 25


@dataclass(frozen=True, slots=True)
class Take(Question["TakenAnswer"]):
    """Takes a finding for the caller until a day, moves the day, or gives the finding back.

    ``resource_id`` can also be a name. ``until`` is a date, ``7d`` or ``tomorrow``. With
    ``release`` it is not used.
    """

    name = "take"

    resource_id: str
    vulnerability_id: str
    until: str = ""
    release: bool = False
