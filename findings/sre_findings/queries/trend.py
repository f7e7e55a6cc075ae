"""The trend of a scope: its counts by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import UsageError
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.snapshots.rollup import (
    OPENED_CAUSES,
    ORGANIZATION,
    RESOLVED_CAUSES,
    Rollup,
    Scope,
    check_kind,
    resource_scope,
)
from sre_findings.model.snapshots.states import COMPLETE, PARTIAL
from sre_findings.model.sql_parameters import is_unassigned
from sre_findings.model.text import joined, phrase
from sre_findings.model.timestamps import iso, iso_date
from sre_findings.queries import resource_lookup
from sre_findings.questions.history import Trend
from sre_findings.sources import rollup_counts
from sre_findings.sources.comparability import UNREAD, not_compared, not_read, reading
from sre_findings.sources.places import within
from sre_findings.sources.sources import Found, Sources, find, proof_of
from sre_findings.store.records.rollup_history import Night
from sre_findings.store.snapshots.pruning import pruned_sequences

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.trend import OtherSeverities, TrendAnswer, TrendDay, TrendFacts

_SHOWN = (
    Shown("date", "Date"),
    *(
        Shown(name, name.capitalize(), "number")
        for name in ("critical", "high", "medium", "low", "total")
    ),
    Shown("came", "New", "number"),
    Shown("went", "Resolved", "number"),
    Shown("kev", "KEV", "number"),
    Shown("state", "State"),
)


def trend(question: Trend, sources: Sources) -> TrendAnswer:
    """The counts of a scope by day, from the table.

    Days without a snapshot that read something of the scope are listed as missing and not filled.
    Raises UsageError if the scope does not exist.
    """
    newest = find(sources, question.as_of)
    head = newest.commit
    first = head.started_at - timedelta(days=question.days)
    scope = Scope(check_kind(question.kind), question.value)
    if (scope.kind == ORGANIZATION) != (scope.value == ""):
        raise UsageError(
            phrase(
                "a trend of kind {} has {} value",
                scope.kind,
                (phrase("no") if scope.value else phrase("a")),
            ),
            do=phrase("Example: owner=payments."),
        )
    # the name of a resource instead of its key
    if scope.kind == "resource" and scope.value.count("|") < len(_PARTS) - 1:
        one = resource_lookup.resolve(scope.value, newest.engine)
        scope = resource_scope(*(getattr(one, part) for part in _PARTS))
    place = _place(scope)
    if scope.kind == "owner" and is_unassigned(scope.value):
        scope = Scope("owner")  # as the table names it
    history = rollup_counts.history(sources, scope, head.sequence, first)
    if history is None:
        return _untold(question, newest)
    nights = history.nights
    found = _placed(scope, place, nights, newest)
    read, unread = _as_read(nights, place, sources)
    days = _daily(read)
    pruned = pruned_sequences(sources.stores.snapshots.blobs)
    other = any(rollup.counts.other for _, rollup in days)
    items = [
        _night(night, rollup, pruned=night.sequence in pruned, other=other)
        for night, rollup in days
    ]
    missing = _missing([night.started_at.date() for night, _ in days])
    summary: TrendFacts = {
        "scope": {"kind": question.kind, "value": question.value},
        "days": question.days,
        "missing_days": missing,
    }
    fields = tuple(items[0]) if items else ("date",)
    if found.proof.unread and not any(rollup.stock != Rollup() for _, rollup in nights):
        items = []  # nothing was read, so zeros would be wrong
    compared = _compared([night for night, _ in days], place, sources)
    return ListAnswer(
        _headline(items, question, compared),
        "nights",
        items,
        len(items),
        fields,
        _SHOWN,
        found.proof,
        summary,
        [*_missing_notes(missing, unread), *_pruned(items), *history.notes],
    )


_PARTS = ("account_id", "region", "resource_type", "resource_id")
_FILTERS = {"owner": "owners", "account": "accounts", "region": "regions", "type": "types"}


def _placed(
    scope: Scope, place: Place, nights: Sequence[tuple[Night, Rollup]], found: Found
) -> Found:
    """The newest snapshot, with what of the scope it did not read.

    Raises UsageError if no snapshot knows the scope.
    """
    try:
        if scope.kind == "resource":
            resource_lookup.resolve(scope.value.split("|", 3)[-1], found.engine)
            return found
        return within(found, place) if scope.kind in _FILTERS else found
    except UsageError:
        if any(rollup != Rollup() for _, rollup in nights):
            return found  # an earlier snapshot has the scope
        raise


def _untold(question: Trend, found: Found) -> TrendAnswer:
    """The answer if the table's history covers more than the caller may see. It has no counts."""
    headline = phrase("The trend of this scope is not available with restricted access.")
    notes = [
        phrase(
            "Request the history of an account or owner that you can access as a whole,"
            " or use changes."
        )
    ]
    summary: TrendFacts = {
        "scope": {"kind": question.kind, "value": question.value},
        "days": question.days,
        "missing_days": [],
    }
    return ListAnswer(
        headline, "nights", [], 0, ("date",), _SHOWN, found.proof, summary, notes, known=False
    )


