"""Lists the snapshots, and offers names from the newest one for completion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sre_findings.model import spelling
from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import NoSnapshot
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.partial_reasons import outward
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.text import phrase
from sre_findings.queries import resource_lookup
from sre_findings.questions.records import SimilarNames, SnapshotList
from sre_findings.sources.sources import Sources, find_any, proof_of

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.snapshots import SnapshotsAnswer
    from sre_findings.store.snapshots.reader import Commit

_FIELDS = ("snapshot_id", "started_at", "state", "claim", "reasons")
_SHOWN = (
    Shown("snapshot_id", "Snapshot"),
    Shown("started_at", "Started"),
    Shown("state", "State"),
    Shown("claim", "Scope"),
)


def snapshots(question: SnapshotList, sources: Sources) -> SnapshotsAnswer:
    """Every committed snapshot, newest first, like ``sre-cli snapshots list``.

    The proof is that of the newest one. Raises NoSnapshot if there is none.
    """
    commits = sources.stores.snapshots.commits()[::-1]
    if not commits:
        raise NoSnapshot
    complete = sum(one.state == COMPLETE for one in commits)
    last = question.skip + question.count if question.count else None
    items = [_seen(one, sources).to_json() for one in commits[question.skip : last]]
    headline = phrase(
        "{}, {:,} complete. The newest is {}.",
        quantity(len(commits), "snapshot"),
        complete,
        commits[0].snapshot_id,
    )
    return ListAnswer(
        headline,
        "snapshots",
        items,
        len(commits),
        _FIELDS,
        _SHOWN,
        proof_of(commits[0], sources, None),
    )


def _seen(commit: Commit, sources: Sources) -> Commit:
    """The commit as a client of the server may see it, without AWS's messages."""
    if sources.caller.aside is None:
        return commit
    return replace(commit, causes=outward(commit.causes))


def near(question: SimilarNames, sources: Sources) -> list[str]:
    """Names or IDs that begin with the text or are spelled like it, nearest first.

    Empty if there is no snapshot.
    """
    found = find_any(sources, None)
    return (
        spelling.near(question.text, resource_lookup.near_names(question.text, found.engine))
        if found
        else []
    )


def owners(sources: Sources) -> list[str]:
    """Every owner in the newest snapshot; empty if there is no snapshot."""
    found = find_any(sources, None)
    return [row["owner"] for row in found.engine.rows("owners") if row["owner"]] if found else []
