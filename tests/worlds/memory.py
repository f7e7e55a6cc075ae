"""What was said of a snapshot stays what it was, whatever later nights bring."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.worlds.check import Check, Untruth

from sre_findings.questions.catalogue import (
    CACHED,
    CoverageGaps,
    FindingList,
    Sla,
    Summary,
    Trend,
    Vulnerabilities,
)
from sre_findings.questions.question import Question

_AGES = ("age_seconds",)  # what only tells the time that has passed


class Memory:
    """The answers about each snapshot, from the night on which it was made."""

    def __init__(self) -> None:
        self._answers: dict[Question[Any], str] = {}

    def pass_night(self, check: Check) -> Iterator[Untruth]:
        """Compares some earlier answers with those of today, and then remembers more."""
        for question, before in check.some(self._answers.items()):
            if (now := _answer(check, question)) != before:
                yield check.untruth(
                    f"{question.name} as of then changed",
                    question,
                    _apart(now, before),
                    _apart(before, now),
                )
        self._answers |= {question: _answer(check, question) for question in _questions(check)}


def _questions(check: Check) -> Iterator[Question[Any]]:
    at = check.night.snapshot_id
    yield Summary(by=check.rng.choice(("owner", "account", "region", "type", "resource")), as_of=at)
    yield FindingList(count=0, as_of=at)
    yield CoverageGaps(as_of=at)
    if not check.night.inspector.happens("store"):  # the table may be filled later
        yield Sla(by=check.rng.choice(("owner", "account", "region", "type")), as_of=at)
        yield Trend(as_of=at)
    for place in list(check.night.owners)[:1]:
        yield Vulnerabilities(place.id, source=CACHED, as_of=at)


def _answer(check: Check, question: Question[Any]) -> str:
    answer = check.ask(question)
    values = answer.to_json() if answer is not None else {"refused": True}
    return json.dumps(
        {name: one for name, one in values.items() if name not in _AGES}, sort_keys=True
    )


def _apart(one: str, other: str) -> str:
    """The part of a text that another does not have."""
    values, others = json.loads(one), json.loads(other)
    return str({name: value for name, value in values.items() if others.get(name) != value})[:400]