def _place(scope: Scope) -> Place:
    """The place of a scope. An owner can have resources anywhere."""
    if scope.kind == "resource":
        account, region, kind, _ = scope.value.split("|", 3)
        return Place(accounts=(account,), regions=(region,), types=(kind,))
    return Place(**{_FILTERS[scope.kind]: (scope.value,)}) if scope.kind in _FILTERS else Place()


def _as_read(
    nights: Sequence[tuple[Night, Rollup]], place: Place, sources: Sources
) -> tuple[list[tuple[Night, Rollup]], set[date]]:
    """The snapshots that read something of the scope, and the days that have none.

    The state of each snapshot is that of the scope: gaps elsewhere do not matter. Findings of a
    scope whose coverage was not read are a lower bound. A snapshot that is no longer in the store
    keeps its own state.
    """
    gaps = any(night.state != COMPLETE or night.gaps for night, _ in nights)
    commits = {one.sequence: one for one in sources.stores.snapshots.commits()} if gaps else {}
    read, unread = [], set()
    for night, rollup in nights:
        one = commits.get(night.sequence) if night.state != COMPLETE or night.gaps else None
        state = reading(Found(one, proof_of(one, sources, None), sources), place) if one else ""
        if place.regions and night.regions and night.regions.isdisjoint(place.regions):
            state = UNREAD
        if state == UNREAD and not rollup.counts.total:  # a suppressed finding proves no zero
            unread.add(night.started_at.date())
        else:
            state = PARTIAL if state == UNREAD else state or night.state
            read.append((night._replace(state=state), rollup))
    return read, unread - {night.started_at.date() for night, _ in read}


def _daily(nights: Sequence[tuple[Night, Rollup]]) -> list[tuple[Night, Rollup]]:
    """The daily snapshots: the newest complete one of each day, or else the newest.

    Each has the findings opened and resolved in all snapshots of its day.
    """
    days: dict[date, list[tuple[Night, Rollup]]] = {}
    for night, rollup in nights:
        days.setdefault(night.started_at.date(), []).append((night, rollup))
    return [_one_of(some) for some in days.values()]


def _one_of(nights: Sequence[tuple[Night, Rollup]]) -> tuple[Night, Rollup]:
    night, rollup = next(
        (pair for pair in reversed(nights) if pair[0].state == COMPLETE), nights[-1]
    )
    flow: Counter[str] = Counter()
    for _, one in nights:
        flow.update(one.flow)
    return night, replace(rollup, flow=dict(flow))


def _compared(nights: Sequence[Night], place: Place, sources: Sources) -> tuple[int, str]:
    """The index of the snapshot to compare the last one with, and why it is not compared, if so.

    It is the first snapshot that read all of the scope.
    """
    if {one.state for one in nights} <= {COMPLETE} and len({one.gaps for one in nights}) < 2:
        return 0, ""
    commits = {one.sequence: one for one in sources.stores.snapshots.commits()}
    known = [commits.get(night.sequence) for night in nights]
    whole = [n for n, one in enumerate(known) if one is not None and not not_read(one, place)]
    first, last = known[whole[0]] if whole else known[0], known[-1]
    if first is None or last is None:
        return 0, "Not compared: a snapshot is no longer in the store."
    return whole[0] if whole else 0, not_compared(first, last, place)


