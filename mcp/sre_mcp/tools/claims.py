"""Tools about claims: their list, and the only tool that writes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sre_findings.queries import ask
from sre_findings.questions.catalogue import Claims, Take
from sre_findings.sources.sources import Sources
from sre_mcp.auth.bearer import CLAIMS
from sre_mcp.tools import answers, schemas
from sre_mcp.tools.arguments import Arguments, Paged, Text
from sre_mcp.tools.tool import Page, Tool, ToolAnswer


class ClaimsArguments(Paged):
    """Arguments of claims."""


def claims(_arguments: ClaimsArguments, page: Page, sources: Sources) -> ToolAnswer:
    """Returns the claims of open findings."""
    return answers.of_list(ask(Claims(page.end), sources), page.start)


class TakeArguments(Arguments):
    """Arguments of take."""

    resource_id: Annotated[Text, Field(description="ID or name.")]
    vulnerability_id: Annotated[Text, Field(description="Such as CVE-2021-44228.")]
    until: Annotated[
        str,
        Field(max_length=40, description="Last day: 2026-12-08, 7d, tomorrow. At most 30d."),
    ] = ""
    release: Annotated[bool, Field(description="Give it back.")] = False


def take(arguments: TakeArguments, _page: Page, sources: Sources) -> ToolAnswer:
    """Takes a finding for the client, or gives it back."""
    question = Take(**arguments.model_dump())
    return answers.of_taken(ask(question, sources))


TOOLS = (
    Tool(
        "claims",
        "List claims",
        "Lists who has taken which open finding until when, and claims that have lapsed: their last"
        " day is over.",
        ClaimsArguments,
        schemas.listed("claims", lapsed=schemas.COUNT),
        claims,
    ),
    Tool(
        "take",
        "Take a finding",
        "Records that the caller works on a finding until a day; it stays open and counted. Call it"
        " only if the user asks. done is false if another person has it. Needs the scope"
        " claims:write.",
        TakeArguments,
        schemas.answer(
            schemas.SENTENCE,
            claims=schemas.ITEMS,
            total_claims=schemas.COUNT,
            done={"type": "boolean"},
        ),
        take,
        scope=CLAIMS,
        writes=True,
    ),
)
