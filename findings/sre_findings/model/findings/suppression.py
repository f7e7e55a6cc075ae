"""Suppressions: findings that somebody answers for until a day, with a reason, as rules in a file.

A rule hides as little as it says. Every key that it gives must fit; what a finding does not tell
fits no pattern; a rule that names packages covers a finding only if it covers each package of it;
and from the day after ``expires`` it hides nothing at all.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from sre_findings.model.findings.finding import Finding

# OpenVEX 0.2.0, "Status Labels" and "Status Justifications".
AFFECTED, NOT_AFFECTED = "affected", "not_affected"
STATUSES = (AFFECTED, NOT_AFFECTED, "fixed", "under_investigation")
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)

_REMEMBERED = 1 << 16  # kinds of findings: a million findings are of some ten thousand
_SPECIAL = re.compile(r"[%_\\]")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Texts of which one must fit, to the letter; ``*`` is any run of characters, ``?`` any one.
    None given: all fits."""

    texts: tuple[str, ...] = ()
    _exact: frozenset[str] = field(init=False, repr=False, compare=False)
    _globs: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        globs = [_regex(text) for text in self.texts if is_glob(text)]
        object.__setattr__(
            self, "_exact", frozenset(text for text in self.texts if not is_glob(text))
        )
        object.__setattr__(self, "_globs", re.compile("|".join(globs)) if globs else None)

    def __bool__(self) -> bool:
        return bool(self.texts)

    def fits(self, value: str | None) -> bool:
        """Whether the value is meant. One that is not known, None or empty, never is, not even by
        ``*``."""
        if not self.texts or not value:
            return not self.texts
        return value in self._exact or (
            self._globs is not None and self._globs.match(value) is not None
        )

    @property
    def exact(self) -> frozenset[str] | None:
        """The texts, if all are exact; None if there is a glob among them, or nothing."""
        return self._exact if self.texts and self._globs is None else None

    @property
    def boundless(self) -> bool:
        """Whether it holds nothing back: not given, or a text of stars alone."""
        return not self.texts or any(not text.strip("*") for text in self.texts)

    def like(self) -> list[str] | None:
        r"""The same for SQL's LIKE with ``\`` as its escape; None where nothing is given."""
        return [
            _SPECIAL.sub(r"\\\g<0>", text).replace("*", "%").replace("?", "_")
            for text in self.texts
        ] or None


def is_glob(text: str) -> bool:
    """Whether a text stands for more than itself. Brackets are themselves: names hold them, and
    nobody misses ranges."""
    return "*" in text or "?" in text


