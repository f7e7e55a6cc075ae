"""A job's answer: asked of the server for the one who typed, and made into a message."""

from __future__ import annotations

from sre_findings.ask.question import CACHED, EITHER, LIVE, AboutResource, Fixes, Sla, Summary
from sre_findings.ask.remote import Remote
from sre_findings.ask.there import There
from sre_findings.model.errors import AmbiguousName
from sre_findings.model.verdict import NO_SUCH_RESOURCE
from sre_reports.slack.blocks import section
from sre_reports.slack.estate import GROUPS, estate_message
from sre_reports.slack.links import Links
from sre_reports.slack.message import Message, Part, message
from sre_reports.slack.resource import FIXES, TOP, Asked, Beside, resource_message
from sre_reports.slack.text import code
from sre_slack.job import Job

TIMEOUT = 25.0  # seconds: the server gives itself twenty for a live question


def answer(job: Job, remote: Remote, links: Links) -> Message:
    """The message. Raises what the question raises; a name that fits several resources is an answer."""
    door = There(remote)
    if not job.text:
        return estate_message(door.summary(Summary(by="owner", count=GROUPS)), door.ask("sla", Sla(by="owner")), links)
    try:
        return _resource(job, door, links)
    except AmbiguousName as error:
        return _ambiguous(job.text, error)


def _resource(job: Job, door: There, links: Links) -> Message:
    source = LIVE if job.live or job.kind == "ask_live" else CACHED if job.cursor else EITHER
    question = AboutResource(job.text, job.severities, TOP, job.cursor, source)
    found = door.about_resource(question)
    beside = Beside(near=found.near)
    if found.rollup.fixable and found.verdict.reason != NO_SUCH_RESOURCE and not job.cursor:
        beside = Beside(fixes=door.ask("fixes", Fixes(count=FIXES, resource=found.resource.resource_id)).items)
    return resource_message(found, Asked(job.text, job.severities, job.cursor), beside, links)


def _ambiguous(text: str, error: AmbiguousName) -> Message:
    """Never guessed: the candidates, to choose from."""
    names = "\n".join(f"• {code(one)}" for one in error.candidates[:TOP])
    said = f"{code(text)} fits several resources. Ask for one of them by its id:\n{names}"
    return message("Several resources have this name", [Part([section(said)])])
