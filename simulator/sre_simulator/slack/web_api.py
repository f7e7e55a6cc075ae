"""A stand-in for Slack's Web API on the loopback, with its limits and failures.

It implements auth.test, chat.postMessage, conversations.info, .history and .replies, and the upload
of files in three steps. ``check`` returns why Slack would refuse a message's text and blocks; the
response is then ``invalid_blocks``, as in Slack.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sre_simulator.loopback import LoopbackHandler, LoopbackServer

Check = Callable[[str, Sequence[Mapping[str, Any]]], list[str]]
TOKEN = "xoxb-of-the-stand-in"  # noqa: S105 - opens nothing
CHANNEL = "C0123456789"
_NEWER = ("data_table", "data_visualization")
_SCOPES = {
    "auth.test": "",
    "conversations.info": "channels:read",
    "chat.postMessage": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """How a request fails.

    ``error`` is Slack's error code, ``status`` the HTTP status. ``taken`` means that the request is
    done and only its response is lost: the connection closes without one.
    """

    error: str = ""
    status: int = 200
    retry_after: str = ""
    taken: bool = False


@dataclass
class Workspace:
    """The content and behaviour of a stand-in.

    ``before`` is called between doing a request and responding to it; it may wait.
    """

    check: Check = lambda _text, _blocks: []
    # Whether the bot is a member, by channel.
    channels: dict[str, bool] = field(default_factory=lambda: {CHANNEL: True})
    scopes: set[str] = field(
        default_factory=lambda: {"chat:write", "files:write", "channels:history"}
    )
    newer_blocks: bool = True
    page: int = 100
    before: Callable[[str], object] = lambda _: None
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    refused: list[list[str]] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will_fail(self, method: str, *faults: Fault) -> None:
        """Makes the next requests of a method fail, one after the other."""
        self.faults.setdefault(method, deque()).extend(faults)

    def of(self, channel: str = CHANNEL, thread: str | None = None) -> list[dict[str, Any]]:
        """Returns the messages of a channel outside of threads, or the replies in a thread."""
        return [
            one for one in self.messages if one["channel"] == channel and one["thread_ts"] == thread
        ]


class Refused(Exception):
    """A refusal with Slack's error code."""


