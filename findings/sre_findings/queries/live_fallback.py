"""The answer if a live query fails: the snapshot marked as stale, or unknown."""

from __future__ import annotations

from dataclasses import replace

from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.answers.verdict import NO_SNAPSHOT, NO_SUCH_RESOURCE, UNKNOWN, Verdict
from sre_findings.model.errors import Forbidden, SreError, Unreadable, kind_of, outward
from sre_findings.model.text import Text, phrase, without_stop
from sre_findings.model.timestamps import iso
from sre_findings.questions.resource import LIVE, Vulnerabilities
from sre_findings.sources.sources import Sources


def without_inspector(
    question: Vulnerabilities, cached: ResourceAnswer | None, error: SreError, sources: Sources
) -> ResourceAnswer:
    """The answer in place of Inspector's.

    If the snapshot knows the resource, its answer is returned with a note about the failure. If it
    does not and the query was explicitly live, the verdict explains why Inspector could not be
    queried: that the snapshot lacks the resource is no answer to such a query.

    Raises the error if the query was explicitly live, and access was denied or the query is wrong.
    """
    failed = isinstance(error, Unreadable) and not isinstance(error, Forbidden)
    if question.source == LIVE and not failed:
        raise error
    visible, answer = known(error, sources), cached or question.without_snapshot()
    answer = replace(answer, live_error=kind_of(error)) if failed else answer
    if question.source == LIVE and _is_unknown(answer):
        return replace(answer, verdict=_unanswered(answer, visible))
    consequence = (
        f"showing the snapshot of {iso(answer.proof.as_of)}, marked stale"
        if answer.stale and answer.proof.as_of
        else ""
    )
    return _noted(answer, _sentence(visible, consequence))


def known(error: SreError, sources: Sources) -> SreError:
    """The error in the form that the caller may see. The full text goes to the operator's log."""
    if sources.caller.aside is None and sources.caller.access.everything:
        return error
    if sources.caller.aside and outward(error) is not error:
        sources.caller.aside(str(error))
    return outward(error)


def _is_unknown(answer: ResourceAnswer) -> bool:
    """Whether the snapshot does not contain the resource, so that it has no answer."""
    return answer.verdict.reason in (NO_SNAPSHOT, NO_SUCH_RESOURCE) or not answer.resource.region


def _unanswered(answer: ResourceAnswer, visible: SreError) -> Verdict:
    as_of = answer.proof.as_of
    why = (
        phrase("the snapshot of {} does not contain this resource", iso(as_of))
        if as_of
        else phrase("there is no snapshot yet")
    )
    return Verdict(UNKNOWN, answer.live_error, without_stop(_sentence(visible, why)))


def _sentence(visible: SreError, further: str) -> Text:
    """Why Inspector could not be queried, what follows from it, and what to do."""
    first = phrase("Inspector could not be queried ({})", visible.brief) + (
        phrase("; {}", further) if further else ""
    )
    return phrase("{}. {}", first, visible.do) if visible.do else phrase("{}.", first)


def _noted(answer: ResourceAnswer, note: str) -> ResourceAnswer:
    """The same answer with a note before all others."""
    return replace(answer, verdict=replace(answer.verdict, notes=(note, *answer.verdict.notes)))
