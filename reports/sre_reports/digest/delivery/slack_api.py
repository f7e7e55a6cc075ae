"""Slack's Web API: the only module that imports slack_sdk and maps its errors.

A request is retried only if Slack asks to wait. If a response is lost, the post may have arrived:
the client raises Doubtful and the caller decides. The token is sent only to Slack or this machine,
and appears in no message or log.
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
SECONDS = 15  # timeout of each request
PATIENCE = 90.0  # total seconds to wait when Slack limits the rate
EVENT = "sre_digest"  # the metadata type by which a post is found again
_PAGE, _PAGES = 200, 10
_WHAT = "Slack did not accept the message"
_SCOPES = (
    "The app needs chat:write, files:write, channels:history and groups:history. Reinstall it"
    " after adding a scope."
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
    """It is unknown whether Slack accepted the request."""


class BlocksRefused(Rejected):
    """Slack rejected the blocks; the workspace may not have the newer block types yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, and optionally a thread in it, identified by the ``ts`` of its first message."""

    channel: str
    thread: str | None = None


def open_web(token: str, url: str = "", sleep: Callable[[float], None] = time.sleep) -> Web:
    """Returns a client of Slack at ``url``, or at Slack's own address. Does not connect yet.

    Raises UsageError for a URL that is neither Slack nor this machine.
    """
    from slack_sdk import WebClient

    base, here = _checked(url or API)
    quiet = logging.Logger("slack", logging.CRITICAL + 1)  # noqa: LOG001 - silent: our errors have its messages
    client = WebClient(token, base_url=base, timeout=SECONDS, retry_handlers=[], logger=quiet)
    if here:
        client.proxy = None  # this machine needs no proxy
    return Web(client, sleep)


def _checked(url: str) -> tuple[str, bool]:
    """Returns the URL, and whether it is this machine. The token is sent to no other host."""
    do = "Unset it, or use http://127.0.0.1:port/ for a stand-in on this machine."
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise UsageError("SRE_SLACK_API_URL is not a URL", do=do) from error
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
    """The calls to Slack for the digest of one channel."""

    def __init__(self, client: WebClient, sleep: Callable[[float], None]) -> None:
        self._client, self._sleep, self._left = client, sleep, PATIENCE

    def post(self, place: Place, payload: Mapping[str, Any], name: Mapping[str, str]) -> str:
        """Posts a message with its name in its metadata, and returns its ``ts``.

        Raises Doubtful if the message may have arrived.
        """
        metadata = {"event_type": EVENT, "event_payload": dict(name)}
        to = {"channel": place.channel} | ({"thread_ts": place.thread} if place.thread else {})
        answer = self._asked("chat.postMessage", json={**to, "metadata": metadata, **payload})
        return str(answer["ts"])

    def find(
        self, place: Place, name: Mapping[str, str], oldest: float
    ) -> tuple[str, Mapping[str, str]] | None:
        """Returns the ``ts`` and full name of our message whose name includes ``name``.

        Only messages not older than ``oldest``, in epoch seconds, are searched. Returns None if
        there is none. Raises Rejected if there are more messages since then than can be read.
        """
        some = ((str(one["ts"]), _name_of(one)) for one in self._messages(place, oldest))
        return next(
            ((ts, whole) for ts, whole in some if whole and name.items() <= whole.items()), None
        )

    def find_file(self, place: Place, filename: str, oldest: float) -> str | None:
        """Returns the ``ts`` of the message with an uploaded file. Uploads have no metadata."""
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
        """Uploads a picture with alt text to a thread. Raises Doubtful if it may have arrived."""
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
        # Without include_all_metadata, Slack omits metadata types that the app's manifest does not
        # declare.
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
            "the channel has too many messages to search",
            do="Check the channel, and post with --again.",
        )

    def _asked(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        answer: Any = self._patiently(lambda: self._client.api_call(method, **arguments)).data
        return dict(answer)

    def _patiently(self, call: Callable[[], SlackResponse]) -> SlackResponse:
        """Calls Slack, and waits as long as Slack asks for, up to PATIENCE in total."""
        while True:
            try:
                with _errors():
                    return call()
            except _Wait as wait:
                self._left -= wait.seconds
                if self._left < 0:
                    why = f"it asks to wait {wait.seconds:,.0f} more seconds"
                    raise Throttled(
                        "Slack is limiting the rate of messages", why=why, do="Run it again later."
                    ) from wait
                self._sleep(wait.seconds)


class _Wait(Exception):
    """Slack asks to retry after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def _name_of(one: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the name in the metadata of our message; empty for other messages."""
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
            "Slack did not respond", why=why, do="Check that this machine can reach slack.com."
        ) from error


def _answered(error: SlackApiError) -> Exception:
    """Returns Slack's error as one of ours, or as a time to wait."""
    answer: Any = error.response
    status, said = answer.status_code, answer.data if isinstance(answer.data, dict) else {}
    code = shortened(visible(str(said.get("error") or status)), 80)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS or code in ("ratelimited", "rate_limited"):
        return _Wait(_seconds(answer.headers))
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or code in _LOST or not said:
        return Doubtful(
            "Slack failed", why=code, do="Run it again. Posted parts are not posted twice."
        )
    return _refused(code, said)


def _refused(code: str, said: Mapping[str, Any]) -> SreError:
    if code in _CREDENTIALS:
        return CredentialsInvalid(
            _WHAT,
            why=code,
            do="Renew SRE_SLACK_BOT_TOKEN, or the bot_token in SRE_SLACK_SECRET_ID.",
        )
    if code in _DENIED:
        needed = f": {shortened(visible(str(said['needed'])), 80)}" if said.get("needed") else ""
        return AccessDenied(_WHAT, why=f"{code}{needed}", do=_SCOPES)
    if code in _BLOCKS:
        return BlocksRefused(
            _WHAT, why=code, do="Report this as a bug: messages are checked against Slack's limits."
        )
    do = (
        "Invite the app to the channel, and check the channel's id."
        if code in _PLACES
        else "Look up the error in Slack's API reference."
    )
    return Rejected(_WHAT, why=code, do=do)


_PLACES = ("channel_not_found", "not_in_channel", "is_archived", "channel_is_archived")


def _seconds(headers: Mapping[str, str]) -> float:
    """Returns the seconds of Retry-After; 1 if it is missing or invalid."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return max(0.0, float(text))
    except ValueError:
        return 1.0
