"""The working half: one answer for each job, however often Lambda delivers it, and a true sentence
where there is none.

Lambda tries an asynchronous invocation three times, then hands it to the dead-letter queue
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html). The asker is
told at the first failure that the request is kept, and after the last that it failed.
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
from sre_slack.deadline import HurriedRemote, TooSlow
from sre_slack.groups import Groups
from sre_slack.job import ASK, SHARE, InProgress, Job, NotRecorded
from sre_slack.response_url import LASTS, Busy, Refused, Silent, respond, say
from sre_slack.secrets import Keeper, SecretUnread

TRIES = 3


class Records(Protocol):
    """What is remembered between invocations; see records.py."""

    def begin(self, context: Any) -> None:
        """Hears of Lambda's context: a job whose worker dies is free again when that worker's time
        is over."""
        ...

    def once(self, job: Job, work: Callable[[], str]) -> str:
        """What ``work`` gave for this job, whoever did it: it is done once, and again only where it
        raised."""
        ...

    def failures(self, job: Job) -> int | None:
        """Counts one more failure of this job, and says how many there were; None where that cannot
        be known."""
        ...

    def asks(self, job: Job) -> bool:
        """Counts one more question of this person's, and says whether it is within their rate."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """What the work needs. ``shareable`` says why a channel may not be shared to, empty where it
    may; ``groups`` are the asker's.
    """

    keeper: Keeper
    records: Records
    shareable: Callable[[Job, str], str]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    now: Callable[[], float] = time.time
    groups: Callable[[Job, str], Sequence[str]] = field(default_factory=lambda: Groups().of)

    def work(self, job: Job, context: Any) -> str:
        """Answers the job and says how it ended. Raises SreError where Lambda shall try again, or
        give it up."""
        operation, ended = context.aws_request_id, [""]
        if self.now() - job.asked_at > LASTS:
            log.note("too late to answer", key=job.key, operation=operation)
            return "late"
        self.records.begin(context)

        def once() -> str:
            ended[0] = self._answered(job, context)
            return ended[0]

        try:
            return self.records.once(job, once)
        except InProgress:  # whoever is at it answers, or fails and says so
            log.note("another invocation is at it", key=job.key, operation=operation)
            raise
        except Exception as error:  # a bug of ours too: the asker hears of it, and Lambda sees it
            if ended[0]:  # said already: to come again would say it twice
                log.fault("answered, and not recorded", error, key=job.key, operation=operation)
                return ended[0]
            self._apologise(job, operation, error)
            raise

    def _answered(self, job: Job, context: Any) -> str:
        if not self.records.asks(job):
            say(
                job.response_url,
                "You ask faster than I can read. Please wait a minute.",
                replace_original=False,
            )
            return "rate"
        if job.kind == SHARE and (why := self.shareable(job, self.keeper.secrets().bot_token)):
            say(job.response_url, f"I did not share it: {why}", replace_original=False)
            return "not shared"
        try:
            self._send(job, self._message(job, context))
        except (UsageError, AccessDenied) as error:  # trying again would change nothing
            say(job.response_url, _plainly(error), replace_original=job.kind == ASK)
            return "refused"
        log.note(
            "answered",
            key=job.key,
            operation=context.aws_request_id,
            user=job.user,
            kind=job.kind,
            seconds=round(self.now() - job.asked_at, 3),
        )
        return "answered"

    def _message(self, job: Job, context: Any) -> Message:
        server = self.environ.get("SRE_SERVER", "")
        if not server:
            raise CredentialsInvalid("no server is set", do="Set SRE_SERVER for the function.")
        secrets = self.keeper.secrets()
        asking = _principal(job, self.groups(job, secrets.bot_token))
        remote = HurriedRemote(server, secrets.server_token, TIMEOUT, asking, context)
        return answer(job, remote, Links(self.environ.get("SRE_PUBLIC_URL", "")))

    def _send(self, job: Job, message: Message) -> None:
        """A shared answer is a message of its own for the channel; any other takes the place of
        what stood there."""
        shared = job.kind == SHARE
        how = {
            "response_type": "in_channel" if shared else "ephemeral",
            "replace_original": not shared,
        }
        respond(job.response_url, message, **how)

    def _apologise(self, job: Job, operation: str, error: Exception) -> None:
        """Says what happened: at the first failure that it goes on, after the last that it does
        not.

        Where failures cannot be counted nobody knows which one this is, and nothing is promised.
        """
        failures = self.records.failures(job)
        log.fault("not answered", error, key=job.key, operation=operation, failures=failures)
        if failures is None:
            text = (
                f"{_reason(error)} If no answer takes this place within minutes, ask again; this"
                f" was operation `{operation}`."
            )
        elif failures == 1:
            text = f"{_reason(error)} Your request is kept, and I'll try again within minutes."
        elif failures >= TRIES:
            text = (
                f"I am sorry: I could not answer. {_reason(error)} Please ask again later; this was"
                f" operation `{operation}`."
            )
        else:
            return
        try:
            say(job.response_url, text, replace_original=job.kind == ASK)  # a button's answer stays
        except SreError as silent:  # the answer's own failure is the one that counts
            log.fault("could not tell the asker", silent, key=job.key)


def _principal(job: Job, groups: Sequence[str]) -> dict[str, Any]:
    """The user that the server answers for; it resolves them into accounts and owners.

    ``shared`` limits the answer to what the channel may see.
    """
    return {
        "user": f"{job.team}/{job.user}",
        "channel": f"{job.team}/{job.channel}",
        "groups": list(groups),
        "shared": job.kind == SHARE,
    }


def _plainly(error: SreError) -> str:
    from sre_reports.slack.text import escaped

    return escaped(str(error))


_REASONS: Sequence[tuple[type[Exception], str]] = (  # the first that fits
    (SecretUnread, "I cannot read my own secrets: somebody must look at my permissions."),
    (CredentialsInvalid, "The server did not let me in: somebody must look at my token."),
    (NotRecorded, "My own records cannot be written."),
    (Refused, "Slack did not take my answer."),
    (Busy, "Slack did not take my answer."),
    (Silent, "Slack did not take my answer."),
    (Throttled, "The server is asked too often right now."),
    (TooSlow, "The server that knows took too long to answer."),
    (SreError, "I could not reach the server that knows."),
)


def _reason(error: Exception) -> str:
    """What failed, in words that tell the asker nothing that is not theirs to know."""
    return next(
        (words for kind, words in _REASONS if isinstance(error, kind)), "Something in me is broken."
    )
