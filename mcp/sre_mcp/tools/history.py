"""Tools about nights: what changed, how it went, how long fixing takes, and which snapshots there
are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sre_findings.ask import doors
from sre_findings.ask.question import Changes, Nights, Operations, TimeToFix, Trend
from sre_findings.ask.sources import Sources
from sre_mcp.auth.bearer import OPERATIONS
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import AsOf, Dated, Narrowed, Paged, Word
from sre_mcp.tools.tool import Answered, Page, Tool

_Kind = Literal[
    "opened",
    "reopened",
    "resolved",
    "severity_raised",
    "severity_lowered",
    "fix_appeared",
    "exploit_appeared",
    "kev_appeared",
    "suppressed",
    "unsuppressed",
    "exposure_ended",
]
_Days = Annotated[int, Field(ge=1, le=3650, description="How many days back.")]


class WhatChanged(Paged, Dated, Narrowed):
    """Arguments of changes."""

    since: Annotated[
        AsOf,
        Field(
            description=(
                "From this night on: an id, a date, yesterday, -7d. Default: between the two newest"
                " complete ones."
            )
        ),
    ] = None
    kinds: Annotated[
        tuple[_Kind, ...],
        Field(
            strict=False, max_length=11, description="List only such events; the counts are of all."
        ),
    ] = ()


def changes(arguments: WhatChanged, page: Page, sources: Sources) -> Answered:
    """What changed."""
    question = Changes(
        arguments.since, arguments.as_of, arguments.kinds, page.end, arguments.narrow()
    )
    return answers.of_list(doors.ask("changes", question, sources), page.start)


class HowItWent(Paged, Dated):
    """Arguments of trend."""

    days: _Days = 90
    kind: Annotated[
        Literal["organization", "account", "region", "owner", "type", "resource"],
        Field(description="Of what; value names it."),
    ] = "organization"
    value: Annotated[
        Word | Literal[""],
        Field(description="The owner, account, region or type; empty for the organization."),
    ] = ""


def trend(arguments: HowItWent, page: Page, sources: Sources) -> Answered:
    """How it went."""
    question = Trend(arguments.days, arguments.kind, arguments.value, arguments.as_of)
    return answers.of_list(doors.ask("trend", question, sources), page.start)


class HowLong(Paged, Dated, Narrowed):
    """Arguments of time_to_fix."""

    by: Annotated[Literal["severity", "owner", "account"], Field(description="The groups.")] = (
        "severity"
    )
    days: _Days = 365


def time_to_fix(arguments: HowLong, page: Page, sources: Sources) -> Answered:
    """How long fixing takes."""
    question = TimeToFix(arguments.by, arguments.days, arguments.as_of, arguments.narrow())
    return answers.of_list(doors.ask("time-to-fix", question, sources), page.start)


class WhichNights(Paged):
    """Arguments of snapshots."""


def snapshots(_arguments: WhichNights, page: Page, sources: Sources) -> Answered:
    """Which snapshots there are."""
    return answers.of_list(doors.ask("snapshots", Nights(page.room, page.start), sources))


class WhoAsked(Paged):
    """Arguments of operations."""

    days: _Days = 7
    who: Annotated[Word | None, Field(description="Only what this caller asked.")] = None
    what: Annotated[Word | None, Field(description="Only calls of this tool.")] = None
    outcome: Annotated[
        Word | None, Field(description="Only calls that ended so: answered, usage, access_denied …")
    ] = None


def operations(arguments: WhoAsked, page: Page, sources: Sources) -> Answered:
    """Who asked what."""
    question = Operations(
        arguments.days, page.end, arguments.who, arguments.what, arguments.outcome
    )
    return answers.of_list(doors.ask("operations", question, sources), page.start)


TOOLS = (
    Tool(
        "changes",
        "What changed",
        "What happened between two nights: opened, reopened, resolved and why (patched, terminated,"
        " not_scanned, or unknown where nothing proves a fix), severities raised, fixes and"
        " exploits that appeared. Use it for nightly briefs.",
        WhatChanged,
        schemas.listed("events", counts=schemas.OBJECT, since=schemas.MAYBE_OBJECT),
        changes,
    ),
    Tool(
        "trend",
        "How it went",
        "Counts night by night, with what came and what went. Nights without a snapshot are named"
        " and not filled.",
        HowItWent,
        schemas.listed("nights"),
        trend,
    ),
    Tool(
        "time_to_fix",
        "How long fixing takes",
        "Days from first seen to patched, median and 90 %, with findings that are still open"
        " counted for as long as they are (Kaplan-Meier), by severity, owner or account.",
        HowLong,
        schemas.listed("groups"),
        time_to_fix,
    ),
    Tool(
        "snapshots",
        "List snapshots",
        "The committed snapshots, newest first, with state, reasons and totals. Their ids go into"
        " as_of of every other tool.",
        WhichNights,
        schemas.listed("snapshots"),
        snapshots,
    ),
    Tool(
        "operations",
        "Who asked what",
        "The calls of this server's tools, newest first: who, what, arguments, from where it was"
        " answered, in how many milliseconds (took), and how it ended. Needs the scope"
        " operations:read.",
        WhoAsked,
        schemas.listed("operations"),
        operations,
        scope=OPERATIONS,
    ),
)
