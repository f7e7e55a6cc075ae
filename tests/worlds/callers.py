"""What a limited caller sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.worlds.check import (
    Check,
    Untruth,
    described,
    number,
)
from tests.worlds.days import due
from tests.worlds.truth import Scope
from tests.worlds.verdicts import verdict

from sre_findings.model.access import ALL, Access
from sre_findings.questions.catalogue import (
    Changes,
    CoverageGaps,
    FindingList,
    Sla,
    Summary,
    Trend,
)
from sre_findings.questions.question import Question


def access(check: Check) -> Iterator[Untruth]:
    """A limited caller sees the numbers of its rows, no more certainty, and nothing of others."""
    night, whole = check.night, check.sources
    accounts = sorted({place.account for place in night.owners})
    owners = sorted(set(night.owners.values()) - {""})
    limits = [*(Scope(account=one) for one in accounts), *(Scope(owner=one) for one in owners)]
    check.rng.shuffle(limits)
    for scope in check.some(limits):
        allowed = Access(frozenset({scope.account or ALL}), frozenset({scope.owner or ALL}))
        check.sources = whole.seen_by(allowed)
        try:
            yield from _limited(check, scope)
        finally:
            check.sources = whole


_QUESTIONS: tuple[Question[Any], ...] = (
    Summary(),
    FindingList(count=0),
    Trend(),
    Sla(),
    Changes(count=0),
    CoverageGaps(),
)


def _limited(check: Check, scope: Scope) -> Iterator[Untruth]:
    night = check.night
    mine = {place for one in (*check.past, night) for place in one.places(scope)}
    for question in _QUESTIONS:
        answer = check.ask(question)
        if answer is None:
            continue
        true = number(night.counts(scope))
        total = _total(question.name, answer, true)
        if total != true and (question.name == "summary" or answer.known):
            yield check.untruth(
                f"a limited caller's {question.name} counts",
                f"{described(question)} of {scope}",
                total,
                true,
            )
        if question.name == "summary":
            yield from verdict(
                check,
                scope,
                f"{described(question)} of a caller limited to {scope}",
                answer.verdict.verdict,
                answer.proof.sure,
            )
        text = str(answer.to_json())
        for place in night.owners:
            if (
                place not in mine
                and place.id in text
                and not any(place in one.places for one in night.within(scope))
            ):
                yield check.untruth(
                    "a limited caller sees a resource of others",
                    f"{described(question)} of {scope}",
                    place.id,
                    "hidden",
                )
        for account in {
            place.account
            for place in night.owners
            if scope.account and place.account != scope.account
        }:
            if account in text:
                yield check.untruth(
                    "a limited caller sees an account of others",
                    f"{described(question)} of {scope}",
                    account,
                    "hidden",
                )


def _total(name: str, answer: Any, true: int) -> int:
    """The number of open findings in an answer; the true one if it has none."""
    if name == "summary":
        return int(answer.rollup.counts.total)
    if name == "sla":
        return due(answer.summary)
    return int(answer.total) if name == "findings" else true
