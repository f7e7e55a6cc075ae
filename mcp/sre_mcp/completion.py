"""Completion of arguments: similar resource names, snapshots and owners."""

from __future__ import annotations

import anyio.to_thread
from mcp_types import CompleteRequestParams, CompleteResult, Completion, PromptReference

from sre_findings.model.errors import SreError
from sre_findings.queries import ask, snapshots
from sre_findings.questions.catalogue import SimilarNames
from sre_findings.questions.catalogue import SnapshotList as Asking
from sre_findings.sources.sources import Sources
from sre_mcp.request_context import RequestContext, client
from sre_mcp.resources import REPORTS, RESOURCES
from sre_reports.plain_text import visible

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
    kind = _kind(params)
    if kind is None or len(params.argument.value) > _LONGEST:
        return CompleteResult(completion=Completion(values=[], total=0, has_more=False))
    try:
        sources, limiter = (await client(ctx)).sources, ctx.lifespan_context.at_once
    except SreError:
        return CompleteResult(completion=Completion(values=[], total=0, has_more=False))
    values = await anyio.to_thread.run_sync(
        _values, kind, params.argument.value, sources, limiter=limiter
    )
    clean = [visible(one) for one in values]
    return CompleteResult(
        completion=Completion(values=clean[:_MOST], total=len(clean), has_more=len(clean) > _MOST)
    )


def _kind(params: CompleteRequestParams) -> str | None:
    if isinstance(params.ref, PromptReference):
        return _OF_PROMPTS.get((params.ref.name, params.argument.name))
    return _OF_TEMPLATES.get((params.ref.uri, params.argument.name))


def _values(kind: str, typed: str, sources: Sources) -> list[str]:
    try:
        if kind == "resource":
            return snapshots.near(SimilarNames(typed), sources) if typed.strip("\0 ") else []
        if kind == "owner":
            return [
                one for one in snapshots.owners(sources) if one.lower().startswith(typed.lower())
            ]
        listed = ask(Asking(0), sources).items
        return [one for item in listed if (one := str(item["snapshot_id"])).startswith(typed)]
    except SreError:
        return []
