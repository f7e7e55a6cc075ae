"""What tools take: checked where it enters, and nothing else is taken. The schemas that clients see
are made from these."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sre_findings.ask.cursors import LONGEST as LONGEST_CURSOR
from sre_findings.ask.question import Narrow
from sre_findings.model.errors import UsageError
from sre_findings.model.resources import resource
from sre_reports.formats.registry import FORMS

DEFAULT_BUDGET, LARGEST_BUDGET = 8_000, 50_000
MOST = 1_000_000  # items that anybody may ask for, page by page
_NOT_IN_QUERY = {"cursor", "token_budget"}


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _no_null(text: str) -> str:
    if "\0" in text:
        raise ValueError("has a NUL character in it")
    return text


def _type(text: str) -> str:
    try:
        return resource.parse_type(text)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _form(text: str) -> str:
    if text not in FORMS:
        raise ValueError(f"is none of {', '.join(FORMS)}")
    return text


Form = Annotated[
    str, AfterValidator(_form), WithJsonSchema({"type": "string", "enum": list(FORMS)})
]
Text = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_no_null)]
Word = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_no_null)]
Severity = Annotated[
    Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED"],
    BeforeValidator(_upper),
]
Status = Annotated[Literal["ACTIVE", "SUPPRESSED", "CLOSED"], BeforeValidator(_upper)]
ResourceType = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_type)]
Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]

Severities = Annotated[
    tuple[Severity, ...],
    Field(strict=False, max_length=6, description="Only these; empty means all."),
]
Statuses = Annotated[
    tuple[Status, ...], Field(strict=False, max_length=3, description="Statuses of findings.")
]
Types = Annotated[
    tuple[ResourceType, ...],
    Field(
        strict=False,
        max_length=20,
        description=f"{', '.join(resource.WORDS)}, or a type as Inspector writes it.",
    ),
]
Owners = Annotated[
    tuple[Word, ...],
    Field(strict=False, max_length=50, description="Only what these owners answer for."),
]
Reachable = Annotated[
    bool, Field(description="Only what Inspector saw reached at run time; notes count the rest.")
]
AsOf = Annotated[
    str | None,
    Field(
        max_length=64,
        description="An older night: a snapshot id, 2026-11-22, yesterday, -7d.",
    ),
]


class Arguments(BaseModel):
    """What every tool takes: nothing that it does not name, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Dated(Arguments):
    """A question about one night."""

    as_of: AsOf = None


class Paged(Arguments):
    """A question whose answer is a list, page by page."""

    count: Annotated[
        int, Field(ge=0, le=MOST, description="Items in all pages together; 0: all.")
    ] = 0
    cursor: Annotated[
        str | None,
        Field(
            max_length=LONGEST_CURSOR,
            description="page.next_cursor of the page before; every other argument as it was.",
        ),
    ] = None
    token_budget: Annotated[
        int,
        Field(
            ge=500,
            le=LARGEST_BUDGET,
            description="Tokens that one page's structured content may take.",
        ),
    ] = DEFAULT_BUDGET

    def query(self) -> str:
        """The question in one text, for cursors: what must stay the same from page to page."""
        return json.dumps(self.model_dump(mode="json", exclude=_NOT_IN_QUERY), sort_keys=True)


class Narrowed(Arguments):
    """A question about a part of the estate."""

    owners: Owners = ()
    accounts: Annotated[
        tuple[Account, ...], Field(strict=False, max_length=100, description="AWS accounts.")
    ] = ()
    regions: Annotated[
        tuple[Region, ...], Field(strict=False, max_length=40, description="AWS regions.")
    ] = ()

    def narrow(self) -> Narrow:
        """The same for ask."""
        return Narrow(tuple(self.owners), tuple(self.accounts), tuple(self.regions))
