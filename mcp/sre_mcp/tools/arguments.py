"""The arguments of tools as pydantic models, which validate input.

Their schemas are published to clients.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sre_findings.model.errors import UsageError
from sre_findings.model.resources import resource
from sre_findings.questions.catalogue import Filters
from sre_findings.sources.cursors import LONGEST as LONGEST_CURSOR
from sre_reports.formats.registry import FORMS

DEFAULT_BUDGET, LARGEST_BUDGET = 8_000, 50_000
MOST = 1_000_000  # items in all pages of an answer
_NOT_IN_QUERY = {"cursor", "token_budget"}


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _no_null(text: str) -> str:
    if "\0" in text:
        raise ValueError("contains a NUL character")
    return text


def _type(text: str) -> str:
    try:
        return resource.parse_type(text)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _form(text: str) -> str:
    if text not in FORMS:
        raise ValueError(f"must be one of {', '.join(FORMS)}")
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
    Field(strict=False, max_length=6, description="Default: all."),
]
Statuses = Annotated[
    tuple[Status, ...], Field(strict=False, max_length=3, description="Filter by status.")
]
Types = Annotated[
    tuple[ResourceType, ...],
    Field(
        strict=False,
        max_length=20,
        description=f"Filter by type: {', '.join(resource.WORDS)}, or an Inspector type.",
    ),
]
Owners = Annotated[
    tuple[Word, ...],
    Field(
        strict=False,
        max_length=50,
        description="Owners; unassigned: without one.",
    ),
]
Reachable = Annotated[
    bool, Field(description="Only code in use at run time; notes count the rest.")
]
AsOf = Annotated[
    str | None,
    Field(
        max_length=64,
        description="Older snapshot: ID, 2026-11-22, friday, -7d.",
    ),
]


class Arguments(BaseModel):
    """Base of all arguments: unknown names and other types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Dated(Arguments):
    """Arguments of a query about one snapshot."""

    as_of: AsOf = None


class Paged(Arguments):
    """Arguments of a query with a paged list."""

    count: Annotated[int, Field(ge=0, le=MOST, description="Items at most; 0: all.")] = 0
    cursor: Annotated[
        str | None,
        Field(
            max_length=LONGEST_CURSOR,
            description="page.next_cursor",
        ),
    ] = None
    token_budget: Annotated[
        int,
        Field(
            ge=500,
            le=LARGEST_BUDGET,
            description="Tokens per page.",
        ),
    ] = DEFAULT_BUDGET

    def query(self) -> str:
        """Returns the arguments that must stay the same from page to page, as one string."""
        return json.dumps(self.model_dump(mode="json", exclude=_NOT_IN_QUERY), sort_keys=True)


class Narrowed(Arguments):
    """Arguments of a query that can be limited to some resources."""

    owners: Owners = ()
    accounts: Annotated[
        tuple[Account, ...],
        Field(strict=False, max_length=100, description="Filter by AWS account ID."),
    ] = ()
    regions: Annotated[
        tuple[Region, ...], Field(strict=False, max_length=40, description="Filter by AWS region.")
    ] = ()

    def filters(self) -> Filters:
        """Returns these filters for the query."""
        return Filters(tuple(self.owners), tuple(self.accounts), tuple(self.regions))
