"""Tools about one resource, one finding, and findings wherever they are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sre_findings.ask import ask, doors, one_finding
from sre_findings.ask.question import (
    CACHED,
    EITHER,
    LIVE,
    AboutResource,
    AsFile,
    Exposure,
    Listed,
    OneFinding,
    Rows,
    WholeRows,
)
from sre_findings.ask.sources import Sources
from sre_findings.model.errors import UsageError
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import (
    Dated,
    Form,
    Narrowed,
    Paged,
    Reachable,
    Region,
    Severities,
    Statuses,
    Text,
    Types,
    Word,
)
from sre_mcp.tools.tool import Answered, Page, Tool
from sre_reports.formats.registry import FORMS

_FINDING = 500  # bytes of JSON: twenty-one names and an ARN alone take as many
_WIRE = ("findingArn", "severity", "status", "title")
_FILTERED = (
    "severities",
    "statuses",
    "types",
    "accounts",
    "regions",
    "owners",
    "as_of",
    "reachable",
)


class CheckResource(Paged, Dated):
    """Arguments of check_resource."""

    resource_id: Annotated[
        Text,
        Field(
            description=(
                "An id or ARN; a Name tag, function or project name; an image as repository:tag, by"
                " digest or by its registry address; an IP address. Where several resources fit,"
                " the error lists candidates to ask with."
            )
        ),
    ]
    severities: Severities = ()
    suppressed: Annotated[bool, Field(description="List suppressed findings too.")] = False
    reachable: Reachable = False
    live: Annotated[
        bool | None,
        Field(
            description=(
                "true asks Amazon Inspector itself, now; false asks the snapshot only; left out,"
                " the snapshot answers, and Inspector where the snapshot cannot tell. Where"
                " Inspector does not answer, the snapshot does, and stale is true."
            )
        ),
    ] = None
    region: Annotated[
        Region | None,
        Field(description="Where to ask live, if the snapshot does not know the resource."),
    ] = None
    context: Annotated[
        bool,
        Field(
            description=(
                "Add what AWS says now: an image's clusters; an EC2 instance's state, patches,"
                " agent, CPU."
            )
        ),
    ] = False


def check_resource(arguments: CheckResource, page: Page, sources: Sources) -> Answered:
    """How vulnerable one resource is."""
    question = AboutResource(
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
    return answers.of_resource(ask.about_resource(question, sources), sources.made)


class GetFinding(Dated):
    """Arguments of get_finding."""

    finding_arn: Annotated[
        Text | None, Field(description="The finding's ARN. Or give the other two.")
    ] = None
    resource_id: Annotated[
        Text | None, Field(description="A resource's id or name, together with vulnerability_id.")
    ] = None
    vulnerability_id: Annotated[
        Text | None, Field(description="A vulnerability's id, such as CVE-2021-44228.")
    ] = None


def get_finding(arguments: GetFinding, _page: Page, sources: Sources) -> Answered:
    """One finding, whole."""
    question = OneFinding(
        arguments.finding_arn, arguments.resource_id, arguments.vulnerability_id, arguments.as_of
    )
    return answers.of_finding(one_finding.one_finding(question, sources))


class ListFindings(Paged, Dated, Narrowed):
    """Arguments of list_findings."""

    severities: Severities = ()
    statuses: Statuses = ("ACTIVE",)
    types: Types = ()
    fixable: Annotated[bool, Field(description="Only findings that an update removes.")] = False
    exploitable: Annotated[bool, Field(description="Only findings with a known exploit.")] = False
    reachable: Reachable = False


def list_findings(arguments: ListFindings, page: Page, sources: Sources) -> Answered:
    """Findings of the whole estate."""
    question = Listed(
        page.room,
        page.start,
        arguments.severities,
        arguments.statuses,
        arguments.types,
        arguments.narrow(),
        fixable=arguments.fixable,
        exploitable=arguments.exploitable,
        reachable=arguments.reachable,
        as_of=arguments.as_of,
    )
    return answers.of_findings(doors.ask("findings", question, sources))


class WhereVulnerable(Paged, Dated, Narrowed):
    """Arguments of where_vulnerable."""

    text: Annotated[
        Text,
        Field(
            description=(
                "A vulnerability's id (CVE-2021-44228) or a package by its name or a word of it"
                " (openssl, log4j)."
            )
        ),
    ]
    reachable: Reachable = False


def where_vulnerable(arguments: WhereVulnerable, page: Page, sources: Sources) -> Answered:
    """Where a vulnerability or a package is."""
    question = Exposure(
        arguments.text, page.end, arguments.as_of, arguments.narrow(), arguments.reachable
    )
    return answers.of_list(doors.ask("where", question, sources), page.start)


class Export(Paged, Dated, Narrowed):
    """Arguments of export."""

    resource_id: Annotated[
        Text | None, Field(description="Findings of this resource only: its id or name.")
    ] = None
    severities: Severities = ()
    statuses: Statuses = ("ACTIVE",)
    types: Types = ()
    reachable: Reachable = False
    format: Annotated[
        Form | None,
        Field(
            description=(
                "All of them as a file, fetched from file.url, or file.path of this server, with"
                " GET and this token."
            )
        ),
    ] = None
    columns: Annotated[
        Literal["inspector", "full"] | None, Field(description="Of csv and xlsx.")
    ] = None
    excel: Annotated[bool, Field(description="csv with a byte order mark.")] = False
    raw: Annotated[bool, Field(description="csv without the guard against formulas.")] = False
    author: Annotated[
        Word | None, Field(description="Who says so, in openvex. Default: the token's name.")
    ] = None


def export(arguments: Export, page: Page, sources: Sources) -> Answered:
    """Whole findings, page by page or as a file."""
    filters: dict[str, Any] = {name: getattr(arguments, name) for name in _FILTERED}
    rows, options = Rows(text=arguments.resource_id, **filters), _options(arguments)
    if arguments.format:
        return answers.of_file(doors.ask("file", AsFile(rows, arguments.format, options), sources))
    question = WholeRows(rows, page.room, page.start)
    return answers.of_list(doors.ask("export", question, sources), columns=_WIRE)


def _options(arguments: Export) -> dict[str, Any]:
    """Those that were given. Raises UsageError for one that the format would ignore."""
    given = {
        name: value
        for name in ("columns", "excel", "raw", "author")
        if (value := getattr(arguments, name))
    }
    known = FORMS[arguments.format].options if arguments.format else ()
    if strange := [name for name in given if name not in known]:
        fit = ", ".join(form.name for form in FORMS.values() if strange[0] in form.options)
        why, do = f"it is for {fit}", f"Leave out {strange[0]}."
        raise UsageError(
            f"{strange[0]} means nothing to {arguments.format or 'pages'}", why=why, do=do
        )
    return given


TOOLS = (
    Tool(
        "check_resource",
        "Check one resource",
        "How vulnerable is this instance, image or function? Call this first when a question names"
        " a resource. The verdict is vulnerable, clean or unknown; unknown says why (not scanned,"
        " no such resource, snapshot too old …) and is never clean. Findings are listed worst"
        " first, with the fixed version. Next: get_finding for one finding whole, fix_plan for what"
        " to update, where_vulnerable for where else a vulnerability is. A name that fits several"
        " resources is an error that lists their ids: ask again with one.",
        CheckResource,
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
        "Findings of the whole estate or a part of it, worst first, with exact totals. Use it for"
        " questions such as: which critical findings of payments have a fix? For counts alone use"
        " summarize; for one resource check_resource; for one vulnerability where_vulnerable."
        " Filters narrow everything, totals too.",
        ListFindings,
        schemas.listed("findings"),
        list_findings,
        smallest=_FINDING,
    ),
    Tool(
        "get_finding",
        "Get one finding",
        "One finding, whole: description, scores, references, remediation and every field that"
        " Inspector sent (wire). Name it by finding_arn from another answer, or by resource_id and"
        " vulnerability_id. found is false where there is none.",
        GetFinding,
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
        "Find a vulnerability or package",
        "Where in the estate is this CVE, or this package with any open finding? None found is told"
        " together with what was not scanned: it is no proof of absence. Next: fix_plan, or"
        " check_resource for one of the resources.",
        WhereVulnerable,
        schemas.listed("findings"),
        where_vulnerable,
    ),
    Tool(
        "export",
        "Export findings",
        "Whole findings as Inspector sent them, in the order of an export, page by page; or, with"
        " format, the reference of a file that has them all. Large: prefer list_findings unless"
        " every field is needed.",
        Export,
        schemas.listed("findings", file=schemas.MAYBE_OBJECT),
        export,
    ),
)
