"""Suppressions: rules in a file that accept the risk of findings until a date, with a reason.

A rule covers no more than it states. All of its keys must match; a pattern never matches an unknown
value; a rule that names packages covers a finding only if it covers every package of it. From the
day after ``expires`` on, a rule covers nothing.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from sre_findings.model.findings.finding import Finding
from sre_findings.model.text import phrase

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

_REMEMBERED = 1 << 16  # cached combinations; a million findings have some ten thousand
_SPECIAL = re.compile(r"[%_\\]")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns, one of which must match the whole value; without any, everything matches.

    ``*`` matches any number of characters, ``?`` any single one. Case matters.
    """

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
        """Whether the value matches. An unknown value, None or empty, never matches any pattern."""
        if not self.texts or not value:
            return not self.texts
        return value in self._exact or (
            self._globs is not None and self._globs.match(value) is not None
        )

    @property
    def exact(self) -> frozenset[str] | None:
        """The texts if none of them is a glob; None if there is a glob, or no text."""
        return self._exact if self.texts and self._globs is None else None

    @property
    def boundless(self) -> bool:
        """Whether everything matches: there is no pattern, or one that consists of stars only."""
        return not self.texts or any(not text.strip("*") for text in self.texts)

    def like(self) -> list[str] | None:
        r"""The patterns for SQL's LIKE, with ``\`` as the escape; None if there are none."""
        return [
            _SPECIAL.sub(r"\\\g<0>", text).replace("*", "%").replace("?", "_")
            for text in self.texts
        ] or None


def is_glob(text: str) -> bool:
    """Whether a text has wildcards. Brackets are literal, because names contain them."""
    return "*" in text or "?" in text


def _regex(glob: str) -> str:
    """The regular expression of a glob from fnmatch, which avoids excessive backtracking."""
    return fnmatch.translate(glob.replace("[", "[[]"))


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a rule applies: all given patterns must match. A resource matches by ID or name."""

    accounts: Patterns = Patterns()
    regions: Patterns = Patterns()
    resources: Patterns = Patterns()
    types: Patterns = Patterns()
    owners: Patterns = Patterns()

    def holds(self, finding: Finding, owner: str | None) -> bool:
        """Whether the finding's resource matches."""
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
        """Whether the rule applies everywhere."""
        return all(getattr(self, kind.name).boundless for kind in fields(self))


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule. ``index`` is its position from 0; ``line`` is where it begins in the file.

    ``expires`` is its last day.
    """

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
        """Whether the rule applies on this day."""
        return today <= self.expires

    def concerns(self, vulnerability_id: str | None, packages: Sequence[str]) -> bool:
        """Whether the rule covers this vulnerability and every one of these packages."""
        named = not self.packages or (bool(packages) and all(map(self.packages.fits, packages)))
        return named and self.vulnerabilities.fits(vulnerability_id)

    def covers(self, finding: Finding, owner: str | None) -> bool:
        """Whether the rule covers this finding, regardless of the date."""
        names = [package.name for package in finding.packages]
        return self.concerns(finding.vulnerability_id, names) and self.reach.holds(finding, owner)

    @property
    def subject(self) -> str:
        """The vulnerabilities and packages that it covers, as text."""
        parts = [
            ", ".join(patterns.texts)
            for patterns in (self.vulnerabilities, self.packages)
            if patterns
        ]
        return " in ".join(parts)

    @property
    def hides_everything(self) -> bool:
        """Whether the rule covers every finding of every resource."""
        return self.vulnerabilities.boundless and self.packages.boundless and self.reach.boundless


@dataclass(frozen=True, slots=True)
class RuleWarning:
    """Something that the owner of a rule should know: it lapsed, expires, or matches nothing.

    ``what`` completes a sentence about the rule.
    """

    rule: Suppression
    what: str

    @property
    def text(self) -> str:
        """The warning as a clause, without the place of the rule in its file."""
        return phrase(
            "the rule on {} {}; {} owns it", self.rule.subject, self.what, self.rule.owner
        )

    def text_in(self, file: str) -> str:
        """The warning as a clause that begins with the file and the line of the rule."""
        return phrase("{}, line {}: {}", file, self.rule.line, self.text)


class Suppressions:
    """The rules of one file, in order. The first live rule that matches a finding covers it."""

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
        """The first live rule that covers the finding, or None. ``owner`` owns the resource."""
        for rule in self._about(
            finding.vulnerability_id, tuple([package.name for package in finding.packages])
        ):
            if rule.is_live(today) and rule.reach.holds(finding, owner):
                return rule
        return None

    def lapsed(self, today: date) -> tuple[Suppression, ...]:
        """Rules whose last day has passed; they no longer apply."""
        return tuple(rule for rule in self.rules if not rule.is_live(today))

    def expiring(self, today: date, days: int = 14) -> tuple[Suppression, ...]:
        """Live rules that expire within this number of days."""
        soon = timedelta(days=days)
        return tuple(
            rule for rule in self.rules if rule.is_live(today) and rule.expires - today <= soon
        )

    def unused(self, used: Collection[int], today: date) -> tuple[Suppression, ...]:
        """Live rules whose index is not in ``used``, which are those that cover a finding."""
        return tuple(rule for rule in self.rules if rule.is_live(today) and rule.index not in used)

    def warnings(
        self, today: date, used: Collection[int] | None = None, days: int = 14
    ) -> tuple[RuleWarning, ...]:
        """Warnings for the owners of rules, one per rule.

        They cover lapsed and expiring rules, and unused ones if ``used`` is given.
        """
        lapsed, expiring = self.lapsed(today), self.expiring(today, days)
        unused = () if used is None else self.unused(used, today)
        return (
            *(
                RuleWarning(rule, phrase("lapsed on {} and no longer applies", rule.expires))
                for rule in lapsed
            ),
            *(RuleWarning(rule, phrase("expires on {}", rule.expires)) for rule in expiring),
            *(RuleWarning(rule, phrase("matches no finding")) for rule in unused),
        )

    def rows(self, today: date) -> list[dict[str, Any]]:
        r"""The live rules for a SQL join.

        ``rule`` is the index; each other key is a list of LIKE patterns, or None if any value
        matches. A finding is accepted by the lowest ``rule`` that matches. The escape is ``\``.
        Unknown values match nothing, so compare ``nullif(value, '')``.
        """
        return [_row(rule) for rule in self.rules if rule.is_live(today)]

    def _about(
        self, vulnerability_id: str | None, packages: tuple[str, ...]
    ) -> tuple[Suppression, ...]:
        """The rules that cover a vulnerability and its packages, cached per combination."""
        found = self._remembered.get((vulnerability_id, packages))
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            candidates = (*self._by_id.get(vulnerability_id or "", ()), *self._wide)
            found = tuple(
                sorted(
                    (r for r in candidates if r.concerns(vulnerability_id, packages)),
                    key=lambda rule: rule.index,
                )
            )
            self._remembered[vulnerability_id, packages] = found
        return found


def _row(rule: Suppression) -> dict[str, Any]:
    reach = {kind.name: getattr(rule.reach, kind.name).like() for kind in fields(rule.reach)}
    return {
        "rule": rule.index,
        "vulnerabilities": rule.vulnerabilities.like(),
        "packages": rule.packages.like(),
        **reach,
    }
