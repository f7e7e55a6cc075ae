"""The types of the answer to ``ResourceDifferences``: what two resources differ in."""

from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Difference(TypedDict):
    """An open vulnerability in a package that only one of two resources has.

    ``only_on`` is first or second, and ``resource`` the name of this resource, or its ID if both
    have the same. ``suppressed_on_other`` is true if the other one has it, but suppressed. ``kev``
    is None if it was not checked, ``due`` None if there is no due date.
    """

    only_on: str
    resource: str
    severity: str
    vulnerability_id: str
    package: str | None
    installed: str | None
    fixed_in: str | None
    kev: bool | None
    kev_due: str | None
    due: str | None
    days_left: int | None
    overdue: bool | None
    exploit_available: str | None
    suppressed_on_other: bool
    title: str | None
    finding_arn: str


class Side(TypedDict):
    """One of the two resources.

    ``open`` and ``suppressed`` count its findings of the chosen severities. ``only`` counts by
    severity what only this one has, and ``only_kev`` how many of these are in KEV.
    ``unknown_because`` is why it may have more than is known, None if it is proven to have no more.
    """

    resource_id: str
    resource_name: str | None
    resource_type: str
    account_id: str
    region: str
    open: int
    suppressed: int
    only: Mapping[str, int]
    only_kev: int
    unknown_because: str | None


class DifferencesFacts(TypedDict):
    """The two resources, and what both have by severity and in KEV.

    ``same`` is true if it is proven that both have the same open vulnerabilities, false if it is
    proven that they differ, and None otherwise.
    """

    first: Side
    second: Side
    both: Mapping[str, int]
    both_kev: int
    same: bool | None


DifferencesAnswer: TypeAlias = ListAnswer[Difference, DifferencesFacts]
