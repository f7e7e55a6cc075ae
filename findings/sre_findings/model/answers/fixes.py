"""The types of the answers to ``Fixes``, ``FixEffects`` and ``ImageFixes``."""

from collections.abc import Sequence
from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class FixPackage(TypedDict):
    """A package to upgrade, and the version that resolves the findings."""

    manager: str
    name: str
    fixed_in: str


class Host(TypedDict):
    """A resource that needs the upgrade."""

    resource_id: str
    name: str | None
    account_id: str
    region: str


class Fix(TypedDict):
    """One step of the fix plan: packages to upgrade together. ``place`` is its position from 1.

    ``what`` names the packages in brief; ``command`` is None if no safe command can be built.
    ``findings``, ``critical``, ``high`` and ``kev`` count the findings that the step resolves;
    ``risk`` is their total weight. ``resources`` counts the resources, and ``hosts`` lists the
    first of them. ``reboot`` is true if the upgrade takes effect after a restart.
    """

    place: int
    what: str
    advice: str
    command: str | None
    kind: str
    platform: str | None
    packages: Sequence[FixPackage]
    resources: int
    findings: int
    critical: int
    high: int
    kev: int
    risk: float
    reboot: bool
    hosts: Sequence[Host]


class FixesFacts(TypedDict):
    """Totals over all steps: findings resolved, those of them in KEV, and packages to upgrade."""

    removable: int
    kev: int
    upgrades: int


FixesAnswer: TypeAlias = ListAnswer[Fix, FixesFacts]


class ImageFix(TypedDict):
    """One machine image: the instances that run it, and the findings that a rebuild resolves."""

    image_id: str
    owner: str | None
    account_id: str
    region: str
    platform: str | None
    instances: int
    findings: int
    critical: int
    high: int
    kev: int
    advice: str


class ImageFixesFacts(TypedDict):
    """The findings that a rebuild of all images resolves."""

    removable: int


ImageFixesAnswer: TypeAlias = ListAnswer[ImageFix, ImageFixesFacts]


class Effect(TypedDict):
    """Open findings, those resolved, and of the remaining the ones in KEV and overdue.

    ``overdue_in_7_days`` and ``overdue_in_30_days`` count those that become overdue until then.
    ``no_due_date`` are never counted as overdue, ``kev_unchecked`` never as in KEV.
    ``next_due_on`` is the next due date, None if there is none.
    """

    findings: int
    resolved: int
    remaining: int
    kev: int
    kev_unchecked: int
    overdue: int
    overdue_in_7_days: int
    overdue_in_30_days: int
    no_due_date: int
    next_due_on: str | None


class FixEffect(Effect):
    """The findings of one severity."""

    severity: str | None


class FixEffectsFacts(Effect):
    """All findings; the updates ``applied`` of all ``upgrades`` of the plan, and the day."""

    applied: int
    upgrades: int
    today: str


FixEffectsAnswer: TypeAlias = ListAnswer[FixEffect, FixEffectsFacts]