def _regex(glob: str) -> str:
    """fnmatch's expression, which never backtracks over a star that is done."""
    return fnmatch.translate(glob.replace("[", "[[]"))


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a rule holds: each kind that is given must fit. A resource fits by its id or by its
    name."""

    accounts: Patterns = Patterns()
    regions: Patterns = Patterns()
    resources: Patterns = Patterns()
    types: Patterns = Patterns()
    owners: Patterns = Patterns()

    def holds(self, finding: Finding, owner: str | None) -> bool:
        """Whether the finding's resource is within."""
        return (
            self.accounts.fits(finding.account_id)
            and self.regions.fits(finding.region)
            and (
                self.resources.fits(finding.resource_id)
                or self.resources.fits(finding.resource_name)
            )
            and self.types.fits(finding.resource_type)
            and self.owners.fits(owner)
        )

    @property
    def boundless(self) -> bool:
        """Whether it is everywhere."""
        return all(getattr(self, kind.name).boundless for kind in fields(self))


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule. ``index`` is its place among the rules, from 0; ``line`` where it begins;
    ``expires`` its last day."""

    index: int
    line: int
    vulnerabilities: Patterns
    packages: Patterns
    reach: Reach
    reason: str
    owner: str
    expires: date
    status: str = AFFECTED
    justification: str | None = None
    impact: str | None = None

    def is_live(self, today: date) -> bool:
        """Whether it hides anything on this day."""
        return today <= self.expires

    def concerns(self, vulnerability_id: str | None, packages: Sequence[str]) -> bool:
        """Whether it is about this vulnerability, and about every one of these packages."""
        named = not self.packages or (bool(packages) and all(map(self.packages.fits, packages)))
        return named and self.vulnerabilities.fits(vulnerability_id)

    def covers(self, finding: Finding, owner: str | None) -> bool:
        """Whether it is about this finding, on any day."""
        names = [package.name for package in finding.packages]
        return self.concerns(finding.vulnerability_id, names) and self.reach.holds(finding, owner)

    @property
    def subject(self) -> str:
        """What it is about, for a person."""
        parts = [
            ", ".join(patterns.texts)
            for patterns in (self.vulnerabilities, self.packages)
            if patterns
        ]
        return " in ".join(parts)

    @property
    def hides_everything(self) -> bool:
        """Whether no finding of any package at any resource would be left."""
        return self.vulnerabilities.boundless and self.packages.boundless and self.reach.boundless


class Suppressions:
    """The rules of one file, in its order: the first live one that covers a finding hides it."""

    def __init__(self, rules: Sequence[Suppression] = (), file: str = "") -> None:
        self.rules, self.file = tuple(rules), file
        self._by_id: dict[str, list[Suppression]] = {}
        self._wide = [rule for rule in self.rules if rule.vulnerabilities.exact is None]
        for rule in self.rules:
            for vulnerability_id in rule.vulnerabilities.exact or ():
                self._by_id.setdefault(vulnerability_id, []).append(rule)
        self._remembered: dict[tuple[str | None, tuple[str, ...]], tuple[Suppression, ...]] = {}

    def __iter__(self) -> Iterator[Suppression]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def of(self, finding: Finding, owner: str | None, today: date) -> Suppression | None:
        """The first live rule that covers the finding of this owner's resource, or None."""
        for rule in self._about(
            finding.vulnerability_id, tuple([package.name for package in finding.packages])
        ):
            if rule.is_live(today) and rule.reach.holds(finding, owner):
                return rule
        return None

    def lapsed(self, today: date) -> tuple[Suppression, ...]:
        """Rules whose last day is over: they hide nothing any more."""
        return tuple(rule for rule in self.rules if not rule.is_live(today))

    def expiring(self, today: date, days: int = 14) -> tuple[Suppression, ...]:
        """Live rules whose last day comes within so many days."""
        soon = timedelta(days=days)
        return tuple(
            rule for rule in self.rules if rule.is_live(today) and rule.expires - today <= soon
        )

    def unused(self, used: Collection[int], today: date) -> tuple[Suppression, ...]:
        """Live rules whose index is not among those that hid something."""
        return tuple(rule for rule in self.rules if rule.is_live(today) and rule.index not in used)

    def warnings(
        self, today: date, used: Collection[int] | None = None, days: int = 14
    ) -> tuple[str, ...]:
        """What their owners should know, a sentence a rule: lapsed, expiring, and unused where
        ``used`` is told."""
        unused = () if used is None else self.unused(used, today)
        return (
            *(
                self._say(rule, f"lapsed on {rule.expires} and no longer applies")
                for rule in self.lapsed(today)
            ),
            *(self._say(rule, f"expires on {rule.expires}") for rule in self.expiring(today, days)),
            *(self._say(rule, "matches no finding") for rule in unused),
        )

    def rows(self, today: date) -> list[dict[str, Any]]:
        r"""The live rules for a SQL join: ``rule`` is the index; each other key is a list of LIKE
        patterns, or None if any value matches.

        A finding is accepted by the lowest ``rule`` that matches. The escape is ``\``, and unknown
        values match nothing: compare ``nullif(value, '')``.
        """
        return [_row(rule) for rule in self.rules if rule.is_live(today)]

    def _about(
        self, vulnerability_id: str | None, packages: tuple[str, ...]
    ) -> tuple[Suppression, ...]:
        """The rules that concern a vulnerability and its packages, remembered: findings of one kind
        are many."""
        found = self._remembered.get((vulnerability_id, packages))
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            near = (*self._by_id.get(vulnerability_id or "", ()), *self._wide)
            found = tuple(
                sorted(
                    (r for r in near if r.concerns(vulnerability_id, packages)),
                    key=lambda rule: rule.index,
                )
            )
            self._remembered[vulnerability_id, packages] = found
        return found

    def _say(self, rule: Suppression, what: str) -> str:
        return (
            f"{self.file}, line {rule.line}: the rule on {rule.subject} {what}; {rule.owner}"
            " owns it"
        )


def _row(rule: Suppression) -> dict[str, Any]:
    reach = {kind.name: getattr(rule.reach, kind.name).like() for kind in fields(rule.reach)}
    return {
        "rule": rule.index,
        "vulnerabilities": rule.vulnerabilities.like(),
        "packages": rule.packages.like(),
        **reach,
    }
