"""The types of the answer to ``Operations``: the audit log."""

from collections.abc import Mapping
from typing import Any, TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class OperationItem(TypedDict):
    """One call of a tool: the JSON of an ``Operation``, which documents the fields.

    ``at`` is ISO 8601, ``took`` is in milliseconds, and ``arguments`` are those of the tool.
    """

    at: str
    id: str
    who: str
    what: str
    outcome: str
    took: int
    arguments: Mapping[str, Any]
    source: str | None
    snapshot_id: str | None
    rows: int


class OperationsFacts(TypedDict):
    """``days`` is the number of days requested, including today."""

    days: int


OperationsAnswer: TypeAlias = ListAnswer[OperationItem, OperationsFacts]
