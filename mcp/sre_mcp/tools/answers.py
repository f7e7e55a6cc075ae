"""Answers for agents: the command line's JSON, and sentences with the verdict first.

Only a note that a live query failed, and that the snapshot answers instead, precedes the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sre_findings.client.connection import LIST
from sre_findings.model.answers import decoding
from sre_findings.model.answers.answer import (
    CoverageAnswer,
    FindingAnswer,
    Proof,
    ResourceAnswer,
    SummaryAnswer,
)
from sre_findings.model.answers.claims import TakenAnswer
from sre_findings.model.answers.findings import ExportAnswer, FindingsAnswer
from sre_findings.model.answers.list_answer import AnyListAnswer
from sre_findings.model.answers.verdict import CLEAN, NO_SUCH_RESOURCE, UNKNOWN, Verdict
from sre_findings.model.snapshots.rollup import Rollup
from sre_findings.model.sql_parameters import UNASSIGNED
from sre_findings.model.text import Text, capital, joined, ours, phrase
from sre_findings.model.timestamps import iso
from sre_findings.sources.cache import DerivedCache
from sre_findings.sources.claims import CLAIMS_UNKNOWN
from sre_mcp.tools.items import Item, Values, taken
from sre_mcp.tools.tool import Page, ToolAnswer
from sre_reports import wording

FINDING = (
    "severity",
    "status",
    "vulnerability_id",
    "packages",
    "installed",
    "fixed_in",
    "fix_available",
    "exploit_available",
    "inspector_score",
    "epss_score",
    "reachability",
    "first_observed_at",
)
GROUP = (
    "value",
    "name",
    "critical",
    "high",
    "medium",
    "low",
    "total",
    "fixable",
    "exploitable",
    "kev",
    "resources",
)
GAP = (
    "resource_id",
    "name",
    "owner",
    "resource_type",
    "account_id",
    "region",
    "scan_type",
    "reason",
    "remedy",
)


def of_resource(answer: ResourceAnswer, made: DerivedCache[Sequence[Item]]) -> ToolAnswer:
    """Returns one resource, with findings that are already paged.

    Items made from findings are cached in ``made``.
    """
    values = replace(answer, findings=()).to_json()
    items = made.of(
        answer.findings, lambda: [Item(one.to_json, FINDING, _finding) for one in answer.findings]
    )
    notes = list(_also(answer.verdict.notes))
    first, notes = (notes[:1], notes[1:]) if answer.stale else ([], notes)
    use = [capital(answer.use.words())] if answer.use else []
    exposed = [wording.EXPOSED] if answer.exposed else []
    taken_by = wording.claim_sentences(answer.findings)
    sentences = [*first, *_verdict_of(answer), *use, *exposed, *taken_by]
    sentences += [*_trust(answer.proof), *notes]
    if answer.filters.get("severities"):
        sentences.append(
            phrase(
                "Only {} findings are listed; the counts cover all severities",
                joined(", ", answer.filters["severities"]),
            )
        )
    data = _words(name=answer.resource.name, account=answer.account_name)
    if answer.verdict.reason == NO_SUCH_RESOURCE:
        data += [answer.verdict.explanation]  # it names similar resources
    return ToolAnswer(values, sentences, data, "findings", items, answer.total_findings, FINDING)


def _words(**named: str | None) -> list[str]:
    return [f"{name}: {text}" for name, text in named.items() if text]


def _verdict_of(answer: ResourceAnswer) -> Iterator[Text]:
    first, rest = wording.counts_sentence(answer.rollup)
    yield phrase("{}: {}", answer.resource.resource_id, _verdict(answer.verdict))
    if answer.rollup.counts.total or answer.rollup.suppressed:
        yield first + rest
        yield wording.more_sentence(answer.rollup)
        yield from _kev(answer.rollup)
    if answer.overdue:
        yield phrase("{:,} past their due date under the SLA policy", answer.overdue)


def _kev(rollup: Rollup) -> Iterator[Text]:
    """Yields how many open findings are in KEV, also if that was not checked for some of them."""
    known = rollup.to_json()["kev"]
    if not rollup.counts.total:
        return
    if known is None:
        yield phrase("Not checked against CISA KEV: the scan had no KEV data")
    elif known:
        yield phrase("{:,} in CISA KEV, known to be exploited: fix these first", known)
    if known is not None and rollup.unchecked:
        unchecked = wording.number(rollup.unchecked, "finding")
        yield phrase("{} not checked against CISA KEV", unchecked)


def _verdict(verdict: Verdict) -> Text:
    """Returns the verdict, then its explanation.

    An ``unknown`` verdict is marked as no all-clear.
    """
    headline = wording.headline(verdict)
    words = ours(f"{headline[:1].lower()}{headline[1:]}")
    if not words.startswith(verdict.verdict):
        words = phrase("{}: {}", ours(verdict.verdict), words)
    explained = verdict.explanation.lower() in words.lower()
    if verdict.verdict == CLEAN:
        return words if explained else phrase("{} ({})", words, verdict.explanation)
    if not explained and verdict.reason != NO_SUCH_RESOURCE:
        words = phrase("{}; {}", words, verdict.explanation)
    return phrase("{}. This is not an all-clear", words) if verdict.verdict == UNKNOWN else words


def of_summary(answer: SummaryAnswer, page: Page) -> ToolAnswer:
    """Returns all resources, and groups if they were requested."""
    first, rest = wording.counts_sentence(answer.rollup)
    sentences = [
        phrase("Summary: {}", _verdict(answer.verdict)),
        phrase("{} on {}{}", first, wording.number(answer.rollup.resources, "resource"), rest),
    ]
    sentences += [
        wording.more_sentence(answer.rollup),
        *_kev(answer.rollup),
        *_trust(answer.proof),
        *_also(answer.verdict.notes),
    ]
    if answer.uncovered:
        sentences.append(
            phrase(
                "{} not fully scanned: see coverage", wording.number(answer.uncovered, "resource")
            )
        )
    if answer.doubtful:
        sentences.append(
            phrase(
                "{} not scanned recently, or never",
                wording.number(answer.doubtful, "more resource"),
            )
        )
    if answer.by is None:
        return ToolAnswer(answer.to_json(), sentences)
    values = answer.to_json()
    groups = taken(values, "groups", GROUP, _owner_group if answer.by == "owner" else _group)
    return ToolAnswer(values, sentences, (), "groups", groups[page.start :], len(groups), GROUP)


def of_coverage(answer: CoverageAnswer, page: Page) -> ToolAnswer:
    """Returns coverage gaps with their reasons."""
    values = answer.to_json()
    silent = values["not_scanned"]
    known = answer.proof.snapshot_id is not None
    first = (
        phrase(
            "{} not fully scanned, {:,} scanned",
            wording.number(silent, "resource"),
            answer.scanned,
        )
        if known
        else phrase("Coverage is unknown")
    )
    sentences = [first, *_trust(answer.proof)]
    if answer.cells:
        sentences.append(
            phrase(
                "{} of the scan could not be read: see cells. Findings there are unknown",
                wording.number(len(answer.cells), "cell"),
            )
        )
    gaps = taken(values, "gaps", GAP)
    return ToolAnswer(values, sentences, (), "gaps", gaps[page.start :], len(gaps), GAP)


def of_list(
    answer: AnyListAnswer,
    start: int = 0,
    columns: Sequence[str] = (),
    shown: Callable[[Values], Values] = dict,
) -> ToolAnswer:
    """Returns a sentence and a list, from item ``start`` on (0 if the query skipped pages)."""
    values = answer.to_json()
    told = answer.known or answer.headline.startswith("Unknown")
    first = answer.headline if told else phrase("Unknown: {}", answer.headline)
    sentences = [first, *_trust(answer.proof), *_also(answer.notes)]
    columns = columns or [one.field for one in answer.shown]
    items = taken(values, answer.name, columns, shown)[start:]
    meta = {LIST: decoding.layout_of(answer)}
    return ToolAnswer(values, sentences, (), answer.name, items, answer.total, columns, meta)


def of_taken(answer: TakenAnswer) -> ToolAnswer:
    """Returns the claim, or that of another person, which stays."""
    sentences = [answer.headline, *_trust(answer.proof)]
    return ToolAnswer(answer.to_json(), sentences, meta={LIST: decoding.layout_of(answer)})


def of_file(answer: ExportAnswer) -> ToolAnswer:
    """Returns a download link for a file; the list itself is empty."""
    answered = of_list(answer)
    answered.values["page"] = {"start": 0, "listed": 0, "total": answer.total, "next_cursor": None}
    file = answer.facts["file"]
    where = (file["url"] or file["path"]) if file else ""
    return replace(
        answered,
        sentences=[
            *answered.sentences,
            phrase("Download {} with the same token", where),
        ],
        name=None,
    )


def of_findings(answer: FindingsAnswer) -> ToolAnswer:
    """Returns a list of findings that the query has already paged."""
    return of_list(answer, 0, ("resource_id", *FINDING), _finding)


def of_finding(answer: FindingAnswer) -> ToolAnswer:
    """Returns one finding with all fields."""
    values = answer.to_json()
    if answer.finding is None:
        missing = answer.proof.snapshot_id is None
        first = phrase("Unknown" if missing else "No such finding")
        return ToolAnswer(
            values, [phrase("{}: {}", first, answer.explanation), *_trust(answer.proof)]
        )
    one = answer.finding
    packages = ", ".join(wording.packages(one))
    place = _words(resource=one.resource_id, name=one.resource_name, owner=one.owner)
    fix = _words(packages=packages, installed=one.installed, fixed_in=one.fixed_in)
    data = [*_words(vulnerability=wording.identity(one), title=one.title), *place, *fix]
    seen = iso(one.first_observed_at) or phrase("at an unknown time")
    first = phrase(
        "{} finding, {}, first observed {}; wire has all fields", one.severity, one.status, seen
    )
    claims = [*wording.claim_sentences([one])] if answer.claims_known else [CLAIMS_UNKNOWN]
    return ToolAnswer(values, [first, *claims, *_trust(answer.proof)], data)


def _trust(proof: Proof) -> Iterator[Text]:
    """Yields the provenance, and reasons to doubt completeness."""
    yield wording.proof_sentence(proof)
    yield from (phrase("Partial: {}", reason) for reason in wording.doubts(proof))


def _also(notes: Any) -> Iterator[Text]:
    yield from (phrase("Note: {}", note) for note in notes)


def _finding(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a finding for a line of text, with the names of its packages."""
    packages = item["packages"]
    installed = dict.fromkeys(one["version"] for one in packages if one["version"])
    return {
        **item,
        "vulnerability_id": item["vulnerability_id"] or item["type"],
        "packages": list(dict.fromkeys(one["name"] for one in packages)),
        "installed": ", ".join(installed),
    }


def _group(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**item, **item["counts"]}


def _owner_group(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a group whose value can be used as a filter."""
    return {**_group(item), "value": item["value"] or UNASSIGNED}
