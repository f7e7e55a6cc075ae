"""The parameters of SQL queries that select rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sre_findings.model.resources.resource import Resource


UNASSIGNED = "unassigned"
"""The owner that selects the resources without an owner, in any case of letters."""


def parameters(**filters: Sequence[str]) -> dict[str, list[str] | None]:
    """Returns the SQL parameters of these filters, with None for an empty one.

    The owner ``unassigned`` selects the resources without an owner.
    """
    return {
        name: (owner_values(values) if name == "owners" else list(values)) or None
        for name, values in filters.items()
    }


def owner_values(owners: Sequence[str]) -> list[str]:
    """Returns the values of these owners in SQL: those without an owner have an empty one."""
    return [
        value for owner in owners for value in ([owner, ""] if is_unassigned(owner) else [owner])
    ]


def is_unassigned(owner: str) -> bool:
    """Whether this owner of a filter selects the resources without an owner."""
    return owner.casefold() == UNASSIGNED


def resource_parameters(one: Resource) -> dict[str, str]:
    """Returns the SQL parameters that select one resource."""
    return {
        "resource_id": one.resource_id,
        "resource_type": one.resource_type,
        "account_id": one.account_id,
        "region": one.region,
    }
