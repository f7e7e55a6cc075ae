"""``ask(Question) → Answer``: the one door to every number of the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sre_findings.ask import resources
from sre_findings.ask.places import everywhere, place_of, within
from sre_findings.ask.questions.resource import CACHED, LIVE, AboutResource
from sre_findings.ask.recorded import for_reachability
from sre_findings.ask.rows import coverage_of
from sre_findings.ask.sources import Found, Sources, find
from sre_findings.ask.stale import without_inspector
from sre_findings.ask.summaries import summary
from sre_findings.model.access import Access
from sre_findings.model.answers.answer import SNAPSHOT, CoverageAnswer, Proof, ResourceAnswer
from sre_findings.model.errors import SreError, UsageError
from sre_findings.model.resources.resource import Resource, check_id, check_text

if TYPE_CHECKING:  # who asks about one resource makes nothing for the others
    from sre_findings.ask.engine import Engine
    from sre_findings.ask.questions.estate import CoverageGaps
    from sre_findings.ask.questions.rows import Rows
    from sre_findings.model.resources.aws_context import Context

__all__ = ["about_resource", "coverage", "left_out", "rows", "summary"]


def about_resource(question: AboutResource, sources: Sources) -> ResourceAnswer:
    """How vulnerable one resource is: from the snapshot when that can tell, from Inspector when it
    cannot or when asked.

    When Inspector fails, the snapshot answers, marked stale (see ``stale``). Context is added where
    it was asked, whoever answered.
    """
    answer = _about(question, sources)
    return (
        replace(answer, context=_context(question, answer.resource, sources))
        if question.context
        else answer
    )


def _about(question: AboutResource, sources: Sources) -> ResourceAnswer:
    check_text(question.text)
    if question.region:
        from sre_findings.inspector.regions import check_region, known_regions

        check_region(question.region, known_regions())
    found = find(sources, question.as_of)
    found = for_reachability(found, question.reachable) if found else None
    if found is None:
        check_id(question.text)
    cached = _cached(question, found, sources) if found or question.source == CACHED else None
    if not _wants_live(question, cached, sources):
        return cached or resources.nothing(question, None)
    try:
        return (sources.live or _no_live)(question, cached, sources.access)
    except SreError as error:
        return without_inspector(question, cached, error, sources)


def _cached(question: AboutResource, found: Found | None, sources: Sources) -> ResourceAnswer:
    """The snapshot's answer; one that was given before is given again, with the proof of now."""
    if found is None:
        return resources.answer(question, found, sources)
    plain = replace(
        question, source=CACHED, context=False, severities=tuple(question.severities), region=None
    )
    key = (
        sources.access,
        found.commit.snapshot_id,
        found.proof.too_old,
        sources.now().date(),
        plain,
    )
    answer = sources.given.get(key)
    if answer is None:
        answer = resources.answer(question, found, sources)
        sources.given.put(key, answer, 1 + len(answer.findings))
    return replace(answer, proof=found.proof)


def _wants_live(question: AboutResource, cached: ResourceAnswer | None, sources: Sources) -> bool:
    if question.source == CACHED or (question.as_of and question.source != LIVE) or question.cursor:
        return False
    return question.source == LIVE or (
        sources.live is not None and (cached is None or not resources.can_tell(cached))
    )


def _no_live(
    _question: AboutResource, _cached: ResourceAnswer | None, _access: Access
) -> ResourceAnswer:
    raise UsageError("Inspector cannot be asked from here", do="Ask without --live.")


def _context(question: AboutResource, resource: Resource, sources: Sources) -> Context:
    """What AWS says of it. Who may not see everything is told of what an answer named, and of no
    other account."""
    from sre_findings.model.resources.aws_context import Context

    if not sources.access.everything and not resource.account_id:
        return Context(remarks=("context is for resources that findings or coverage name",))
    context = (sources.context or _no_context)(question, resource)
    if context.account_id and not sources.access.allows_account(context.account_id):
        return Context(remarks=("context is for instances of the account that is asked from",))
    if not sources.access.all_accounts:
        context = context.within(sources.access.allows_account)
    return context if sources.aside is None else _outward(context, sources.aside)


def _outward(context: Context, aside: Callable[[str], None]) -> Context:
    """The context without the services' own words, which go aside."""
    told = context.outward()
    for note in set(context.notes) - set(told.notes):
        aside(note)
    return told


def _no_context(_question: AboutResource, _resource: Resource) -> Context:
    from sre_findings.model.resources.aws_context import Context

    return Context(remarks=("AWS cannot be asked for context from here",))


def coverage(question: CoverageGaps, sources: Sources) -> CoverageAnswer:
    """What is not scanned, and what was not reached."""
    found = find(sources, question.as_of)
    if found is None:
        return CoverageAnswer(0, (), (), Proof(SNAPSHOT, None, None, None, None))
    found = within(found, place_of(question))
    answer = coverage_of_snapshot(found, question.owners)
    return (
        answer if answer.scanned or answer.gaps else replace(answer, proof=everywhere(found).proof)
    )


def coverage_of_snapshot(found: Found, owners: Sequence[str] = ()) -> CoverageAnswer:
    """The same of a snapshot that was found already."""
    gaps = [coverage_of(row) for row in found.engine.rows("coverage_gaps", owners=_some(owners))]
    scanned = int(found.engine.rows("coverage_scanned", owners=_some(owners))[0]["scanned"])
    return CoverageAnswer(scanned, gaps, found.commit.gaps, found.proof)


def rows(question: Rows, sources: Sources) -> tuple[Proof, Iterator[list[dict[str, Any]]]]:
    """Whole rows of findings in batches, and the proof of where they come from. Raises UsageError
    without a snapshot."""
    found = find(sources, question.as_of)
    if found is None:
        raise UsageError("there is no snapshot yet", do="Run: sre-cli scan (or sre-cli demo).")
    from sre_findings.ask.listing import count_whole

    found = for_reachability(
        within(found, place_of(question), question.statuses), question.reachable
    )
    if not count_whole(question, found):
        found = everywhere(found)
    one = resources.known(question.text, found.engine)
    filters = {
        name: _some(getattr(question, name))
        for name in ("statuses", "severities", "types", "accounts", "regions", "owners")
    }
    return found.proof, _whole(
        found.engine, resources.narrowed(filters, one) | {"reachable": question.reachable}
    )


def left_out(question: Rows, sources: Sources) -> Sequence[str]:
    """What an export leaves out that asks for reachable findings alone, a sentence each."""
    from sre_findings.ask.listing import left_out_of

    found = find(sources, question.as_of) if question.reachable else None
    return left_out_of(question, found) if found else ()


def _whole(engine: Engine, filters: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Findings joined with what they share. Here and not in SQL, so that the order of the parts is
    kept and a description that a thousand findings share is one text in memory."""
    details = {
        (row["region"], row["details_id"]): row
        for row in engine.rows("findings_details", **filters)
    }
    lists = {
        (row["region"], row["packages_id"]): row["packages"]
        for row in engine.rows("findings_packages", **filters)
    }
    for batch in engine.batches("findings", **filters):
        for row in batch:
            row["packages"] = lists.get((row["region"], row.pop("packages_id")))
            row.update(details[row["region"], row.pop("details_id")])
        yield batch


def _some(values: Sequence[str]) -> list[str] | None:
    return list(values) or None
