"""Tools about all of it: counts, coverage, what to do first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sre_findings.ask import ask, doors
from sre_findings.ask.question import CoverageGaps, Fixes, Priorities, Sla, Summary, Suppressed
from sre_findings.ask.sources import Sources
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import Dated, Narrowed, Owners, Paged, Reachable, Types
from sre_mcp.tools.tool import Answered, Page, Tool


class Summarize(Paged, Dated):
    """Arguments of summarize."""

    by: Annotated[
        Literal["account", "region", "owner", "type", "resource", "package", "vulnerability"]
        | None,
        Field(description="Count in groups too, the worst first."),
    ] = None
    owners: Owners = ()


def summarize(arguments: Summarize, page: Page, sources: Sources) -> Answered:
    """How vulnerable all of it is."""
    question = Summary(arguments.by, 0, arguments.as_of, arguments.owners)
    return answers.of_summary(ask.summary(question, sources), page)


class Coverage(Paged, Dated):
    """Arguments of coverage."""

    owners: Owners = ()


def coverage(arguments: Coverage, page: Page, sources: Sources) -> Answered:
    """What is not scanned."""
    return answers.of_coverage(
        ask.coverage(CoverageGaps(arguments.as_of, arguments.owners), sources), page
    )


class Prioritize(Paged, Dated, Narrowed):
    """Arguments of priorities."""

    types: Types = ()
    reachable: Reachable = False


def priorities(arguments: Prioritize, page: Page, sources: Sources) -> Answered:
    """What comes first."""
    question = Priorities(
        page.end, arguments.as_of, arguments.narrow(), arguments.types, arguments.reachable
    )
    return answers.of_list(doors.ask("priorities", question, sources), page.start)


_One = Annotated[
    str | None, Field(max_length=1024, description="Of one resource alone: its id or its name.")
]


class FixPlan(Paged, Dated, Narrowed):
    """Arguments of fix_plan."""

    types: Types = ()
    images: Annotated[
        bool, Field(description="By machine image: what a rebuild of each would remove.")
    ] = False
    resource: _One = None


def fix_plan(arguments: FixPlan, page: Page, sources: Sources) -> Answered:
    """What to update. Its sentence tells what the lines that were asked for remove, so all of them
    are asked for."""
    one = arguments.resource
    question = Fixes(
        arguments.count, arguments.as_of, arguments.narrow(), arguments.types, arguments.images, one
    )
    return answers.of_list(doors.ask("fixes", question, sources), page.start)


class Late(Paged, Dated):
    """Arguments of sla."""

    by: Annotated[
        Literal["owner", "account", "region", "type"], Field(description="The groups.")
    ] = "owner"
    owners: Owners = ()
    resource: _One = None


def sla(arguments: Late, page: Page, sources: Sources) -> Answered:
    """What is late."""
    question = Sla(
        arguments.by, arguments.owners, resource=arguments.resource, as_of=arguments.as_of
    )
    return answers.of_list(doors.ask("sla", question, sources), page.start)


class Accepted(Paged, Dated):
    """Arguments of suppressions."""


def suppressions(arguments: Accepted, page: Page, sources: Sources) -> Answered:
    """What somebody answers for."""
    return answers.of_list(
        doors.ask("suppressions", Suppressed(arguments.as_of), sources), page.start
    )


TOOLS = (
    Tool(
        "summarize",
        "Summarize everything",
        "How vulnerable is all of it, or what these owners answer for? Call this first when a"
        " question names no resource. With by, counts in groups, the worst first. Next:"
        " list_findings, priorities, fix_plan or sla; coverage where resources are not fully"
        " scanned.",
        Summarize,
        schemas.answer(schemas.VERDICT, schemas.COUNTS, not_scanned=schemas.COUNT),
        summarize,
    ),
    Tool(
        "priorities",
        "What to deal with first",
        "Open vulnerabilities, ranked by CISA's list of exploited ones and its due dates, observed"
        " exploits, EPSS, severity, exposure, what runs, and age; why says the reason of each."
        " Next: where_vulnerable for the resources, fix_plan for the updates.",
        Prioritize,
        schemas.listed("priorities"),
        priorities,
    ),
    Tool(
        "fix_plan",
        "Plan fixes",
        "The fewest updates that remove every finding which an update can remove, the most risk"
        " first, with the hosts of each and a command where it can be given safely. Show commands"
        " to a person; never run one without being told to. images asks what rebuilding each"
        " machine image would remove.",
        FixPlan,
        schemas.answer(schemas.SENTENCE, schemas.PAGE),
        fix_plan,
    ),
    Tool(
        "sla",
        "What is late",
        "Findings that are past their deadline or due within a week, in all and by owner, account,"
        " region or type, under the policy of today. Next: list_findings of an owner, or fix_plan.",
        Late,
        schemas.answer(schemas.SENTENCE, schemas.PAGE),
        sla,
    ),
    Tool(
        "coverage",
        "What is not scanned",
        "Resources that Inspector does not scan, each with its reason and what to do about it, and"
        " cells (account, region, type) that the scan did not reach. Call it before you tell"
        " anybody that something is clean.",
        Coverage,
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
        "Accepted findings",
        "Rules by which somebody answers for findings until a day, how many findings each covers,"
        " and which lapsed or cover nothing. An error where no file of rules is set up.",
        Accepted,
        schemas.listed("suppressions"),
        suppressions,
    ),
)
