"""From what is told to what stands in Slack, once: claim, post, record, part by part.

Who is killed between a post and its record leaves a claim that does not end. Who comes next looks for the post by the name
in its metadata before posting. Where the app may not read the channel nobody can know, and it is not posted again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sre_findings.ask.posts import Claim, Posts, Taken
from sre_findings.model.errors import AccessDenied, Rejected, SreError, Unreachable
from sre_reports.digest.told import MAIN, Told
from sre_reports.digest.web import BlocksRefused, Doubtful, Place, Web
from sre_reports.slack.message import Message

PICTURE = "picture"
_TRIES = 3
_PAUSE = 1.0  # seconds between looks for what somebody else is posting
_EARLIER = 3600.0  # seconds before a claim that a post may be dated: clocks differ


@dataclass(frozen=True, slots=True)
class Picture:
    """The chart for a Slack that draws none: made only there."""

    draw: Callable[[], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a digest stands. ``posted`` are the parts that were posted now, the others stood there already."""

    ts: str
    posted: Sequence[str]


@dataclass(slots=True)
class Courier:
    """Brings one digest to one channel."""

    web: Web
    posts: Posts
    channel: str
    key: str
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _posted: list[str] = field(default_factory=list)
    _classic: bool = False

    def deliver(self, told: Told, picture: Picture | None = None) -> Delivery:
        """Posts what is not there yet: the message, then its thread. Raises SreError; what was posted stays recorded."""
        ts = self._once(MAIN, None, told.message)
        for reply in told.thread:
            self._once(reply.part, ts, reply.message)
        if self._classic and picture is not None:
            self._once(PICTURE, ts, picture)
        return Delivery(ts, tuple(self._posted))

    def _once(self, part: str, thread: str | None, what: Message | Picture) -> str:
        """The ts of a part: posted by us, now or before, or by somebody else meanwhile."""
        place = Place(self.channel, thread)
        for left in reversed(range(_TRIES)):
            claim = self._claimed(part)
            if isinstance(claim, str):
                return claim
            try:
                return self._post(claim, place, what)
            except Doubtful:
                if not left:
                    raise
                self.sleep(_PAUSE)
        raise AssertionError("the last try posts or raises")  # pragma: no cover

    def _claimed(self, part: str) -> Claim | str:
        """The claim to post a part, waited for while somebody else has it; or where it is."""
        while True:
            if ts := self.posts.sent(part):
                return ts
            claim = self.posts.claim(part)
            if isinstance(claim, Claim):
                return claim
            self._wait(claim)

    def _wait(self, taken: Taken) -> None:
        self.sleep(min(_PAUSE, max(0.05, (taken.until - self.now()).total_seconds())))

    def _post(self, claim: Claim, place: Place, what: Message | Picture) -> str:
        try:
            ts = self._found(claim, place) if claim.look else None
            if ts is None:
                ts = self._sent(claim, place, what)
                self._posted.append(claim.part)
        except Doubtful:
            self.posts.failed(claim, doubtful=True)
            raise
        except SreError:
            self.posts.failed(claim, doubtful=False)
            raise
        self.posts.record(claim.part, ts)
        return ts

    def _sent(self, claim: Claim, place: Place, what: Message | Picture) -> str:
        if isinstance(what, Picture):
            content, alt = what.draw()
            self.web.upload(place, self._filename, content, alt)
            return place.thread or ""
        name = self._name(claim.part)
        try:
            return self.web.post(place, what.payload(classic=self._classic), name)
        except BlocksRefused:
            if self._classic:
                raise
            self._classic = True  # and so is the rest of the thread
            return self.web.post(place, what.payload(classic=True), name)

    def _found(self, claim: Claim, place: Place) -> str | None:
        """Where an earlier run left it. Raises Rejected where that cannot be known."""
        oldest = claim.at.timestamp() - _EARLIER * 48
        try:
            if claim.part == PICTURE:
                return self.web.find_file(place, self._filename, oldest)
            return self.web.find(place, self._name(claim.part), oldest)
        except (AccessDenied, Rejected) as error:
            raise self._unknown(error) from error
        except Unreachable as error:
            raise Doubtful(error.what, why=error.why, do=error.do) from error

    def _unknown(self, error: SreError) -> SreError:
        what = f"an earlier run may have posted the digest of {self.key} to {self.channel}, and the channel cannot be read"
        do = "Allow channels:history and groups:history, or look yourself and post it with --again."
        return AccessDenied(what, why=error.why, do=do)

    def _name(self, part: str) -> dict[str, str]:
        return {"key": self.key, "channel": self.channel, "part": part}

    @property
    def _filename(self) -> str:
        return f"inspector-{self.key}.png"
