"""Tools about history: changes, trend, time to remediate, snapshots and the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sre_findings.queries import ask
from sre_findings.questions.catalogue import Changes, Operations, SnapshotList, TimeToFix, Trend
from sre_findings.sources.sources import Sources
from sre_mcp.auth.bearer import OPERATIONS
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import AsOf, Dated, Narrowed, Paged, Word
from sre_mcp.tools.tool import Page, Tool, ToolAnswer

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
_Days = Annotated[int, Field(ge=1, le=3650, description="Number of days to look back.")]


class ChangesArguments(Paged, Dated, Narrowed):
    """Arguments of changes."""

    since: Annotated[
        AsOf,
        Field(
            description=(
                "Compare with this snapshot: ID, date, yesterday, friday, -7d. Default: the two"
                " newest complete ones."
            )
        ),
    ] = None
    kinds: Annotated[
        tuple[_Kind, ...],
        Field(strict=False, max_length=11, description="List only these events; counts cover all."),
    ] = ()


def changes(arguments: ChangesArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns changes between two snapshots."""
    question = Changes(
        arguments.since, arguments.as_of, arguments.kinds, page.end, arguments.filters()
    )
    return answers.of_list(ask(question, sources), page.start)


class TrendArguments(Paged, Dated):
    """Arguments of trend."""

    days: _Days = 90
    kind: Annotated[
        Literal["organization", "account", "region", "owner", "type", "resource"],
        Field(description="Kind of scope; value names it."),
    ] = "organization"
    value: Annotated[
        Word | Literal[""],
        Field(description="Owner, account, region, type or resource; empty for organization."),
    ] = ""


def trend(arguments: TrendArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns open findings by day."""
    question = Trend(arguments.days, arguments.kind, arguments.value, arguments.as_of)
    return answers.of_list(ask(question, sources), page.start)


class TimeToFixArguments(Paged, Dated, Narrowed):
    """Arguments of time_to_fix."""

    by: Annotated[Literal["severity", "owner", "account"], Field(description="Group by.")] = (
        "severity"
    )
    days: _Days = 365


def time_to_fix(arguments: TimeToFixArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the time to remediate."""
    question = TimeToFix(arguments.by, arguments.days, arguments.as_of, arguments.filters())
    return answers.of_list(ask(question, sources), page.start)


class SnapshotsArguments(Paged):
    """Arguments of snapshots."""


def snapshots(_arguments: SnapshotsArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the committed snapshots."""
    return answers.of_list(ask(SnapshotList(page.room, page.start), sources))


class OperationsArguments(Paged):
    """Arguments of operations."""

    days: _Days = 7
    who: Annotated[Word | None, Field(description="Filter by client.")] = None
    what: Annotated[Word | None, Field(description="Filter by tool.")] = None
    outcome: Annotated[
        Word | None, Field(description="Filter by outcome: answered, usage, access_denied …")
    ] = None


def operations(arguments: OperationsArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the audit log."""
    question = Operations(
        arguments.days, page.end, arguments.who, arguments.what, arguments.outcome
    )
    return answers.of_list(ask(question, sources), page.start)


TOOLS = (
    Tool(
        "changes",
        "Compare snapshots",
        "Lists changes between two snapshots: opened, reopened and resolved findings (reason:"
        " patched, terminated, not_scanned, or unknown if nothing proves a fix), raised severities,"
        " new fixes and exploits.",
        ChangesArguments,
        schemas.listed("events", counts=schemas.OBJECT, since=schemas.MAYBE_OBJECT),
        changes,
    ),
    Tool(
        "trend",
        "Show the trend",
        "Counts open, new and resolved findings by day. Days without a snapshot are listed, not"
        " estimated.",
        TrendArguments,
        schemas.listed("nights"),
        trend,
    ),
    Tool(
        "time_to_fix",
        "Show the time to remediate",
        "Days from the first observation to the patch: median and 90th percentile, by severity,"
        " owner or account. Open findings are included (Kaplan-Meier).",
        TimeToFixArguments,
        schemas.listed("groups"),
        time_to_fix,
    ),
    Tool(
        "snapshots",
        "List snapshots",
        "Lists the committed snapshots, newest first, with state, reasons and totals. Use their IDs"
        " as as_of of other tools.",
        SnapshotsArguments,
        schemas.listed("snapshots"),
        snapshots,
    ),
    Tool(
        "operations",
        "Show the audit log",
        "Lists calls of this server's tools, newest first: client, tool, arguments, source of the"
        " answer, duration in milliseconds (took), and outcome. Needs the scope operations:read.",
        OperationsArguments,
        schemas.listed("operations"),
        operations,
        scope=OPERATIONS,
    ),
)
