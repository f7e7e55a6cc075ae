"""The types of the answer to ``SuppressionList``: the rules of the suppressions file."""

from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class Rule(TypedDict):
    """One rule. ``line`` is its line in the file, None for clients with limited access.

    ``about`` names the vulnerabilities or packages, ``scope`` where the rule applies. ``state`` is
    live, lapsed or unused. ``findings`` counts the findings that it covers. ``expires`` is its last
    day (ISO date).
    """

    line: int | None
    about: str
    scope: str
    state: str
    findings: int
    owner: str
    expires: str
    status: str
    reason: str


class RulesFacts(TypedDict):
    """``covered`` counts the findings that any rule covers."""

    covered: int


RulesAnswer: TypeAlias = ListAnswer[Rule, RulesFacts]
