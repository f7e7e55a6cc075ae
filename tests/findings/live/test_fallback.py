"""If Inspector fails, the snapshot answers a live query.

The answer names the snapshot as its source, and nothing is clean by it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.model import errors
from sre_findings.model.access import ALL, EVERYTHING, Access
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.verdict import CLEAN
from sre_findings.model.errors import Forbidden, SreError, Unreadable, UsageError, kind_of, outward
from sre_findings.model.resources.aws_context import UNCHECKED, CallResult, Context, Note
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.states import PARTIAL
from sre_findings.model.timestamps import iso
from sre_findings.nightly.report import seen_night
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    CACHED,
    EITHER,
    LIVE,
    SnapshotList,
    Summary,
    Vulnerabilities,
)
from sre_findings.questions.question import Question
from sre_findings.sources.cache import Caches
from sre_findings.sources.sources import Caller, LiveSources, Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE

STRANGER = "i-0123456789abcdef9"
SAID = "User: arn:aws:sts::999988887777:assumed-role/auditor is not authorized"
KINDS = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, Unreadable) and one is not Forbidden
]
PART = Access(frozenset({"111122223333"}), frozenset({ALL}))


def failing(error: SreError) -> Any:
    def live(*_: Any) -> ResourceAnswer:
        raise error

    return live


@pytest.fixture(scope="module")
def fresh(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """The sources, an hour after the newest snapshot."""
    newest = nights.latest()
    assert newest
    now = newest.started_at + timedelta(hours=1)
    return make_sources(
        nights, SqliteTable(tmp_path_factory.mktemp("t") / "t"), tmp_path_factory.mktemp("c"), now
    )


def as_of(sources: Sources) -> datetime:
    newest = sources.stores.snapshots.latest()
    assert newest
    return newest.started_at


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("resource", [BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE])
def test_the_snapshot_answers_marked_stale_and_a_note_says_so_first(
    fresh: Sources, kind: Any, resource: str
) -> None:
    sources = replace(fresh, live=LiveSources(failing(kind("it failed", why=SAID, do="Do this."))))
    cached = ask(Vulnerabilities(resource, source=CACHED), sources)
    answer = ask(Vulnerabilities(resource, source=LIVE), sources)
    note, *others = answer.verdict.notes
    taken = iso(as_of(sources))
    assert (
        note
        == f"Inspector could not be queried (it failed: {SAID}); showing the snapshot of {taken},"
        " marked stale. Do this."
    )
    assert (answer.stale, answer.live_error, answer.unanswered) == (True, kind_of(kind("x")), False)
    plain = replace(answer, live_error="", verdict=replace(answer.verdict, notes=tuple(others)))
    assert plain == cached


@pytest.mark.parametrize("kind", KINDS)
def test_a_resource_in_no_snapshot_is_unknown_if_inspector_does_not_answer(
    fresh: Sources, kind: Any
) -> None:
    sources = replace(fresh, live=LiveSources(failing(kind("it failed"))))
    answer = ask(Vulnerabilities(STRANGER, source=LIVE), sources)
    assert (answer.verdict.verdict, answer.verdict.reason) == ("unknown", kind_of(kind("x")))
    assert (
        f"the snapshot of {iso(as_of(sources))} does not contain this resource"
        in answer.verdict.explanation
    )
    assert (answer.rollup.counts.total, answer.unanswered) == (0, False)


def test_without_any_snapshot_nothing_is_answered(fresh: Sources, tmp_path: Path) -> None:
    empty = replace(
        fresh,
        stores=replace(fresh.stores, snapshots=SnapshotWriter(FolderBlobs(tmp_path))),
        live=LiveSources(failing(errors.Throttled("too many"))),
        caches=Caches(),
    )
    answer = ask(Vulnerabilities(BUSY_INSTANCE, source=LIVE), empty)
    assert (answer.verdict.verdict, answer.verdict.reason, answer.unanswered) == (
        "unknown",
        "throttled",
        True,
    )
    assert (
        answer.verdict.explanation
        == "Inspector could not be queried (too many); there is no snapshot yet"
    )
    assert not answer.stale
    either = ask(Vulnerabilities(BUSY_INSTANCE), empty)
    assert (either.verdict.reason, either.unanswered) == ("no_snapshot", False)


def test_who_did_not_insist_on_live_is_told_that_the_snapshot_has_no_such_resource(
    fresh: Sources,
) -> None:
    answer = ask(
        Vulnerabilities(STRANGER),
        replace(fresh, live=LiveSources(failing(errors.Unreachable("it is away")))),
    )
    assert (answer.verdict.reason, answer.live_error, answer.stale) == (
        "no_such_resource",
        "unreachable",
        False,
    )
    assert answer.verdict.notes[0] == "Inspector could not be queried (it is away)."


@pytest.mark.parametrize(
    "error",
    [UsageError("no region eu-west-11"), Forbidden("this token lacks the scope live:query")],
)
def test_a_failed_live_query_is_an_error_with_live_and_a_note_without(
    fresh: Sources, error: SreError
) -> None:
    sources = replace(fresh, live=LiveSources(failing(error)))
    with pytest.raises(type(error), match=error.what):
        ask(Vulnerabilities(BUSY_INSTANCE, source=LIVE), sources)
    answer = ask(Vulnerabilities(STRANGER, source=EITHER), sources)
    assert error.what in answer.verdict.notes[0]
    assert (answer.live_error, answer.stale) == ("", False)


@given(
    kind=st.sampled_from(KINDS),
    text=st.sampled_from([BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE, STRANGER]),
    source=st.sampled_from([LIVE, EITHER]),
    access=st.sampled_from([EVERYTHING, PART]),
    too_old=st.booleans(),
)
def test_no_failure_makes_anything_clean_or_tells_a_caller_what_aws_said(
    fresh: Sources, kind: Any, text: str, source: str, access: Access, too_old: bool
) -> None:
    aside: list[str] = []
    live = failing(kind("AWS denied it", why=SAID))
    sources = replace(
        fresh,
        live=LiveSources(live),
        caller=Caller(aside=aside.append),
        max_age=timedelta(0) if too_old else fresh.max_age,
    ).seen_by(access)
    cached = ask(Vulnerabilities(text, source=CACHED), sources)
    answer = ask(Vulnerabilities(text, source=source), sources)
    assert answer.verdict.verdict == cached.verdict.verdict
    assert answer.verdict.verdict != CLEAN or cached.verdict.verdict == CLEAN
    assert "999988887777" not in str(answer.to_json())
    assert [SAID in one for one in aside] == ([True] if answer.live_error else [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_told_outward_in_a_sentence_of_ours_with_what_to_do(kind: Any) -> None:
    told = outward(kind("AWS denied it", why=SAID, do=SAID))
    assert (type(told), kind_of(told)) == (kind, kind_of(kind("x")))
    assert "999988887777" not in str(told)
    assert told.do
    assert str(outward(told)) == str(told)


@pytest.mark.parametrize(
    "error",
    [UsageError("a", why="b"), errors.AmbiguousName.of("x", ["1", "2"]), Forbidden("c", do="d")],
)
def test_an_error_of_the_question_is_told_outward_as_it_is(error: SreError) -> None:
    assert outward(error) is error


def test_context_tells_a_caller_which_service_did_not_answer_and_its_code_alone(
    fresh: Sources,
) -> None:
    denied, aside = Note("SSM did not answer: AccessDeniedException", SAID), list[str]()
    sts = Note("STS did not answer: AccessDenied", SAID, UNCHECKED)
    context = Context(
        "111122223333",
        "eu-west-1",
        patches=CallResult("SSM x", note=denied),
        remarks=(sts, Note("context is for instances")),
    )
    question = Vulnerabilities(BUSY_INSTANCE, source=CACHED, context=True)
    sources = replace(fresh, live=LiveSources(context=lambda *_: context))
    assert ask(question, sources).context == context
    told = ask(question, replace(sources, caller=Caller(aside=aside.append))).context
    assert told
    assert told.notes == (
        f"STS did not answer: AccessDenied; {UNCHECKED}",
        "context is for instances",
        "SSM did not answer: AccessDeniedException",
    )
    assert sorted(aside) == sorted((denied.text, sts.text))


def test_only_the_user_with_the_credentials_reads_what_aws_said_about_a_scan(
    fresh: Sources,
) -> None:
    stores = fresh.stores
    newest = stores.snapshots.latest()
    assert newest
    cause = Reason("not_ended", "findings denied", "eu-west-1", detail=SAID)
    commit = replace(newest, state=PARTIAL, causes=(cause,))
    partial = fresh.pinned(commit)
    server = replace(partial, caller=Caller(aside=lambda _: None))
    questions: tuple[Question[Any], ...] = (SnapshotList(), Summary())
    for question in questions:
        mine = str(ask(question, partial).to_json())
        theirs = str(ask(question, server).to_json())
        assert (SAID in mine, SAID in theirs) == (True, False)
        assert "eu-west-1: findings denied" in theirs
    for as_of in (None, commit.snapshot_id):
        report = seen_night(partial, as_of, EVERYTHING)[1].proof
        assert report.reasons == ("eu-west-1: findings denied",)
