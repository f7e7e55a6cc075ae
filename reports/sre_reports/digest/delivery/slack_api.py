"""Slack's Web API: the one seam where slack_sdk is known, and where its errors become ours.

Nothing is repeated here but what Slack asked to wait for: whether a post whose answer was lost has
arrived is not for this room to guess. Such a failure is a Doubtful. The token is sent to Slack, or
to this machine, and is in no message or log.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    SreError,
    Throttled,
    Unreachable,
    UsageError,
)
from sre_reports.plain_text import shortened, visible

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web import SlackResponse

API = "https://slack.com/api/"
SECONDS = 15  # for each answer of Slack's
PATIENCE = 90.0  # seconds to wait for in all, where Slack says that there were too many requests
EVENT = "sre_digest"  # the type of the metadata by which a post is found again
_PAGE, _PAGES = 200, 10
_WHAT = "Slack did not take the message"
_SCOPES = (
    "The app needs chat:write, files:write, channels:history and groups:history; install it again"
    " after adding one."
)
_CREDENTIALS = (
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "org_login_required",
)
_DENIED = (
    "missing_scope",
    "not_allowed_token_type",
    "no_permission",
    "restricted_action",
    "ekm_access_denied",
    "access_denied",
)
_BLOCKS = ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments")
_LOST = (
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
)


class Doubtful(Unreachable):
    """Nobody knows whether Slack took it."""


class BlocksRefused(Rejected):
    """Slack does not take these blocks: it may not have the newer ones yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in Slack a message goes: a channel, and a thread of it, named by its first message."""

    channel: str
    thread: str | None = None


def open_web(token: str, url: str = "", sleep: Callable[[float], None] = time.sleep) -> Web:
    """Slack by its address, SRE_SLACK_API_URL where that is set. Raises UsageError. Nothing is
    contacted yet."""
    from slack_sdk import WebClient

    base, here = _checked(url or API)
    quiet = logging.Logger("slack", logging.CRITICAL + 1)  # noqa: LOG001 - of its own: what it would tell, our errors say
    client = WebClient(token, base_url=base, timeout=SECONDS, retry_handlers=[], logger=quiet)
    if here:
        client.proxy = None  # this machine is behind no proxy
    return Web(client, sleep)


def _checked(url: str) -> tuple[str, bool]:
    """The address, and whether it is this machine. A token goes nowhere else but to Slack."""
    do = "Leave it out, or use http://127.0.0.1:port/ for a stand-in on this machine."
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise UsageError("SRE_SLACK_API_URL is no URL", do=do) from error
    here = _is_here(host)
    slack = parts.scheme == "https" and f".{host}".endswith((".slack.com", ".slack-gov.com"))
    if (
        not (slack or (here and parts.scheme in ("http", "https")))
        or parts.username
        or parts.password
    ):
        raise UsageError("SRE_SLACK_API_URL is not Slack", do=do)
    return url, here


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Web:
    """What the digest of one channel asks of Slack."""

    def __init__(self, client: WebClient, sleep: Callable[[float], None]) -> None:
        self._client, self._sleep, self._left = client, sleep, PATIENCE

    def post(self, place: Place, payload: Mapping[str, Any], name: Mapping[str, str]) -> str:
        """Posts a message with its name in its metadata, and gives its ts. Raises Doubtful where it
        may have arrived."""
        metadata = {"event_type": EVENT, "event_payload": dict(name)}
        to = {"channel": place.channel} | ({"thread_ts": place.thread} if place.thread else {})
        answer = self._asked("chat.postMessage", json={**to, "metadata": metadata, **payload})
        return str(answer["ts"])

    def find(
        self, place: Place, name: Mapping[str, str], oldest: float
    ) -> tuple[str, Mapping[str, str]] | None:
        """The ts and the whole name of our message whose name holds this one, not older than
        ``oldest`` in epoch seconds; None where there is none. Raises Rejected where more was
        written since than can be read.
        """
        some = ((str(one["ts"]), _name_of(one)) for one in self._messages(place, oldest))
        return next(
            ((ts, whole) for ts, whole in some if whole and name.items() <= whole.items()), None
        )

    def find_file(self, place: Place, filename: str, oldest: float) -> str | None:
        """The same of a file that was uploaded: uploads have no metadata."""
        some = self._messages(place, oldest)
        return next(
            (
                str(one["ts"])
                for one in some
                for file in one.get("files") or ()
                if file.get("name") == filename
            ),
            None,
        )

    def upload(self, place: Place, filename: str, content: bytes, alt: str) -> None:
        """Puts a picture with its words into a thread. Raises Doubtful where it may have
        arrived."""
        given: dict[str, Any] = {
            "filename": filename,
            "content": content,
            "title": filename,
            "alt_txt": alt,
        }
        given |= {"channel": place.channel, "thread_ts": place.thread}
        self._patiently(lambda: self._client.files_upload_v2(**given))

    def _messages(self, place: Place, oldest: float) -> Iterator[Mapping[str, Any]]:
        method = "conversations.replies" if place.thread else "conversations.history"
        # Without include_all_metadata Slack leaves out the names of messages whose kind the app's
        # manifest does not declare.
        asked: dict[str, Any] = {
            "channel": place.channel,
            "limit": _PAGE,
            "include_all_metadata": "true",
        }
        asked |= {"ts": place.thread} if place.thread else {"oldest": f"{oldest:.6f}"}
        for _ in range(_PAGES):
            answer = self._asked(method, params=dict(asked))
            yield from answer.get("messages") or ()
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            asked |= {"cursor": cursor}
        raise Rejected(
            "the channel has too many messages to look through",
            do="Look yourself, and post it with --again.",
        )

    def _asked(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        answer: Any = self._patiently(lambda: self._client.api_call(method, **arguments)).data
        return dict(answer)

    def _patiently(self, call: Callable[[], SlackResponse]) -> SlackResponse:
        """An answer of Slack's. What it asks to wait for is waited for, PATIENCE in all."""
        while True:
            try:
                with _errors():
                    return call()
            except _Wait as wait:
                self._left -= wait.seconds
                if self._left < 0:
                    why = f"it asks for {wait.seconds:,.0f} seconds more"
                    raise Throttled(
                        "Slack takes no more messages for now", why=why, do="Run it again later."
                    ) from wait
                self._sleep(wait.seconds)


