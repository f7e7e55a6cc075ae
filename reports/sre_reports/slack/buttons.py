"""The buttons under an answer in Slack. ``sre_slack.job`` reads what they send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sre_findings.model.answers.answer import LIVE, ResourceAnswer
from sre_findings.model.resources.name_readings import inspectors_id
from sre_findings.model.resources.resource import can_be_id
from sre_findings.model.timestamps import iso_date
from sre_reports.slack.blocks import Button
from sre_reports.slack.links import Links


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as a button repeats it: the text, the severities and the cursor of the page."""

    text: str
    severities: Sequence[str] = ()
    cursor: str | None = None

    def value(self, **changes: Any) -> str:
        """Returns the query as the value of a button."""
        values = {"id": self.text, "sev": list(self.severities), "cursor": self.cursor} | changes
        return json.dumps(
            {name: value for name, value in values.items() if value}, separators=(",", ":")
        )


def of_answer(answer: ResourceAnswer, asked: Asked, links: Links) -> list[Button]:
    """Returns the buttons of an answer. A live answer has no snapshot, and so no report."""
    found: list[Button] = []
    day = iso_date(answer.proof.as_of) if answer.proof.as_of and answer.proof.source != LIVE else ""
    if day and (url := links.resource(day, answer.resource.resource_id)):
        found.append(Button("Full report", "open_report", url=url, primary=True))
    if answer.next_cursor:
        found.append(Button("Next ten", "next_ten", asked.value(cursor=answer.next_cursor)))
    if answer.proof.source != LIVE:
        found.append(Button("Query live", "ask_live", asked.value(live=True, cursor=None)))
    return [*found, Button("Share in channel", "share", asked.value(cursor=None))]


def query_live(asked: Asked) -> list[Button]:
    """Returns the button for an unknown resource, if Inspector can be queried for its text."""
    if not can_be_id(inspectors_id(asked.text)[0]):
        return []
    return [Button("Query live", "ask_live", asked.value(live=True))]
