"""Parses the suppressions file. Errors name the line and the key.

    suppressions:
      - vulnerability: CVE-2024-3094      # one or a list; * and ? are patterns
        package: xz-utils                 # one or a list: all packages of the finding
        scope:                            # where; every key that is given must fit
          accounts: ["111122223333"]
          regions: [eu-west-1]
          resources: [i-0123456789abcdef0, "web-*"]
          types: [ec2]
          owners: [payments]
        reason: not reachable, see TICKET-1
        owner: payments
        expires: 2027-01-31               # the last day
        status: not_affected              # OpenVEX's; affected where it is left out
        justification: vulnerable_code_not_in_execute_path
        impact: why it does no harm       # with not_affected: with or instead of it

A rule has a vulnerability or a package or both, and a reason, an owner and an expiry date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from sre_findings.config.yaml_nodes import Node, brief, wrong
from sre_findings.config.yaml_nodes import parse as parse_yaml
from sre_findings.files import user_file
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.suppression import (
    AFFECTED,
    JUSTIFICATIONS,
    NOT_AFFECTED,
    STATUSES,
    Patterns,
    Reach,
    Suppression,
    Suppressions,
    is_glob,
)
from sre_findings.model.resources.resource import check_id, parse_type

_KEYS = (
    "vulnerability",
    "package",
    "scope",
    "reason",
    "owner",
    "expires",
    "status",
    "justification",
    "impact",
)
_SCOPE = ("accounts", "regions", "resources", "types", "owners")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CHECKS: dict[str, Callable[[str], str]] = {"resources": check_id, "types": parse_type}


def load(path: Path) -> Suppressions:
    """Returns the rules of a file. Raises UsageError if it cannot be read or parsed."""
    return parse(user_file(path, "Check SRE_SUPPRESSIONS."), str(path))


def parse(content: bytes, file: str) -> Suppressions:
    """Returns the rules in the bytes of a file. An empty file has none.

    ``file`` is its name in messages. Raises UsageError that names the file, the line and the
    key of the first mistake.
    """
    return _File(file).suppressions(parse_yaml(content, file))


class _File:
    """Parses the rules of one file, key by key."""

    def __init__(self, name: str) -> None:
        self._name = name

    def suppressions(self, root: Node) -> Suppressions:
        if root.value is None:
            return Suppressions((), self._name)
        listed = self._map(root, ("suppressions",), "the file").get("suppressions", root)
        if listed.value is not None and not isinstance(listed.value, list):
            raise self._wrong(
                listed, "suppressions must be a list of rules, each beginning with a dash"
            )
        rules = [self._rule(index, node) for index, node in enumerate(listed.value or ())]
        self._refuse_twins(rules)
        return Suppressions(rules, self._name)

    def _rule(self, index: int, node: Node) -> Suppression:
        keys = self._map(node, _KEYS, "a rule")
        rule = Suppression(
            index=index,
            line=node.line,
            vulnerabilities=self._patterns(keys, "vulnerability"),
            packages=self._patterns(keys, "package"),
            reach=self._reach(keys["scope"]) if "scope" in keys else Reach(),
            reason=self._text(self._required(node, keys, "reason"), "reason"),
            owner=self._text(self._required(node, keys, "owner"), "owner"),
            expires=self._day(self._required(node, keys, "expires")),
            status=self._word(keys, "status", STATUSES) or AFFECTED,
            justification=self._word(keys, "justification", JUSTIFICATIONS),
            impact=self._text(keys["impact"], "impact") if "impact" in keys else None,
        )
        self._check(node, keys, rule)
        return rule

    def _check(self, node: Node, keys: dict[str, Node], rule: Suppression) -> None:
        """Checks conditions that involve several keys of a rule."""
        if not rule.vulnerabilities and not rule.packages:
            raise self._wrong(node, "a rule must have a vulnerability or a package")
        if rule.hides_everything:
            raise self._wrong(
                node,
                "this rule would hide every finding",
                "Name a vulnerability, a package or a scope.",
            )
        reasoned = [key for key in ("justification", "impact") if key in keys]
        if rule.status == NOT_AFFECTED and not reasoned:
            do = f"Use one of {', '.join(JUSTIFICATIONS)}, or write an impact."
            raise self._wrong(keys["status"], f"status {NOT_AFFECTED} needs a justification", do)
        if rule.status != NOT_AFFECTED and reasoned:
            raise self._wrong(
                keys[reasoned[0]], f"{reasoned[0]} goes with status {NOT_AFFECTED} only"
            )

    def _reach(self, node: Node) -> Reach:
        """Returns the scope of a rule. An empty scope is rejected as a likely mistake."""
        keys = self._map(node, _SCOPE, "scope")
        if not keys:
            raise self._wrong(
                node,
                f"scope must have one of {', '.join(_SCOPE)}",
                "Leave it out to mean everywhere.",
            )
        return Reach(**{key: self._patterns(keys, key) for key in keys})

    def _patterns(self, keys: dict[str, Node], key: str) -> Patterns:
        """Returns the patterns of a key (a text or a list of texts), or none without the key."""
        if key not in keys:
            return Patterns()
        node = keys[key]
        items = node.value if isinstance(node.value, list) else [node]
        if not items:
            raise self._wrong(node, f"{key} must not be empty", "Leave it out to mean all.")
        return Patterns(tuple(dict.fromkeys(self._pattern(item, key) for item in items)))

    def _pattern(self, node: Node, key: str) -> str:
        text = self._text(node, key)
        if key not in _CHECKS or is_glob(text):
            return text
        try:
            return _CHECKS[key](text)
        except UsageError as error:
            raise self._wrong(node, f"{key}: {error.what}", error.do) from error

    def _required(self, rule: Node, keys: dict[str, Node], key: str) -> Node:
        if key not in keys:
            raise self._wrong(rule, f"{key} is missing")
        return keys[key]

    def _text(self, node: Node, key: str) -> str:
        if isinstance(node.value, (list, dict)):
            raise self._wrong(node, f"{key} must be a text")
        if not (text := (node.value or "").strip()):
            raise self._wrong(node, f"{key} must not be empty")
        return text

    def _word(self, keys: dict[str, Node], key: str, words: Sequence[str]) -> str | None:
        if key not in keys:
            return None
        if (text := self._text(keys[key], key)) not in words:
            raise self._wrong(
                keys[key], f"{key} must be one of {', '.join(words)}, not {brief(text)}"
            )
        return text

    def _day(self, node: Node) -> date:
        text = self._text(node, "expires")
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass  # matches the pattern, but is not a valid date
        raise self._wrong(node, f"expires must be a date such as 2027-01-31, not {brief(text)}")

    def _map(self, node: Node, known: Sequence[str], where: str) -> dict[str, Node]:
        """Returns the keys of a map. Unknown keys are rejected: a typo would change the rule."""
        if not isinstance(node.value, dict):
            raise self._wrong(node, f"{where} must have keys: {', '.join(known)}")
        for key, value in node.value.items():
            if key not in known:
                raise self._wrong(
                    value, f"{brief(key)} is not a key of {where}", f"Use: {', '.join(known)}."
                )
        return node.value

    def _refuse_twins(self, rules: Sequence[Suppression]) -> None:
        """Rejects a second rule for the same findings.

        It would never apply, and its expiry date and reason would have no effect.
        """
        first: dict[object, Suppression] = {}
        for rule in rules:
            twin = first.setdefault(_extent(rule), rule)
            if twin is not rule:
                raise wrong(
                    self._name,
                    rule.line,
                    f"this rule covers the same findings as the one in line {twin.line}",
                    "Keep one of them.",
                )

    def _wrong(self, node: Node, what: str, do: str = "") -> UsageError:
        return wrong(self._name, node.line, what, do)


def _extent(rule: Suppression) -> tuple[frozenset[str], ...]:
    """Returns what a rule covers, independent of the order of its lists."""
    kinds = (getattr(rule.reach, name) for name in _SCOPE)
    return tuple(
        frozenset(patterns.texts) for patterns in (rule.vulnerabilities, rule.packages, *kinds)
    )