class _Wait(Exception):
    """No error: Slack says when to come again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def _name_of(one: Mapping[str, Any]) -> Mapping[str, str]:
    """The name of a message of ours; empty for any other."""
    metadata = one.get("metadata") or {}
    return metadata.get("event_payload") or {} if metadata.get("event_type") == EVENT else {}


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        yield
    except SlackApiError as error:
        raise _answered(error) from error
    except (
        SlackClientError,
        OSError,
        http.client.HTTPException,
        json.JSONDecodeError,
        UnicodeDecodeError,
    ) as error:
        why = shortened(visible(str(error)), 200) or type(error).__name__
        raise Doubtful(
            "Slack did not answer", why=why, do="Check that this machine may reach slack.com."
        ) from error


def _answered(error: SlackApiError) -> Exception:
    """What Slack said, as an error of ours, or as the time to wait."""
    answer: Any = error.response
    status, said = answer.status_code, answer.data if isinstance(answer.data, dict) else {}
    code = shortened(visible(str(said.get("error") or status)), 80)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS or code in ("ratelimited", "rate_limited"):
        return _Wait(_seconds(answer.headers))
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or code in _LOST or not said:
        return Doubtful(
            "Slack failed", why=code, do="Run it again: what was posted is not posted twice."
        )
    return _refused(code, said)


def _refused(code: str, said: Mapping[str, Any]) -> SreError:
    if code in _CREDENTIALS:
        return CredentialsInvalid(
            _WHAT,
            why=code,
            do="Renew SRE_SLACK_BOT_TOKEN, or the bot_token of SRE_SLACK_SECRET_ID.",
        )
    if code in _DENIED:
        needed = f": {shortened(visible(str(said['needed'])), 80)}" if said.get("needed") else ""
        return AccessDenied(_WHAT, why=f"{code}{needed}", do=_SCOPES)
    if code in _BLOCKS:
        return BlocksRefused(
            _WHAT, why=code, do="Report it: every message is checked against Slack's limits."
        )
    do = (
        "Invite the app to the channel, and check its id."
        if code in _PLACES
        else "Look the word up in Slack's API reference."
    )
    return Rejected(_WHAT, why=code, do=do)


_PLACES = ("channel_not_found", "not_in_channel", "is_archived", "channel_is_archived")


def _seconds(headers: Mapping[str, str]) -> float:
    """What Retry-After says; a second where it says nothing that can be read."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return max(0.0, float(text))
    except ValueError:
        return 1.0
