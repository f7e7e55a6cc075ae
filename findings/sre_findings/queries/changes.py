"""The changes between two snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.snapshots.gaps import places
from sre_findings.model.snapshots.rollup import OPENED_CAUSES, RESOLVED_CAUSES
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import joined, ours, phrase
from sre_findings.model.timestamps import iso
from sre_findings.questions.history import KINDS_OF_CHANGE, Changes, no_changes
from sre_findings.rows.values import iso_of, severity_word
from sre_findings.sources.comparability import not_read
from sre_findings.sources.places import place_of, within
from sre_findings.sources.resource_labels import resource_labels
from sre_findings.sources.snapshot_selection import choose
from sre_findings.sources.sources import Found, Sources, proof_of
from sre_findings.store.snapshots.reader import Commit

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.answer import Proof
    from sre_findings.model.answers.changes import Change, ChangesAnswer, ChangesFacts

_EVENT = (
    "happened_at",
    "kind",
    "cause",
    "severity",
    "severity_before",
    "vulnerability_id",
    "title",
    "resource_id",
    "resource_name",
    "resource_type",
    "account_id",
    "region",
    "owner",
    "opened_at",
    "exposed_since",
    "first_seen_at",
    "reopened",
    "finding_arn",
    "finding_key",
    "exposure_group",
    "exposure_key",
    "snapshot_id",
)


_SHOWN = (
    Shown("kind", "Change"),
    Shown("cause", "Reason"),
    Shown("severity", "Severity", "severity"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("resource", "Resource", "wide"),
    Shown("owner", "Owner"),
)


def changes(question: Changes, sources: Sources) -> ChangesAnswer:
    """What happened between two snapshots.

    If there is no earlier or no later snapshot, the answer states this and has no events.
    """
    commits = sources.stores.snapshots.commits()
    head, base = _nights(question, commits, sources.now())
    if base is None:
        proof = proof_of(head, sources, question.as_of)
        return nothing_to_compare(head, proof, alone=len(commits) == 1)
    if base.sequence >= head.sequence:
        return _nothing_later(head, proof_of(head, sources, question.as_of))
    place = place_of(question.filters)
    found = within(Found(head, proof_of(head, sources, question.as_of), sources), place)
    engine = sources.open([one for one in commits if base.sequence < one.sequence <= head.sequence])
    filters = question.filters.parameters()
    counted = [
        (row["kind"], row["cause"], int(row["events"]))
        for row in engine.rows("changes_counts", **filters)
    ]
    kinds = parameters(kinds=question.kinds)
    rows = engine.rows("changes", **kinds, count=question.count or None, **filters)
    labels = resource_labels(rows, engine)
    wanted = sum(n for kind, _, n in counted if not question.kinds or kind in question.kinds)
    counts = {kind: sum(n for k, _, n in counted if k == kind) for kind in KINDS_OF_CHANGE}
    gone = _by_cause(counted, ("resolved",), RESOLVED_CAUSES)
    of = question.filters.words() + (", in the data that was read" if not_read(head, place) else "")
    summary: ChangesFacts = {
        "since": {"snapshot_id": base.snapshot_id, "as_of": iso(base.started_at)},
        "counts": counts,
        "opened_by": _by_cause(counted, ("opened", "reopened"), OPENED_CAUSES),
        "resolved_by": gone,
    }
    return ListAnswer(
        _headline(counts, gone, base, of), "events", [*map(_event, rows, labels)],
        wanted, _EVENT, _SHOWN, found.proof, summary, _gaps(head),
    )  # fmt: skip


def _nights(
    question: Changes, commits: Sequence[Commit], now: datetime
) -> tuple[Commit, Commit | None]:
    """The newer and the older snapshot; None if there is no older one."""
    complete = [one for one in commits if one.state == COMPLETE]
    head = (
        choose(commits, question.as_of, now)
        if question.as_of
        else choose(complete or commits, None, now)
    )
    if question.since:
        return head, choose(
            [one for one in commits if one.sequence <= head.sequence], question.since, now
        )
    older = [one for one in complete if one.sequence < head.sequence] or [
        one for one in commits if one.sequence < head.sequence
    ]
    return head, older[-1] if older else None


def nothing_to_compare(head: Commit, proof: Proof, *, alone: bool) -> ChangesAnswer:
    """The answer if a snapshot has no earlier one; ``alone`` if there is no other at all."""
    why = phrase("is the only snapshot") if alone else phrase("has no earlier snapshot")
    headline = phrase("{} {}, so there is nothing to compare it with.", head.snapshot_id, why)
    return ListAnswer(headline, "events", [], 0, _EVENT, (), proof, no_changes())


def _nothing_later(head: Commit, proof: Proof) -> ChangesAnswer:
    """The answer if the snapshot since which changes are listed is the newest one of them."""
    headline = phrase("There is no later snapshot to compare {} with.", head.snapshot_id)
    return ListAnswer(headline, "events", [], 0, _EVENT, (), proof, no_changes())


def _by_cause(
    counted: Sequence[tuple[str, str | None, int]], kinds: Sequence[str], words: Sequence[str]
) -> dict[str, int]:
    return {
        word: sum(n for kind, cause, n in counted if kind in kinds and (cause or kind) == word)
        for word in words
    }


def _headline(counts: Mapping[str, int], gone: Mapping[str, int], base: Commit, of: str) -> str:
    why = joined(
        ", ", [phrase("{:,} {}", n, ours(word.replace("_", " "))) for word, n in gone.items() if n]
    )
    opened = phrase("{:,} opened", counts["opened"]) + (
        phrase(", {:,} reopened", counts["reopened"]) if counts["reopened"] else ""
    )
    resolved = phrase("{:,} resolved", counts["resolved"]) + (phrase(" ({})", why) if why else "")
    others = [kind for kind in counts if kind not in ("opened", "reopened", "resolved")]
    more = [
        phrase(", {:,} {}", counts[kind], ours(kind.replace("_", " ")))
        for kind in others
        if counts[kind]
    ]
    return phrase("Since {}{}: {}, {}{}.", base.snapshot_id, of, opened, resolved, joined("", more))


def _event(row: Mapping[str, Any], label: str) -> Change:
    return {
        "happened_at": iso_of(row["happened_us"]),
        "kind": row["kind"],
        "cause": row["cause"],
        "severity": severity_word(row["severity_rank"]),
        "severity_before": severity_word(row["severity_before"]),
        "vulnerability_id": row["vulnerability_id"] or row["subject"],
        "title": row["title"],
        "resource_id": row["resource_id"],
        "resource_name": row["resource_name"],
        "resource_type": row["resource_type"],
        "account_id": row["account_id"],
        "region": row["region"],
        "owner": row["owner"],
        "opened_at": iso_of(row["opened_us"]),
        "exposed_since": iso_of(row["exposed_us"]),
        "first_seen_at": iso_of(row["first_seen_us"]),
        "reopened": row["reopened"],
        "finding_arn": row["finding_arn"],
        "finding_key": row["finding_key"],
        "exposure_group": row["exposure_group"],
        "exposure_key": row["exposure_key"],
        "snapshot_id": row["snapshot_id"],
        "resource": label,
    }


def _gaps(commit: Commit) -> list[str]:
    """A note about what the snapshot did not read, so that changes there are unknown."""
    unread = ", ".join(places(commit.gaps))
    return (
        [f"Not read in {commit.snapshot_id}, so changes are unknown for: {unread}."]
        if unread
        else []
    )
