"""The worker of the function.

It answers each job once, however often Lambda delivers it, and reports failures to the user. Lambda
tries an asynchronous invocation three times, then sends it to the dead-letter queue
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html). After the first
failure the user gets a message that the request will be retried, after the last that it failed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    SreError,
    Throttled,
    UsageError,
)
from sre_reports.slack.links import Links
from sre_reports.slack.message import Message
from sre_slack import log
from sre_slack.answers import TIMEOUT, answer
from sre_slack.deadline import DeadlineRemote, TooSlow
from sre_slack.groups import Groups
from sre_slack.job import ASK, BESIDE, SHARE, InProgress, Job, NotRecorded
from sre_slack.response_url import (
    LIFETIME,
    MessageRejected,
    SlackBusy,
    SlackUnavailable,
    send_message,
    send_text,
)
from sre_slack.secrets import SecretCache, SecretUnreadable

TRIES = 3


class Records(Protocol):
    """State shared by invocations; see records.py."""

    def begin(self, context: Any) -> None:
        """Registers Lambda's context: if a worker dies, its job is released when its time is up."""
        ...

    def run_once(self, job: Job, work: Callable[[], str]) -> str:
        """Returns the result of ``work`` for this job, from this or an earlier invocation.

        It runs again only after it raised.
        """
        ...

    def count_failure(self, job: Job) -> int | None:
        """Counts a failure of this job and returns the total; None if it cannot be counted."""
        ...

    def within_rate(self, job: Job) -> bool:
        """Counts a request of this user, and returns whether it is within the rate limit."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker with its dependencies.

    ``not_shareable`` returns why the answer may not be shared in the channel, empty if it may;
    ``groups`` returns the groups of the user; ``now`` is in epoch seconds.
    """

    secrets: SecretCache
    records: Records
    not_shareable: Callable[[Job, str], str]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: Callable[[], float] = time.time
    groups: Callable[[Job, str], Sequence[str]] = field(default_factory=lambda: Groups().of)

    def work(self, job: Job, context: Any) -> str:
        """Answers the job and returns the outcome.

        Raises so that Lambda retries the job, or sends it to the dead-letter queue.
        """
        operation, ended = context.aws_request_id, [""]
        if self.now() - job.asked_at > LIFETIME:
            log.info("too late to answer", key=job.key, operation=operation)
            return "late"
        self.records.begin(context)

        def once() -> str:
            ended[0] = self._answer(job, context)
            return ended[0]

        try:
            return self.records.run_once(job, once)
        except InProgress:  # the other invocation answers, or reports its failure
            log.info("another invocation is working on this job", key=job.key, operation=operation)
            raise
        except Exception as error:  # internal errors too: the user and Lambda must both see them
            if ended[0]:  # answered already; a retry would answer twice
                log.error("answered, but not recorded", error, key=job.key, operation=operation)
                return ended[0]
            self._report_failure(job, operation, error)
            raise

    def _answer(self, job: Job, context: Any) -> str:
        if not self.records.within_rate(job):
            text = "Rate limit reached. Please try again in a minute."
            send_text(job.response_url, text, replace_original=False)
            return "rate"
        if job.kind == SHARE and (why := self._why_not_shared(job)):
            send_text(job.response_url, f"Not shared: {why}", replace_original=False)
            return "not shared"
        try:
            self._send(job, self._message(job, context))
        except (UsageError, AccessDenied) as error:  # a retry would fail too
            send_text(job.response_url, _escaped(error), replace_original=job.kind == ASK)
            return "refused"
        log.info(
            "answered",
            key=job.key,
            operation=context.aws_request_id,
            user=job.user,
            kind=job.kind,
            seconds=round(self.now() - job.asked_at, 3),
        )
        return "answered"

    def _why_not_shared(self, job: Job) -> str:
        return self.not_shareable(job, self.secrets.current().bot_token)

    def _message(self, job: Job, context: Any) -> Message:
        server = self.environ.get("SRE_SERVER", "")
        if not server:
            raise CredentialsInvalid(
                "no server is configured", do="Set SRE_SERVER for the function."
            )
        secrets = self.secrets.current()
        user = _principal(job, self.groups(job, secrets.bot_token))
        remote = DeadlineRemote(server, secrets.server_token, TIMEOUT, user, context)
        return answer(job, remote, Links(self.environ.get("SRE_PUBLIC_URL", "")))

    def _send(self, job: Job, message: Message) -> None:
        """Posts a shared answer to the channel; any other answer is for the user alone.

        It replaces the previous message only if that is private too.
        """
        shared = job.kind == SHARE
        how = {
            "response_type": "in_channel" if shared else "ephemeral",
            "replace_original": job.private and job.kind not in BESIDE,
        }
        send_message(job.response_url, message, **how)

    def _report_failure(self, job: Job, operation: str, error: Exception) -> None:
        """Reports to the user the first failure, which is retried, and the last.

        If failures cannot be counted, the text promises no retry.
        """
        failures = self.records.count_failure(job)
        log.error("not answered", error, key=job.key, operation=operation, failures=failures)
        if failures is None:
            text = (
                f"{_reason(error)} If no answer appears here within a few minutes, please try again"
                f" (operation `{operation}`)."
            )
        elif failures == 1:
            text = f"{_reason(error)} Your request is saved. I'll try again within a few minutes."
        elif failures >= TRIES:
            text = (
                f"Sorry, I couldn't answer. {_reason(error)} Please try again later (operation"
                f" `{operation}`)."
            )
        else:
            return
        try:
            # The answer above a button stays.
            send_text(job.response_url, text, replace_original=job.kind == ASK)
        except SreError as unsent:  # the first error is the one to raise
            log.error("could not notify the user", unsent, key=job.key)


def _principal(job: Job, groups: Sequence[str]) -> dict[str, Any]:
    """Returns the user on whose behalf the server is queried.

    The server resolves the user into accounts and owners. ``shared`` limits the answer to what the
    channel may see.
    """
    return {
        "user": f"{job.team}/{job.user}",
        "name": job.name,
        "channel": f"{job.team}/{job.channel}",
        "groups": list(groups),
        "shared": job.kind == SHARE,
    }


def _escaped(error: SreError) -> str:
    from sre_reports.slack.escaping import escaped

    return escaped(str(error))


_REASONS: Sequence[tuple[type[Exception], str]] = (  # the first match counts
    (SecretUnreadable, "I can't read my secrets. The app owner needs to check my permissions."),
    (CredentialsInvalid, "The server rejected my token. The app owner needs to check it."),
    (NotRecorded, "I can't write to my table."),
    (MessageRejected, "Slack did not accept my answer."),
    (SlackBusy, "Slack did not accept my answer."),
    (SlackUnavailable, "Slack did not accept my answer."),
    (Throttled, "The server is receiving too many requests."),
    (TooSlow, "The server took too long to answer."),
    (SreError, "I couldn't reach the server."),
)


def _reason(error: Exception) -> str:
    """Returns what failed, without details that the user may not see."""
    return next((words for kind, words in _REASONS if isinstance(error, kind)), "Internal error.")
