"""The same number for the same question, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.worlds.check import (
    Check,
    Untruth,
    described,
    filters,
    said,
    scopes,
    shown,
    tolerated,
)
from tests.worlds.truth import OFF, PROOF, UNREAD, Night, Open, Place, Scope
from tests.worlds.verdicts import passed, verdict, why_not

from sre_cli.exit_codes import of_resource, of_summary
from sre_findings.model.answers.gate import Gate
from sre_findings.model.findings.severity import parse
from sre_findings.questions.catalogue import (
    CACHED,
    CoverageGaps,
    Exposure,
    FindingList,
    Summary,
    Vulnerabilities,
)
from sre_findings.questions.question import Question

GATES = ("critical", "low")
BY = ("account", "region", "owner", "type")


def summaries(check: Check) -> Iterator[Untruth]:
    """Counts, groups, verdicts and gates of the summary."""
    for scope in check.some(one for one in scopes(check.night) if one == Scope() or one.owner):
        question = Summary(owners=(scope.owner,) if scope.owner else ())
        answer = check.ask(question)
        if answer is None:
            if check.night.within(scope):
                yield check.untruth("summary refuses a scope", question, "no such owner", scope)
            continue
        true = check.night.counts(scope)
        if said(answer.rollup.counts) != true:
            yield check.untruth(
                "summary counts" + (" of an owner" if scope.owner else ""),
                question,
                said(answer.rollup.counts),
                true,
            )
        yield from verdict(check, scope, question, answer.verdict.verdict, answer.proof.sure)
        for gate in GATES:
            if of_summary(answer, Gate(parse(gate))) == 0:
                yield from passed(check, scope, f"{described(question)} --fail-on {gate}", gate)
    for by in check.some((*BY, "resource")):
        yield from groups(check, by)


def groups(check: Check, by: str) -> Iterator[Untruth]:
    answer = check.ask(Summary(by=by))
    assert answer is not None
    night = check.night
    true = {}
    for place, owner in night.owners.items():
        value = {
            "account": place.account,
            "region": place.region,
            "owner": owner,
            "type": place.type,
            "resource": place.id,
        }[by]
        scope = (
            Scope(owner=owner)
            if by == "owner"
            else Scope(**{"id" if by == "resource" else by: value})
        )
        true[value] = night.counts(scope)
    told = {one.value: said(one.rollup.counts) for one in answer.groups}
    for value in {*true, *told}:
        if told.get(value, {}) != true.get(value, {}):
            kind = "a ghost in groups" if not true.get(value) else "summary counts of a group"
            yield check.untruth(
                f"{kind} by {by}",
                f"Summary(by={by!r}): {value!r}",
                told.get(value, {}),
                true.get(value, {}),
            )


def resources(check: Check) -> Iterator[Untruth]:
    """Counts, lists, verdicts and gates of each resource, also of those that are gone."""
    night = check.night
    ids = {place.id: place for one in (*check.past, night) for place in one.owners}
    for resource_id, place in check.some(ids.items()):
        question, scope = (
            Vulnerabilities(resource_id, source=CACHED, count=0),
            Scope(id=resource_id),
        )
        answer = check.ask(question)
        if answer is None:
            yield check.untruth("a resource is refused", question, "refused", place)
            continue
        true = night.counts(scope)
        if said(answer.rollup.counts) != true:
            yield check.untruth("counts of a resource", question, said(answer.rollup.counts), true)
        arns = sorted(one.finding_arn for one in answer.findings)
        if arns != sorted(one.arn for one in night.within(scope) if one.status == "ACTIVE"):
            yield check.untruth("list of a resource", question, arns, true)
        if len(arns) != answer.rollup.counts.total:
            yield check.untruth(
                "a resource has a count and another list",
                question,
                f"{answer.rollup.counts.total} counted",
                f"{len(arns)} listed",
            )
        exact = Scope(None, *place)
        yield from verdict(check, exact, question, answer.verdict.verdict, answer.proof.sure)
        for gate in GATES:
            if of_resource(answer, Gate(parse(gate))) == 0:
                yield from passed(check, exact, f"{described(question)} --fail-on {gate}", gate)


def lists(check: Check) -> Iterator[Untruth]:
    """Lists of findings with filters, and where a vulnerability is."""
    night = check.night
    for scope in check.some(scopes(night)):
        yield from listed(
            check,
            scope,
            FindingList(count=0, filters=filters(scope), types=(scope.type,) if scope.type else ()),
            night.within(scope),
        )
    gone = [one for before in check.past[-1:] for one in before.open]
    for one in check.some(sorted({*night.open, *gone}, key=lambda o: o.arn))[:3]:
        for scope in [s for s in scopes(night) if not s.type and s in around(night, one)]:
            same = [
                o for o in night.within(scope) if o.subject == one.subject and o.status == "ACTIVE"
            ]
            answer = check.ask(Exposure(one.subject, count=0, filters=filters(scope)))
            total = answer.summary["open"] if answer and answer.summary else "no such place"
            if answer and not total and answer.known and answer.proof.sure and night.unread(scope):
                unread = shown(night.unread(scope))
                yield check.untruth(
                    "where is sure though unread",
                    f"Exposure({one.subject!r}) of {scope}",
                    "none, known",
                    f"not read: {unread}",
                )
            if total != len(same):
                kind = "where counts" + (" of an owner" if scope.owner else "")
                yield check.untruth(kind, f"Exposure({one.subject!r}) of {scope}", total, len(same))


def around(night: Night, one: Open) -> list[Scope]:
    owners = [night.owners[place] for place in one.places if night.owners.get(place)]
    first = one.places[0]
    return [
        Scope(),
        *(Scope(owner=owner) for owner in owners),
        Scope(account=first.account),
        Scope(region=first.region),
    ]


def listed(
    check: Check, scope: Scope, question: Question[Any], true: Sequence[Open]
) -> Iterator[Untruth]:
    answer = check.ask(question)
    if scope.owner == "":
        return  # no filter selects resources without an owner
    open_ones = [one for one in true if one.status == "ACTIVE"]
    if answer is None:
        if open_ones:
            yield check.untruth("a list refuses a scope", question, "refused", scope)
        return
    if answer.total != len(open_ones):
        kind = "list counts" + (" of an owner" if scope.owner else "")
        yield check.untruth(kind, question, answer.total, len(open_ones))
    unread = [cell for cell in check.night.unread(scope) if not tolerated(check.night, cell)]
    if answer.known and answer.proof.sure and unread:
        yield check.untruth(
            "a list is sure though unread",
            question,
            f"known, {answer.total}",
            f"not read: {shown(unread)}",
        )


def coverage(check: Check) -> Iterator[Untruth]:
    """What is scanned."""
    answer = check.ask(CoverageGaps())
    assert answer is not None
    places = {place for place, rows in check.night.rows.items() if rows}
    total = answer.scanned + len(
        {(g.account_id, g.region, g.resource_type, g.resource_id) for g in answer.gaps}
    )
    # A resource that only findings name is not covered, and may be listed as that.
    if not len(places) <= total <= len({*places, *check.night.owners}):
        yield check.untruth("coverage counts", CoverageGaps(), total, len(places))
    gone = {place for place in places if not check.night.proven(place) and place.type in PROOF}
    missing = gone - {
        Place(g.account_id, g.region, g.resource_type, g.resource_id) for g in answer.gaps
    }
    off = {
        p
        for p in missing
        if any(how in (OFF, UNREAD) for cell, how in check.night.cells.items() if cell[:3] == p[:3])
    }
    if missing - off:
        place = min(missing - off)
        yield check.untruth(
            "coverage has no gap for what is not scanned",
            CoverageGaps(),
            "no gap",
            f"{place} {why_not(check.night, place)}",
        )