def _night(night: Night, rollup: Rollup, *, pruned: bool, other: bool) -> TrendDay:
    """One day. Unknown severities are counted if any day of the trend has some."""
    counts = rollup.counts
    flow = {word: rollup.flow.get(word, 0) for word in (*OPENED_CAUSES, *RESOLVED_CAUSES)}
    others: OtherSeverities = {"other": counts.other} if other else {}
    return {
        "date": iso_date(night.started_at),
        "as_of": iso(night.started_at),
        "snapshot_id": night.snapshot_id,
        "state": night.state,
        "pruned": pruned,
        "critical": counts.critical,
        "high": counts.high,
        "medium": counts.medium,
        "low": counts.low,
        "informational": counts.informational,
        "untriaged": counts.untriaged,
        **others,
        "total": counts.total,
        "suppressed": rollup.suppressed,
        "kev": rollup.to_json()["kev"],
        "came": sum(flow[word] for word in ("new", "reopened")),
        "went": sum(flow[word] for word in RESOLVED_CAUSES),
        "new": flow["new"],
        "onboarding": flow["onboarding"],
        "successor": flow["successor"],
        "reopened": flow["reopened"],
        "patched": flow["patched"],
        "terminated": flow["terminated"],
        "not_scanned": flow["not_scanned"],
        "unknown": flow["unknown"],
    }


def _missing(days: Sequence[date]) -> list[str]:
    """Days between the first and the last snapshot that have none."""
    if not days:
        return []
    span = ((days[0] + timedelta(days=n)) for n in range((days[-1] - days[0]).days + 1))
    return [iso_date(day) for day in span if day not in set(days)]


def _missing_notes(missing: Sequence[str], unread: Collection[date]) -> list[str]:
    """Notes about days without a snapshot, and days whose snapshots did not read the scope."""
    without = [day for day in missing if date.fromisoformat(day) not in unread]
    found = (
        (
            phrase("No snapshot"),
            without,
        ),
        (
            phrase("Not read"),
            sorted(map(str, unread)),
        ),
    )
    return [phrase("{} on {}.", what, _days(days)) for what, days in found if days]


def _days(days: Sequence[str]) -> str:
    more = phrase(" …" if len(days) > 5 else "")
    return phrase("{}: {}{}", quantity(len(days), "day"), joined(", ", days[:5]), more)


def _pruned(items: Sequence[TrendDay]) -> list[str]:
    """A note about pruned snapshots, of which only the counts are kept."""
    gone = [item["date"] for item in items if item["pruned"]]
    if not gone:
        return []
    some = gone[0] if len(gone) == 1 else phrase("{} days, {} to {}", len(gone), gone[0], gone[-1])
    return [phrase("Pruned: {}. The counts are kept; the findings can no longer be listed.", some)]


def _headline(items: Sequence[TrendDay], question: Trend, compared: tuple[int, str]) -> str:
    of = phrase(" of {} {}", question.kind, question.value) if question.value else ""
    if not items:
        return phrase("No snapshots in the last {}{}.", quantity(question.days, "day"), of)
    place, why_not = compared
    first, last = items[place], items[-1]
    total = phrase("{}{}", quantity(last["total"], "open finding"), of)
    nights = quantity(len(items), "daily snapshot")
    if why_not:
        return phrase("{} read on {} ({}). {}", total, last["date"], nights, why_not)
    change = last["total"] - first["total"]
    way = (
        phrase("{:,} {} than", abs(change), (phrase("more") if change > 0 else phrase("fewer")))
        if change
        else phrase("the same as")
    )
    compared_with = phrase(", {} on {}", way, first["date"]) if first is not last else ""
    return phrase("{} on {}{} ({}).", total, last["date"], compared_with, nights)
