"""Limits suppression rules to what a caller with restricted access may know.

The caller sees the rules that cover a visible finding, and of each rule only the patterns that
match one. The line in the file and the other patterns of the rule concern others.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date

from sre_findings.model.findings.finding import Finding
from sre_findings.model.findings.suppression import Patterns, Reach, Suppression, Suppressions


def seen_of(pairs: Iterable[tuple[Suppression, Finding]]) -> list[Suppression]:
    """The rules of the pairs in file order, each with only the patterns that match a finding."""
    rules: dict[int, Suppression] = {}
    fitting: dict[int, dict[str, set[str]]] = {}
    for rule, finding in pairs:
        rules[rule.index] = rule
        texts = fitting.setdefault(rule.index, {})
        for name, patterns in _patterns(rule).items():
            values = tuple(_values(name, finding))
            texts.setdefault(name, set()).update(
                text for text in patterns.texts if _fits(text, values)
            )
    return [_narrowed(rules[index], fitting[index]) for index in sorted(rules)]


def lapsed(
    rules: Suppressions, findings: Iterable[Finding], today: date
) -> Iterable[tuple[Suppression, Finding]]:
    """Findings that a rule covered until it expired, each with the rule."""
    gone = Suppressions(rules.lapsed(today))
    for finding in findings:
        if len(gone) and (rule := gone.of(finding, finding.owner, date.min)):
            yield rule, finding


def warnings(rules: Sequence[Suppression], today: date) -> tuple[str, ...]:
    """Warnings for the owners of the rules, without the line in the file."""
    return tuple(one.text for one in Suppressions(rules).warnings(today))


def _patterns(rule: Suppression) -> dict[str, Patterns]:
    reach = {one.name: getattr(rule.reach, one.name) for one in fields(Reach)}
    return {"vulnerabilities": rule.vulnerabilities, "packages": rule.packages, **reach}


def _values(name: str, finding: Finding) -> list[str | None]:
    """The values of a finding that a kind of pattern is compared with."""
    match name:
        case "packages":
            return [package.name for package in finding.packages]
        case "resources":
            return [finding.resource_id, finding.resource_name]
        case "vulnerabilities":
            return [finding.vulnerability_id]
        case _:
            one = {
                "accounts": "account_id",
                "regions": "region",
                "types": "resource_type",
                "owners": "owner",
            }[name]
            return [getattr(finding, one)]


@functools.lru_cache(maxsize=65_536)
def _fits(text: str, values: tuple[str | None, ...]) -> bool:
    patterns = Patterns((text,))
    return any(map(patterns.fits, values))


def _narrowed(rule: Suppression, texts: Mapping[str, set[str]]) -> Suppression:
    """The rule with only these patterns, in its own order."""
    kept = {name: Patterns(tuple(text for text in patterns.texts if text in texts[name]))
            for name, patterns in _patterns(rule).items()}  # fmt: skip
    reach = Reach(**{one.name: kept[one.name] for one in fields(Reach)})
    return replace(
        rule, vulnerabilities=kept["vulnerabilities"], packages=kept["packages"], reach=reach
    )
