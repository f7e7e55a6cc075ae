"""Posts each part of a digest exactly once: claim, post, record.

A run that is killed between post and record leaves its claim open. The next run searches the
channel for the part, by the name in its metadata, before it posts. If the app may not read the
channel, the part is not posted again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sre_findings.model.errors import AccessDenied, Rejected, SreError
from sre_reports.digest.delivery.posts import (
    Claim,
    Posts,
    Sent,
    Taken,
)
from sre_reports.digest.delivery.slack_api import (
    BlocksRefused,
    Doubtful,
    Place,
    Web,
)
from sre_reports.digest.messages.content import MAIN, RenderedDigest
from sre_reports.slack.message import Message

PICTURE = "picture"
_TRIES = 3
_PAUSE = 1.0  # seconds between checks for a part that another run is posting
_EARLIER = 3600.0  # seconds a post may be dated before its claim, since clocks differ


@dataclass(frozen=True, slots=True)
class Picture:
    """The trend as PNG with its alt text, drawn only if Slack does not accept the chart."""

    draw: Callable[[], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivered digest: the ``ts`` of its message, and the parts ``posted`` by this run."""

    ts: str
    posted: Sequence[str]


@dataclass(slots=True)
class Courier:
    """Delivers one digest to one channel. ``notify`` is called before waiting for another run."""

    web: Web
    posts: Posts
    channel: str
    key: str
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    notify: Callable[[str], None] = lambda _: None
    _posted: list[str] = field(default_factory=list)
    _classic: bool = False

    def deliver(self, rendered: RenderedDigest, picture: Picture | None = None) -> Delivery:
        """Posts the parts that are not posted yet: the message, then its thread.

        Raises SreError. The parts posted until then stay recorded.
        """
        first = self._once(MAIN, None, rendered.message)
        self._classic = first.classic
        for reply in rendered.thread:
            # a workspace that rejected the newer blocks of one part rejects those of the next
            self._classic |= self._once(reply.part, first.ts, reply.message).classic
        if self._classic and picture is not None:
            self._once(PICTURE, first.ts, picture)
        return Delivery(first.ts, tuple(self._posted))

    def _once(self, part: str, thread: str | None, what: Message | Picture) -> Sent:
        """Returns the record of a part, posted by this run or another."""
        place = Place(self.channel, thread)
        for left in reversed(range(_TRIES)):
            claim = self._claimed(part, place)
            if isinstance(claim, Sent):
                return claim
            try:
                return self._post(claim, place, what)
            except Doubtful:
                if not left:
                    raise
                self.sleep(_PAUSE)
        raise AssertionError("the last try posts or raises")  # pragma: no cover

    def _claimed(self, part: str, place: Place) -> Claim | Sent:
        """Returns the claim to post a part, or its record if another run has posted it.

        Waits while another run holds the claim.
        """
        waited = False
        while True:
            if sent := self.posts.sent(part):
                return sent
            claim = self.posts.claim(part)
            if isinstance(claim, Claim):
                return claim
            if not waited and (sent := self._left_by(claim, part, place)):
                return sent
            waited = True
            self.sleep(min(_PAUSE, max(0.05, (claim.until - self.now()).total_seconds())))

    def _left_by(self, taken: Taken, part: str, place: Place) -> Sent | None:
        """Returns the part as posted by the run that holds the claim, None if it is not posted."""
        self.notify(
            f"another run started posting the {part} of {self.key} and has not finished: waiting"
            f" until {taken.until:%H:%M:%S} UTC"
        )
        sent = None
        with contextlib.suppress(SreError):
            sent = self._found(part, place, taken.since)
        if sent:
            self.posts.record(part, sent)
        return sent

    def _post(self, claim: Claim, place: Place, what: Message | Picture) -> Sent:
        try:
            sent = self._looked(claim, place) if claim.look else None
            if sent is None:
                sent = self._sent(claim.part, place, what)
                self._posted.append(claim.part)
        except SreError as error:
            self.posts.failed(claim, doubtful=isinstance(error, Doubtful))
            raise
        self.posts.record(claim.part, sent)
        return sent

    def _sent(self, part: str, place: Place, what: Message | Picture) -> Sent:
        if isinstance(what, Picture):
            content, alt = what.draw()
            self.web.upload(place, self._filename, content, alt)
            return Sent(place.thread or "", classic=True)
        if not self._classic:
            with contextlib.suppress(BlocksRefused):
                return Sent(self.web.post(place, what.payload(), self._name(part)))
        name = self._name(part) | {"form": "classic"}
        return Sent(self.web.post(place, what.payload(classic=True), name), classic=True)

    def _looked(self, claim: Claim, place: Place) -> Sent | None:
        """Returns the part as posted by an earlier run; None if it is not posted.

        Raises AccessDenied if the channel cannot be read.
        """
        try:
            return self._found(claim.part, place, claim.since)
        except (AccessDenied, Rejected) as error:
            what = (
                f"an earlier run may have posted the digest of {self.key} to {self.channel}, and"
                " the channel cannot be read"
            )
            do = (
                "Allow channels:history and groups:history, or check the channel and post with"
                " --again."
            )
            raise AccessDenied(what, why=error.why or error.what, do=do) from error

    def _found(self, part: str, place: Place, since: datetime) -> Sent | None:
        oldest = since.timestamp() - _EARLIER
        if part == PICTURE:
            ts = self.web.find_file(place, self._filename, oldest)
            return Sent(ts, classic=True) if ts else None
        found = self.web.find(place, self._name(part), oldest)
        return Sent(found[0], found[1].get("form") == "classic") if found else None

    def _name(self, part: str) -> dict[str, str]:
        return {"key": self.key, "channel": self.channel, "part": part}

    @property
    def _filename(self) -> str:
        return f"inspector-{self.key}.png"
