"""The draft of an accepted risk: a rule for the suppressions file, to be reviewed there.

Nothing is suppressed by it. The reason is empty, and the file's reader rejects an empty reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

from sre_findings.model.findings.finding import Finding
from sre_findings.model.findings.suppression import is_glob
from sre_reports import wording
from sre_reports.plain_text import visible
from sre_reports.slack import limits
from sre_reports.slack.blocks import Block, section, select
from sre_reports.slack.escaping import code, fenced
from sre_reports.slack.message import Message, Part, message
from sre_reports.slack.risk_choice import BLOCK

DAYS = 30
ACTION = "accept_risk"
_LONGEST = 500  # characters of a value in markup, so that five fit in a block


def choice(resource: str, findings: Sequence[Finding]) -> list[Block]:
    """Returns a menu of the listed vulnerabilities; none if Slack's limits do not allow one.

    The block has the resource, the chosen option the vulnerability.
    """
    ids = dict.fromkeys(one.vulnerability_id for one in findings if one.vulnerability_id)
    some = [one for one in ids if len(one) <= limits.OPTION and visible(one) == one]
    name = f"{BLOCK}{resource}"
    if not some or len(name) > limits.ID:
        return []
    return [select(name, ACTION, "Accept the risk of …", some)]


def draft_message(finding: Finding, today: date) -> Message:
    """Returns the rule for one finding, valid for DAYS after ``today``."""
    subject = f"{code(wording.identity(finding))} on {code(finding.resource_id)}"
    intro = (
        f"*Draft for the suppressions file* (`SRE_SUPPRESSIONS`): the risk of {subject}.\nFill in"
        " the reason, and have it reviewed. Nothing is suppressed by this message."
    )
    text = "Draft for the suppressions file. Nothing is suppressed by this message."
    return message(text, [Part([section(intro)]), Part([section(fenced(rule(finding, today)))])])


def rule(finding: Finding, today: date) -> str:
    """Returns the rule as YAML, with an empty reason.

    A value with a wildcard would cover more than this finding, so it is left empty too, and so is
    one that is too long for a message.
    """
    values = {
        "vulnerability": finding.vulnerability_id,
        "accounts": finding.account_id,
        "regions": finding.region,
        "resources": finding.resource_id,
        "owner": finding.owner,
    }
    quoted = {name: json.dumps(_exact(value)) for name, value in values.items()}
    lines = [
        f"- vulnerability: {quoted['vulnerability']}",
        "  scope:",
        *(f"    {name}: [{quoted[name]}]" for name in ("accounts", "regions", "resources")),
        '  reason: ""  # why, and the ticket',
        f"  owner: {quoted['owner']}",
        f"  expires: {today + timedelta(days=DAYS)}",
    ]
    return "\n".join(lines)


def _exact(value: str | None) -> str:
    usable = value and not is_glob(value) and len(fenced(json.dumps(value))) <= _LONGEST
    return value if value and usable else ""
