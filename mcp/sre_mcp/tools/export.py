"""The tool that exports findings, in pages or as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sre_findings.model.errors import UsageError
from sre_findings.model.text import phrase
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    ExportFile,
    ExportFilters,
    ExportPage,
)
from sre_findings.sources.sources import Sources
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import (
    Dated,
    Form,
    Narrowed,
    Paged,
    Reachable,
    Severities,
    Statuses,
    Text,
    Types,
    Word,
)
from sre_mcp.tools.tool import Page, Tool, ToolAnswer
from sre_reports.formats.registry import FORMS

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


class ExportArguments(Paged, Dated, Narrowed):
    """Arguments of export."""

    resource_id: Annotated[
        Text | None, Field(description="Findings of one resource only, by ID or name.")
    ] = None
    severities: Severities = ()
    statuses: Statuses = ("ACTIVE",)
    types: Types = ()
    reachable: Reachable = False
    format: Annotated[
        Form | None,
        Field(
            description=(
                "Return a link to a file with all findings: GET file.url, or file.path of this"
                " server, with the same token."
            )
        ),
    ] = None
    columns: Annotated[
        Literal["inspector", "full"] | None, Field(description="Columns of csv and xlsx.")
    ] = None
    excel: Annotated[bool, Field(description="csv: add a byte order mark.")] = False
    raw: Annotated[bool, Field(description="csv: do not escape formulas.")] = False
    author: Annotated[
        Word | None, Field(description="openvex: the author. Default: the token's name.")
    ] = None


def export(arguments: ExportArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns findings with all fields, in pages or as a file."""
    filters: dict[str, Any] = {name: getattr(arguments, name) for name in _FILTERED}
    rows, options = ExportFilters(text=arguments.resource_id, **filters), _options(arguments)
    if arguments.format:
        return answers.of_file(ask(ExportFile(rows, arguments.format, options), sources))
    question = ExportPage(rows, page.room, page.start)
    return answers.of_list(ask(question, sources), columns=_WIRE)


def _options(arguments: ExportArguments) -> dict[str, Any]:
    """Returns the options of the format. Raises UsageError for an option of another format."""
    given = {
        name: value
        for name in ("columns", "excel", "raw", "author")
        if (value := getattr(arguments, name))
    }
    known = FORMS[arguments.format].options if arguments.format else ()
    if strange := [name for name in given if name not in known]:
        fit = ", ".join(form.name for form in FORMS.values() if strange[0] in form.options)
        why, do = phrase("it is an option of {}", fit), phrase("Omit {}.", strange[0])
        raise UsageError(
            phrase("{} is not an option of {}", strange[0], (arguments.format or phrase("pages"))),
            why=why,
            do=do,
        )
    return given


TOOLS = (
    Tool(
        "export",
        "Export findings",
        "Returns findings with all fields from Inspector, in pages; or, with format, a link to a"
        " file with all of them. Answers are large: prefer list_findings unless you need all"
        " fields.",
        ExportArguments,
        schemas.listed("findings", file=schemas.MAYBE_OBJECT),
        export,
    ),
)