class Slack(LoopbackServer):
    """The server of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(_Handler)
        self.workspace = workspace
        self.url = f"http://127.0.0.1:{self.server_port}/api/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnect or are killed: some tests are about them."""

    def answer(self, method: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Runs a method and returns its values. Raises Refused."""
        space = self.workspace
        needed = _SCOPES.get(method)
        if needed is None:
            raise Refused("unknown_method")
        if needed and needed not in space.scopes:
            raise Refused("missing_scope")
        with space.lock:
            return {
                "auth.test": self._whose,
                "conversations.info": self._about,
                "chat.postMessage": self._post,
                "conversations.history": self._history,
                "conversations.replies": self._replies,
                "files.getUploadURLExternal": self._upload_url,
                "files.completeUploadExternal": self._complete,
            }[method](values)

    def _post(self, values: Mapping[str, Any]) -> dict[str, Any]:
        channel, blocks, text = (
            self._channel(values),
            values.get("blocks") or [],
            values.get("text", ""),
        )
        unknown = [
            one["type"]
            for one in blocks
            if one["type"] in _NEWER and not self.workspace.newer_blocks
        ]
        if problems := [*self.workspace.check(text, blocks), *unknown]:
            self.workspace.refused.append(problems)
            raise Refused("invalid_blocks")
        metadata = {"metadata": values["metadata"]} if values.get("metadata") else {}
        ts = self._add(
            {
                "channel": channel,
                "thread_ts": values.get("thread_ts"),
                "text": text,
                "blocks": blocks,
                **metadata,
            }
        )
        return {"channel": channel, "ts": ts, "message": {"text": text}}

    def _whose(self, _values: Mapping[str, Any]) -> dict[str, Any]:
        return {"user": "sre", "team": "Example", "team_id": "T0123456"}

    def _about(self, values: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(values.get("channel"))
        if channel not in self.workspace.channels:
            raise Refused("channel_not_found")
        return {
            "channel": {"id": channel, "name": "sre", "is_member": self.workspace.channels[channel]}
        }

    def _add(self, message: dict[str, Any]) -> str:
        ts = f"{1_795_000_000 + len(self.workspace.messages)}.000100"
        self.workspace.messages.append({"ts": ts, **message})
        return ts

    def _channel(self, values: Mapping[str, Any]) -> str:
        channel = str(values.get("channel") or values.get("channel_id"))
        if channel not in self.workspace.channels:
            raise Refused("channel_not_found")
        if not self.workspace.channels[channel]:
            raise Refused("not_in_channel")
        return channel

    def _history(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return self._paged(values, list(reversed(self.workspace.of(self._channel(values)))))

    def _replies(self, values: Mapping[str, Any]) -> dict[str, Any]:
        channel, ts = self._channel(values), str(values["ts"])
        return self._paged(
            values,
            [
                one
                for one in self.workspace.messages
                if one["channel"] == channel and ts in (one["ts"], one["thread_ts"])
            ],
        )

    def _paged(self, values: Mapping[str, Any], every: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Returns one page of messages. Includes metadata only on request, as Slack does."""
        first, size = (
            int(values.get("cursor") or 0),
            min(int(values.get("limit") or 100), self.workspace.page),
        )
        shown = [dict(one) for one in every[first : first + size]]
        if values.get("include_all_metadata") not in ("true", "1"):
            for one in shown:
                one.pop("metadata", None)
        following = str(first + size) if first + size < len(every) else ""
        return {
            "messages": shown,
            "has_more": bool(following),
            "response_metadata": {"next_cursor": following},
        }

    def _upload_url(self, values: Mapping[str, Any]) -> dict[str, Any]:
        file_id = f"F{len(self.workspace.files):09}"
        self.workspace.files[file_id] = {
            "id": file_id,
            "name": values["filename"],
            "alt_txt": values.get("alt_txt"),
        }
        return {"file_id": file_id, "upload_url": self.url.replace("/api/", f"/upload/{file_id}")}

    def _complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        channel, listed = self._channel(values), json.loads(values["files"])
        files = [self.workspace.files[one["id"]] for one in listed]
        told = [{name: value for name, value in one.items() if name != "content"} for one in files]
        self._add(
            {
                "channel": channel,
                "thread_ts": values.get("thread_ts"),
                "text": "",
                "blocks": [],
                "files": told,
            }
        )
        return {"files": [{"id": one["id"]} for one in files]}


class _Handler(LoopbackHandler):
    server: Slack  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers

    def post(self) -> None:
        """Handles a call of the Web API, or the content of an upload."""
        body = self.read_body()
        folder, _, name = self.path.strip("/").partition("/")
        if folder == "upload":
            self.server.workspace.files[name]["content"] = body
            self._send(200, {}, b"OK")
        else:
            self._call(name, body)

    def _call(self, method: str, body: bytes) -> None:
        space = self.server.workspace
        space.asked.append(method)
        waiting = space.faults.get(method)
        fault = waiting.popleft() if waiting else None
        if fault and not fault.taken:
            self._fail(fault)
            return
        answer = self._answered(method, body)
        space.before(method)
        if fault is None:
            self._send(200, {}, json.dumps(answer).encode())
        else:
            self.close_connection = True

    def _answered(self, method: str, body: bytes) -> dict[str, Any]:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        form = "json" not in self.headers.get("Content-Type", "")
        values = dict(parse_qsl(body.decode())) if form else json.loads(body)
        try:
            return {"ok": True, **self.server.answer(method, values)}
        except Refused as refused:
            return {"ok": False, "error": str(refused), "needed": _SCOPES.get(method, "")}

    def _fail(self, fault: Fault) -> None:
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        self._send(
            fault.status,
            headers,
            json.dumps({"ok": False, "error": fault.error}).encode() if fault.error else b"",
        )

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        scopes = ",".join(sorted(self.server.workspace.scopes))
        always = {"Content-Type": "application/json", "X-OAuth-Scopes": scopes}
        self.respond(status, body, {**always, **headers})


@contextmanager
def serving(workspace: Workspace) -> Iterator[Slack]:
    """Serves a workspace while the block runs."""
    with Slack(workspace) as server:
        yield server
