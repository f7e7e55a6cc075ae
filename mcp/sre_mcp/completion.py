"""Completion of arguments: similar resource names, snapshots and owners."""

from __future__ import annotations

import functools

from mcp_types import CompleteRequestParams, CompleteResult, Completion, PromptReference

from sre_findings.model.answers.answer import SNAPSHOT
from sre_findings.model.errors import SreError
from sre_findings.model.operation import ANSWERED
from sre_findings.queries import ask, snapshots
from sre_findings.questions.catalogue import SimilarNames
from sre_findings.questions.catalogue import SnapshotList as Asking
from sre_findings.sources.sources import Sources
from sre_mcp.audit import Call
from sre_mcp.execution import in_time, outcome_of
from sre_mcp.request_context import RequestContext, client
from sre_mcp.resources import REPORTS, RESOURCES
from sre_reports.plain_text import visible

NAME = "completion"  # tool name in the audit log
_MOST = 100  # values, by the protocol
_LONGEST = 256
_OF_PROMPTS = {
    ("triage-instance", "resource"): "resource",
    ("nightly-brief", "night"): "night",
    ("plan-patching", "owner"): "owner",
}
_OF_TEMPLATES = {(REPORTS + "{night}", "night"): "night", (RESOURCES + "{id}", "id"): "resource"}


async def complete(ctx: RequestContext, params: CompleteRequestParams) -> CompleteResult:
    """Returns up to 100 values that start with, or resemble, the text.

    Returns none if they cannot be read.
    """
    kind, typed = _kind(params), params.argument.value
    if kind is None or len(typed) > _LONGEST:
        return _result([])
    call, recorder = Call(NAME, is_tool=False), ctx.lifespan_context.recorder
    try:
        who = await client(ctx)
        call.who, call.arguments = who.name, {"of": kind, "text": typed}
        find = functools.partial(_values, kind, typed, who.sources)
        values = await in_time("completion", find, ctx.lifespan_context.at_once)
    except SreError as error:
        call.record(recorder, outcome_of(error), None, None, 0)
        return _result([])
    call.record(recorder, ANSWERED, SNAPSHOT, None, len(values))
    return _result([visible(one) for one in values])


def _result(values: list[str]) -> CompleteResult:
    return CompleteResult(
        completion=Completion(
            values=values[:_MOST], total=len(values), has_more=len(values) > _MOST
        )
    )


def _kind(params: CompleteRequestParams) -> str | None:
    if isinstance(params.ref, PromptReference):
        return _OF_PROMPTS.get((params.ref.name, params.argument.name))
    return _OF_TEMPLATES.get((params.ref.uri, params.argument.name))


def _values(kind: str, typed: str, sources: Sources) -> list[str]:
    if kind == "resource":
        return snapshots.near(SimilarNames(typed), sources) if typed.strip("\0 ") else []
    if kind == "owner":
        return [one for one in snapshots.owners(sources) if one.lower().startswith(typed.lower())]
    listed = ask(Asking(0), sources).items
    return [one for item in listed if (one := str(item["snapshot_id"])).startswith(typed)]
