"""A stand-in for Slack's ``response_url`` on the loopback, with its rules and faults.

A URL accepts five responses within half an hour
(https://docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from sre_simulator.loopback import LoopbackHandler, LoopbackServer

USES = 5

Judge = Callable[[str, Sequence[Mapping[str, Any]]], Sequence[str]]
Answer = tuple[int, str, Mapping[str, str]]


@dataclass
class _Address:
    expired: bool = False
    uses: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)


class Hooks(LoopbackServer):
    """Receives posts while it is entered.

    ``judge`` returns what is wrong with a text and its blocks. ``faults`` are responses to give
    first, one per post: status, body, headers. ``channels`` are the channels that
    conversations.info knows.
    """

    def __init__(self, judge: Judge) -> None:
        super().__init__(_Post)
        self.judge, self.faults, self.channels = (
            judge,
            list[Answer](),
            dict[str, Mapping[str, Any]](),
        )
        self.refused: list[str] = []
        self._addresses: dict[str, _Address] = {}
        self._posted = threading.Condition()

    def response_url(self) -> str:
        """Returns a new URL, as sent with a command."""
        path = f"/commands/T0123456/{len(self._addresses)}/secretpath"
        self._addresses[path] = _Address()
        return f"http://{self.address}{path}"

    def expire(self, url: str) -> None:
        """Moves the time forward by half an hour."""
        self._addresses[url.removeprefix(f"http://{self.address}")].expired = True

    def posts(self, url: str) -> list[dict[str, Any]]:
        """Returns the messages shown in Slack for this URL so far."""
        return self._addresses[url.removeprefix(f"http://{self.address}")].posts

    def wait(self, url: str, count: int = 1, within: float = 30.0) -> list[dict[str, Any]]:
        """Waits for a number of posts and returns them. Raises TimeoutError."""
        with self._posted:
            if not self._posted.wait_for(lambda: len(self.posts(url)) >= count, within):
                raise TimeoutError(f"{len(self.posts(url))} posts after {within:g} s")
        return self.posts(url)

    def take(self, path: str, body: bytes) -> Answer:
        """Returns Slack's response to a post."""
        with self._posted:
            status, said, headers = self.faults.pop(0) if self.faults else self._judged(path, body)
            if status == 200:
                self._posted.notify_all()
            else:
                self.refused.append(said)
            return status, said, headers

    def tell(self, channel: str) -> Answer:
        """Returns the response of conversations.info."""
        known = self.channels.get(channel)
        said = (
            {"ok": False, "error": "channel_not_found"}
            if known is None
            else {"ok": True, "channel": known}
        )
        return 200, json.dumps(said), {}

    def _judged(self, path: str, body: bytes) -> Answer:
        address = self._addresses.get(path)
        if address is None or address.expired:
            return 404, "expired_url", {}
        if address.uses >= USES:
            return 404, "used_url", {}
        try:
            post = json.loads(body)
            wrong = self.judge(post["text"], post.get("blocks", []))
        except (ValueError, LookupError, TypeError):
            return 400, "invalid_payload", {}
        if wrong:
            return 400, "invalid_blocks", {}
        address.uses += 1
        address.posts.append(post)
        return 200, "ok", {}


class _Post(LoopbackHandler):
    server: Hooks  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers

    def post(self) -> None:
        """Handles a response, or a call of the Web API."""
        body = self.read_body()
        if self.path == "/api/conversations.info":
            status, said, headers = self.server.tell(
                parse_qs(body.decode()).get("channel", [""])[0]
            )
        else:
            status, said, headers = self.server.take(self.path, body)
        self.respond(status, said.encode(), headers)
