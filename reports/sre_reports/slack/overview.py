"""All resources in Slack: the answer to a command without a resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sre_findings.model.answers.answer import SummaryAnswer
from sre_findings.model.timestamps import iso_date
from sre_reports import wording
from sre_reports.slack.blocks import Button, actions, context, lines, section, table
from sre_reports.slack.escaping import code, prose
from sre_reports.slack.kev import kev_sentence
from sre_reports.slack.links import Links
from sre_reports.slack.message import Message, Part, message

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.sla import SlaAnswer

GROUPS = 10
_HEADINGS = ("Owner", "Critical", "High", "All", "Past SLA")


def estate_message(summary: SummaryAnswer, late: SlaAnswer, links: Links) -> Message:
    """Returns counts of all resources that the user may see, by owner.

    ``late`` is the answer to ``sla`` by owner.
    """
    texts = [
        (
            f"*{prose(wording.headline(summary.verdict))}*"
            f"{wording.counts_sentence(summary.rollup)[1]}"
        )
    ]
    if summary.rollup.counts.total:
        past = late.facts["late"] if late.summary else 0
        counts = [
            kev_sentence(summary.rollup),
            f"*{past:,}* past SLA.",
            wording.more_sentence(summary.rollup),
        ]
        texts.append(" ".join(text for text in counts if text))
    if summary.uncovered:
        texts.append(
            f":warning: {wording.number(summary.uncovered, 'resource is', 'resources are')} not"
            " fully scanned; findings there are unknown."
        )
    texts += [f":warning: {prose(reason)}" for reason in wording.doubts(summary.proof)[:5]]
    parts = [
        Part([section("\n".join(texts))]),
        *_owners(summary, late),
        Part([context(prose(wording.proof_sentence(summary.proof)))]),
    ]
    text = (
        f"{wording.headline(summary.verdict)}:"
        f" {wording.number(summary.rollup.counts.total, 'open finding')}"
    )
    return message(text, [*parts, *_report(summary, links)])


def _owners(summary: SummaryAnswer, late: SlaAnswer) -> list[Part]:
    rows = [
        _row(group.value, group.rollup.counts.by_rank(), late) for group in summary.groups[:GROUPS]
    ]
    if not rows:
        return []
    classic = [
        (code(owner), f"{critical} critical", f"{high} high", f"{total} total")
        for owner, critical, high, total, _ in rows
    ]
    return [
        Part(
            [table([_HEADINGS, *rows], numbers=(1, 2, 3, 4))],
            weight=1,
            classic=[lines("By owner", classic)],
        )
    ]


def _row(owner: str, counts: Sequence[int], late: SlaAnswer) -> tuple[str, str, str, str, str]:
    past = next((one["late"] for one in late.items if one.get("owner") == owner), 0)
    return (
        owner or wording.UNASSIGNED,
        f"{counts[0]:,}",
        f"{counts[1]:,}",
        f"{sum(counts):,}",
        f"{past:,}",
    )


def _report(summary: SummaryAnswer, links: Links) -> list[Part]:
    url = links.report(iso_date(summary.proof.as_of)) if summary.proof.as_of else ""
    return (
        [Part(actions("estate", [Button("Full report", "open_report", url=url, primary=True)]))]
        if url
        else []
    )
