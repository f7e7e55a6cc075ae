"""Tools about resources and findings: one of them, and lists."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    CACHED,
    EITHER,
    LIVE,
    Exposure,
    FindingList,
    OneFinding,
    Vulnerabilities,
    VulnerabilityDetails,
)
from sre_findings.sources.sources import Sources
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import (
    Dated,
    Narrowed,
    Paged,
    Reachable,
    Region,
    Severities,
    Statuses,
    Text,
    Types,
)
from sre_mcp.tools.tool import Page, Tool, ToolAnswer

_FINDING = 500  # minimum bytes of JSON of a finding, for its field names and ARN alone


class CheckResourceArguments(Paged, Dated):
    """Arguments of check_resource."""

    resource_id: Annotated[
        Text,
        Field(
            description=(
                "An ID or ARN; a Name tag, function or project name; an image as repository:tag,"
                " digest or registry URI; or an IP address."
            )
        ),
    ]
    severities: Severities = ()
    suppressed: Annotated[bool, Field(description="Include suppressed findings.")] = False
    reachable: Reachable = False
    live: Annotated[
        bool | None,
        Field(
            description=(
                "true asks Amazon Inspector now; false the snapshot only. Default: the snapshot,"
                " or Inspector if the snapshot is not certain. If Inspector fails, the snapshot"
                " answers and stale is true."
            )
        ),
    ] = None
    region: Annotated[
        Region | None,
        Field(description="Region for a live query of a resource that is not in the snapshot."),
    ] = None
    context: Annotated[
        bool,
        Field(
            description=(
                "Add current data from AWS: the clusters that run an image; state, patches, SSM"
                " agent and CPU of an EC2 instance."
            )
        ),
    ] = False


def check_resource(arguments: CheckResourceArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the verdict and findings of one resource."""
    question = Vulnerabilities(
        text=arguments.resource_id,
        severities=arguments.severities,
        count=page.room,
        cursor=f"{page.snapshot_id}.{page.start}" if page.start else None,
        source={None: EITHER, True: LIVE, False: CACHED}[arguments.live],
        as_of=arguments.as_of,
        region=arguments.region,
        suppressed=arguments.suppressed,
        reachable=arguments.reachable,
        context=arguments.context,
    )
    return answers.of_resource(ask(question, sources), sources.caches.derived)


class GetFindingArguments(Dated):
    """Arguments of get_finding."""

    finding_arn: Annotated[
        Text | None,
        Field(description="The ARN of the finding. Alternative: the other two arguments."),
    ] = None
    resource_id: Annotated[
        Text | None, Field(description="ID or name of the resource; needs vulnerability_id.")
    ] = None
    vulnerability_id: Annotated[
        Text | None, Field(description="ID of the vulnerability, such as CVE-2021-44228.")
    ] = None


def get_finding(arguments: GetFindingArguments, _page: Page, sources: Sources) -> ToolAnswer:
    """Returns one finding with all fields."""
    question = OneFinding(
        arguments.finding_arn, arguments.resource_id, arguments.vulnerability_id, arguments.as_of
    )
    return answers.of_finding(ask(question, sources))


class ListFindingsArguments(Paged, Dated, Narrowed):
    """Arguments of list_findings."""

    severities: Severities = ()
    statuses: Statuses = ("ACTIVE",)
    types: Types = ()
    fixable: Annotated[bool, Field(description="Only fixable findings.")] = False
    exploitable: Annotated[bool, Field(description="Only findings with an available exploit.")] = (
        False
    )
    reachable: Reachable = False


def list_findings(arguments: ListFindingsArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns findings of all resources, or of some."""
    question = FindingList(
        page.room,
        page.start,
        arguments.severities,
        arguments.statuses,
        arguments.types,
        arguments.filters(),
        fixable=arguments.fixable,
        exploitable=arguments.exploitable,
        reachable=arguments.reachable,
        as_of=arguments.as_of,
    )
    return answers.of_findings(ask(question, sources))


class WhereVulnerableArguments(Paged, Dated, Narrowed):
    """Arguments of where_vulnerable."""

    text: Annotated[
        Text,
        Field(
            description=(
                "ID or well-known name of a vulnerability (CVE-2021-44228, Log4Shell), or name of a"
                " package or a part of it (openssl, log4j)."
            )
        ),
    ]
    reachable: Reachable = False
    details: Annotated[
        bool, Field(description="Also the scores, KEV, fix and references of a vulnerability.")
    ] = False


def where_vulnerable(
    arguments: WhereVulnerableArguments, page: Page, sources: Sources
) -> ToolAnswer:
    """Returns the resources affected by a vulnerability or a package."""
    asked = arguments.text, page.end, arguments.as_of, arguments.filters()
    if arguments.details:
        return answers.of_list(ask(VulnerabilityDetails(*asked), sources), page.start)
    return answers.of_list(ask(Exposure(*asked, arguments.reachable), sources), page.start)


TOOLS = (
    Tool(
        "check_resource",
        "Check one resource",
        "Returns how vulnerable an instance, image or function is. Call this first when a question"
        " names a resource. The verdict is vulnerable, clean or unknown; unknown has a reason (not"
        " scanned, no such resource, stale snapshot …) and is never clean. Findings are listed"
        " worst first, with the fixed version. Next: priorities with resource for what to do first,"
        " fix_plan for updates, get_finding for all fields of one finding. If a name matches"
        " several resources, the error lists their IDs.",
        CheckResourceArguments,
        schemas.answer(
            dict.fromkeys(
                ("resource_type", "name", "account_id", "account_name", "region"),
                schemas.MAYBE_TEXT,
            ),
            schemas.VERDICT,
            schemas.COUNTS,
            schemas.PAGE,
            resource_id=schemas.TEXT,
            coverage=schemas.ITEMS,
            findings=schemas.ITEMS,
            total_findings=schemas.COUNT,
            next_cursor=schemas.MAYBE_TEXT,
            stale={"type": "boolean"},
            live_error=schemas.MAYBE_TEXT,
            in_use=schemas.MAYBE_OBJECT,
        ),
        check_resource,
        wide=True,
        smallest=_FINDING,
    ),
    Tool(
        "list_findings",
        "List findings",
        "Lists findings of all resources, worst first, with exact totals. Use it for questions such"
        " as: which critical findings of payments have a fix? For counts only use summarize; for"
        " one resource check_resource; for one vulnerability where_vulnerable. Filters apply to"
        " totals too.",
        ListFindingsArguments,
        schemas.listed("findings"),
        list_findings,
        smallest=_FINDING,
    ),
    Tool(
        "get_finding",
        "Get one finding",
        "Returns one finding with its description, scores, references, remediation and all fields"
        " from Inspector (wire). Identify it by finding_arn from another answer, or by resource_id"
        " and vulnerability_id. found is false if there is no such finding.",
        GetFindingArguments,
        schemas.answer(
            found={"type": "boolean"},
            explanation=schemas.TEXT,
            finding=schemas.MAYBE_OBJECT,
            wire=schemas.MAYBE_OBJECT,
        ),
        get_finding,
    ),
    Tool(
        "where_vulnerable",
        "Find affected resources",
        "Lists the resources with open findings for a CVE or a package. If there are none, the"
        " answer names what was not scanned: that is no proof of absence. Next: fix_plan or"
        " check_resource.",
        WhereVulnerableArguments,
        schemas.listed("findings"),
        where_vulnerable,
    ),
)
