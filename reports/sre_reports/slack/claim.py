"""Claims in Slack: the menu that takes a finding until a day, and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sre_findings.model.findings.finding import Finding
from sre_reports.plain_text import visible
from sre_reports.slack import limits
from sre_reports.slack.blocks import Block, option_groups, section
from sre_reports.slack.claim_choice import BLOCK, RELEASE, value
from sre_reports.slack.escaping import code
from sre_reports.slack.message import Message, Part, message

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.claims import ClaimItem, TakenAnswer

ACTION = "take"
DAYS = {"tomorrow": "until tomorrow", "7d": "for 7 days", "14d": "for 14 days"}


def choice(resource: str, findings: Sequence[Finding], by: str = "") -> list[Block]:
    """Returns a menu of the listed vulnerabilities; none if Slack's limits do not allow one.

    ``by`` is the identity of the user, whose own findings can also be given back.
    """
    name = f"{BLOCK}{resource}"
    some = list(dict.fromkeys(one.vulnerability_id for one in findings if _fits(one)))
    if not some or len(name) > limits.ID:
        return []
    mine = [
        one.vulnerability_id
        for one in findings
        if one.vulnerability_id in some and one.claim and by and one.claim["by"] == by
    ]
    days = {
        words: [(f"{one}, {words}", value(until, one or "")) for one in some]
        for until, words in DAYS.items()
    }
    back = {"give back": [(f"{one}, give back", value(RELEASE, one or "")) for one in mine]}
    return [option_groups(name, ACTION, "Take it until …", days | (back if mine else {}))]


def _fits(finding: Finding) -> bool:
    """Returns whether an option has room for the vulnerability, with its longest words."""
    one = finding.vulnerability_id or ""
    longest = max(map(len, DAYS.values())) + len(", ")
    return bool(one) and visible(one) == one and len(one) + longest <= limits.OPTION


def claim_message(answer: TakenAnswer) -> Message:
    """Returns the answer to a choice in the menu: taken, given back, or taken by another person."""
    if not answer.items:
        return _message("This finding is not taken.")
    (one,) = answer.items
    what = f"{code(one['vulnerability_id'])} on {code(one['resource_name'] or one['resource_id'])}"
    return _message(_sentence(one, what, done=answer.facts["done"]))


def _sentence(one: ClaimItem, what: str, *, done: bool) -> str:
    if not done:
        return f"*Not changed*: {what} is taken by {code(one['name'])} until {one['until']}."
    if one["state"] != "live":
        return f"*Given back*: {what}."
    return (
        f"*Taken*: {what} is yours until {one['until']}.\nThe finding stays open and counted, with"
        " its due date. Others see your name beside it."
    )


def _message(text: str) -> Message:
    return message(text.replace("*", ""), [Part([section(text)])])
