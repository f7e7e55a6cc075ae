"""The parameters of SQL queries that select rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sre_findings.model.resources.resource import Resource


def parameters(**filters: Sequence[str]) -> dict[str, list[str] | None]:
    """Returns the SQL parameters of these filters, with None for an empty one."""
    return {name: list(values) or None for name, values in filters.items()}


def resource_parameters(one: Resource) -> dict[str, str]:
    """Returns the SQL parameters that select one resource."""
    return {
        "resource_id": one.resource_id,
        "resource_type": one.resource_type,
        "account_id": one.account_id,
        "region": one.region,
    }
