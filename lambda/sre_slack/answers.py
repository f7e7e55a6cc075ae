"""The answer to a job: queries to the server on behalf of the Slack user, as a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sre_findings.client.connection import Remote
from sre_findings.client.service import RemoteService
from sre_findings.model.answers.answer import SNAPSHOT, ResourceAnswer
from sre_findings.model.answers.verdict import NO_SUCH_RESOURCE
from sre_findings.model.errors import UsageError
from sre_findings.questions.claims import Take
from sre_findings.questions.estate import Summary
from sre_findings.questions.history import Sla
from sre_findings.questions.remediation import Fixes
from sre_findings.questions.resource import CACHED, EITHER, LIVE, Vulnerabilities
from sre_reports.slack.buttons import Asked
from sre_reports.slack.claim import claim_message
from sre_reports.slack.claim_choice import RELEASE
from sre_reports.slack.links import Links
from sre_reports.slack.message import Message
from sre_reports.slack.overview import GROUPS, estate_message
from sre_reports.slack.resource import FIXES, TOP, Beside, resource_message
from sre_reports.slack.risk_acceptance import draft_message
from sre_slack.job import ACCEPT, SHARE, TAKE, Job

TIMEOUT = 25.0  # seconds; the server's own limit for a live query is 20


def answer(job: Job, remote: Remote, links: Links) -> Message:
    """Returns the message that answers the job.

    Raises the SreError of the query: for a name that matches several resources, a UsageError that
    lists them; and UsageError if the channel may see nothing of an answer to share.
    """
    service = RemoteService(remote)
    if job.kind == ACCEPT:
        return _draft(job, service)
    if job.kind == TAKE:
        return _taken(job, service)
    if not job.text and job.kind == SHARE:  # no button offers it: its numbers depend on the access
        raise UsageError("Not shared: a summary of all resources is for you alone")
    if not job.text:
        return estate_message(
            service.ask(Summary(by="owner", count=GROUPS)), service.ask(Sla(by="owner")), links
        )
    return _resource(job, service, links)


def _draft(job: Job, service: RemoteService) -> Message:
    """Returns the draft of an accepted risk, of a finding that the user may see."""
    found = service.ask(Vulnerabilities(job.text, count=0, source=CACHED))
    wanted = job.vulnerability
    one = next((one for one in found.findings if one.vulnerability_id == wanted), None)
    if one is None:
        raise UsageError("The newest snapshot has no such finding that you may see")
    return draft_message(one, datetime.fromtimestamp(job.asked_at, UTC).date())


def _taken(job: Job, service: RemoteService) -> Message:
    """Takes a finding for the user, or gives it back."""
    back = job.until == RELEASE
    question = Take(job.text, job.vulnerability, "" if back else job.until, release=back)
    return claim_message(service.ask(question))


def _resource(job: Job, service: RemoteService, links: Links) -> Message:
    source = LIVE if job.live or job.kind == "ask_live" else CACHED if job.cursor else EITHER
    question = Vulnerabilities(job.text, job.severities, TOP, job.cursor, source)
    found = service.ask(question)
    if job.kind == SHARE and found.verdict.reason == NO_SUCH_RESOURCE:
        raise UsageError("Not shared: this channel may not see the resource")
    beside = replace(_beside(found, job, service), by="" if job.kind == SHARE else job.by)
    asked = Asked(job.text, job.severities, job.cursor)
    return resource_message(found, asked, beside, links)


def _beside(found: ResourceAnswer, job: Job, service: RemoteService) -> Beside:
    """Returns overdue findings and fixes from the snapshot.

    Empty beside a live answer, whose numbers are newer and would not match them.
    """
    if found.proof.source != SNAPSHOT or not found.rollup.counts.total or job.cursor:
        return Beside()
    one = found.resource.resource_id
    fixes = service.ask(Fixes(count=FIXES, resource=one)).items if found.rollup.fixable else ()
    return Beside(service.ask(Sla(resource=one)).facts["late"], fixes)
