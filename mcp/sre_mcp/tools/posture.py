"""Tools about the security posture of all resources: counts, coverage, priorities and fixes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    CoverageGaps,
    FixEffects,
    Fixes,
    ImageFixes,
    Priorities,
    Sla,
    Summary,
    SuppressionList,
)
from sre_findings.sources.sources import Sources
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import Dated, Narrowed, Owners, Paged, Reachable, Types
from sre_mcp.tools.tool import Page, Tool, ToolAnswer


class SummarizeArguments(Paged, Dated):
    """Arguments of summarize."""

    by: Annotated[
        Literal["account", "region", "owner", "type", "resource", "package", "vulnerability"]
        | None,
        Field(description="Also count by group, worst first."),
    ] = None
    owners: Owners = ()


def summarize(arguments: SummarizeArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the counts of open findings for all resources or some owners."""
    question = Summary(arguments.by, 0, arguments.as_of, arguments.owners)
    return answers.of_summary(ask(question, sources), page)


class CoverageArguments(Paged, Dated):
    """Arguments of coverage."""

    owners: Owners = ()


def coverage(arguments: CoverageArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the coverage gaps."""
    return answers.of_coverage(ask(CoverageGaps(arguments.as_of, arguments.owners), sources), page)


_One = Annotated[
    str | None, Field(max_length=1024, description="Limit to one resource, by ID or name.")
]


class PrioritiesArguments(Paged, Dated, Narrowed):
    """Arguments of priorities."""

    resource: _One = None
    kev: Annotated[bool, Field(description="Only CISA KEV.")] = False
    exploitable: Annotated[bool, Field(description="Only with an exploit.")] = False
    exposed: Annotated[bool, Field(description="Only if reachable from the internet.")] = False
    types: Types = ()
    reachable: Reachable = False


def priorities(arguments: PrioritiesArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the risk ranking of vulnerabilities."""
    question = Priorities(
        page.end,
        arguments.as_of,
        arguments.filters(),
        arguments.types,
        arguments.reachable,
        arguments.kev,
        arguments.exploitable,
        arguments.exposed,
        arguments.resource,
    )
    return answers.of_list(ask(question, sources), page.start)


class FixPlanArguments(Paged, Dated, Narrowed):
    """Arguments of fix_plan."""

    types: Types = ()
    images: Annotated[
        bool, Field(description="Group by machine image: what a rebuild of each would resolve.")
    ] = False
    resource: _One = None
    applied: Annotated[
        int | None, Field(ge=1, le=10_000, description="What remains if this many are applied.")
    ] = None


def fix_plan(arguments: FixPlanArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the fix plan. All lines are queried, since the headline sums up some of them."""
    asked = arguments.count, arguments.as_of, arguments.filters(), arguments.types
    if arguments.images:
        return answers.of_list(ask(ImageFixes(*asked), sources), page.start)
    if arguments.applied:
        effects = FixEffects(arguments.applied, *asked[1:], arguments.resource)
        return answers.of_list(ask(effects, sources), page.start)
    return answers.of_list(ask(Fixes(*asked, arguments.resource), sources), page.start)


class SlaArguments(Paged, Dated):
    """Arguments of sla."""

    by: Annotated[Literal["owner", "account", "region", "type"], Field(description="Group by.")] = (
        "owner"
    )
    owners: Owners = ()
    resource: _One = None


def sla(arguments: SlaArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns overdue findings and findings due within a week."""
    question = Sla(
        arguments.by, arguments.owners, resource=arguments.resource, as_of=arguments.as_of
    )
    return answers.of_list(ask(question, sources), page.start)


class SuppressionsArguments(Paged, Dated):
    """Arguments of suppressions."""


def suppressions(arguments: SuppressionsArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns accepted risks."""
    return answers.of_list(ask(SuppressionList(arguments.as_of), sources), page.start)


TOOLS = (
    Tool(
        "summarize",
        "Summarize open findings",
        "Counts open findings of all resources, or of some owners. Call this first when a question"
        " names no resource. With by, it also counts by group, worst first. Next: list_findings,"
        " priorities, fix_plan or sla; coverage if some are not fully scanned.",
        SummarizeArguments,
        schemas.answer(schemas.VERDICT, schemas.COUNTS, not_scanned=schemas.COUNT),
        summarize,
    ),
    Tool(
        "priorities",
        "Rank vulnerabilities by risk",
        "Ranks open vulnerabilities (of one resource, if given) by CISA KEV and its due"
        " dates, observed exploitation, EPSS, severity, internet exposure, use at run time, and"
        " age; why gives the reasons. Call it for what to do first. Next: where_vulnerable for"
        " affected resources, fix_plan for updates.",
        PrioritiesArguments,
        schemas.listed("priorities"),
        priorities,
    ),
    Tool(
        "fix_plan",
        "Plan fixes",
        "Returns the smallest set of updates found that resolves every finding with a known"
        " update: most KEV findings first, then most risk; with the number of resources and a"
        " command if it is safe to paste. Show commands to the user; never run one unasked. images"
        " shows what a rebuild of each machine image would resolve. For single vulnerabilities use"
        " priorities.",
        FixPlanArguments,
        schemas.answer(schemas.SENTENCE, schemas.PAGE),
        fix_plan,
    ),
    Tool(
        "sla",
        "Count overdue findings",
        "Counts findings that are overdue or due within a week, in total and by owner, account,"
        " region or type, under the current SLA policy. Next: priorities of an owner.",
        SlaArguments,
        schemas.answer(schemas.SENTENCE, schemas.PAGE),
        sla,
    ),
    Tool(
        "coverage",
        "List coverage gaps",
        "Lists resources that Inspector does not fully scan, with the reason and the remedy, and"
        " cells (account, region, type) that the scan could not read. Call it before you report"
        " that something is clean.",
        CoverageArguments,
        schemas.answer(
            schemas.PAGE,
            scanned=schemas.COUNT,
            not_scanned=schemas.COUNT,
            gaps=schemas.ITEMS,
            cells=schemas.ITEMS,
        ),
        coverage,
    ),
    Tool(
        "suppressions",
        "List accepted risks",
        "Lists the rules that accept risks until a date, with the number of findings that each"
        " covers, and rules that are expired or match nothing. An error if no suppressions file is"
        " configured.",
        SuppressionsArguments,
        schemas.listed("suppressions"),
        suppressions,
    ),
)
