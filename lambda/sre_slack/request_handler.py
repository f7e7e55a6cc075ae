"""Handles requests from Slack: verifies a request, starts a job, and acknowledges it.

It takes milliseconds and needs few imports.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sre_findings.model.errors import SreError
from sre_slack import command, log
from sre_slack.job import ACCEPT, ASK, KINDS, TAKE, Job
from sre_slack.request import Malformed, Request, request_of
from sre_slack.response_url import is_slack
from sre_slack.secrets import SecretCache
from sre_slack.signature import is_signed, looks_signed

_FORM = "application/x-www-form-urlencoded"
_NAME = 80  # characters of a name
_FIELDS = 64  # fields of a form; Slack sends about fifteen
_TEAM, _USER, _CHANNEL = (
    re.compile(rf"[{letters}][A-Z0-9]{{2,20}}\Z") for letters in ("TE", "UW", "CGD")
)
_TRIGGER = re.compile(r"[A-Za-z0-9._-]{1,200}\Z")
_UNVERIFIED = (
    "I can't read my secrets, so I can't verify this request. Nothing was started. Please tell the"
    " owner of this app."
)
_NOT_STARTED = "I couldn't start your request. Please try again in a minute."

Response = dict[str, Any]


class _SecretsUnavailable(Exception):
    """The secrets cannot be read, so no signature can be verified."""


@dataclass(frozen=True, slots=True)
class RequestHandler:
    """Handles requests. ``invoke`` starts a job; ``now`` is in epoch seconds."""

    secrets: SecretCache
    invoke: Callable[[Job], None]
    now: Callable[[], float] = time.time

    def answer(self, event: Mapping[str, Any]) -> Response:
        """Returns the response for API Gateway.

        200 to Slack, 401 without a valid signature, 400 for a malformed request. While the secrets
        cannot be read, a request that looks signed gets a fixed text with status 200, since Slack
        shows its users nothing else. It starts no job.
        """
        try:
            request = request_of(event)
            if not looks_signed(request, self.now()) or not is_signed(
                request, self._signing(), self.now()
            ):
                log.info("refused", why="not signed by Slack, or too old")
                return _empty(401)
            return self._dispatch(request)
        except _SecretsUnavailable:
            return _message(_UNVERIFIED)
        except Malformed as error:
            log.info("refused", why=str(error))
            return _empty(400)
        except SreError as error:
            log.error("cannot acknowledge", error)
            return _message(_NOT_STARTED)

    def _signing(self) -> tuple[bytes, ...]:
        try:
            return self.secrets.current().signing
        except SreError as error:
            log.error("cannot check a signature", error)
            raise _SecretsUnavailable from error

    def _dispatch(self, request: Request) -> Response:
        if request.method != "POST" or not request.headers.get("content-type", "").startswith(
            _FORM
        ):
            raise Malformed("not a posted form")
        form = _form(request.body)
        if form.get("ssl_check") == "1":
            return _empty(200)
        return self._button(form["payload"]) if "payload" in form else self._command(form)

    def _command(self, form: Mapping[str, str]) -> Response:
        wanted = command.parse(form.get("text", ""))
        if wanted.help:
            return _message(command.HELP)
        place = (form.get("team_id"), form.get("user_id"), form.get("channel_id"))
        job = self._job(
            ASK,
            form.get("trigger_id"),
            place,
            form.get("response_url"),
            text=wanted.text,
            severities=tuple(wanted.severities),
            live=wanted.live,
            private=True,
        )
        self.invoke(job)
        subject = _code(wanted.text) if wanted.text else "all resources that you can see"
        return _message(f"Checking {subject} …")

    def _button(self, payload: str) -> Response:
        """Handles a button. One that only opens a link needs no job."""
        pressed = _object(payload)
        action = next(iter(_list(pressed.get("actions"))), None)
        if not isinstance(action, dict) or action.get("action_id") not in KINDS:
            return _empty(200)
        asked = _asked(action)
        place = tuple(_id(pressed.get(name)) for name in ("team", "user", "channel"))
        job = self._job(
            action["action_id"],
            pressed.get("trigger_id"),
            place,
            pressed.get("response_url"),
            text=str(asked.get("id", ""))[: command.LONGEST],
            severities=tuple(
                one
                for one in map(str, _list(asked.get("sev")))
                if one.lower() in command.SEVERITIES
            ),
            cursor=str(asked["cursor"])[:200] if asked.get("cursor") else None,
            live=asked.get("live") is True,
            vulnerability=str(asked.get("vulnerability", ""))[: command.LONGEST],
            until=str(asked.get("until", ""))[:_NAME],
            name=_name(pressed.get("user")),
            private=_is_private(pressed),
        )
        self.invoke(job)
        return _empty(200)

    def _job(
        self, kind: str, trigger: Any, place: tuple[Any, ...], response_url: Any, **asked: Any
    ) -> Job:
        """Returns a job with validated values. Raises Malformed for an unexpected value."""
        for what, value, form in zip(
            ("team", "user", "channel"), place, (_TEAM, _USER, _CHANNEL), strict=True
        ):
            if not isinstance(value, str) or not form.match(value):
                raise Malformed(f"{what} is not an ID of Slack")
        if not isinstance(trigger, str) or not _TRIGGER.match(trigger):
            raise Malformed("trigger_id is missing or invalid")
        if not isinstance(response_url, str) or not is_slack(response_url):
            raise Malformed("response_url does not belong to Slack")
        team, user, channel = place
        return Job(kind, trigger, team, user, channel, response_url, self.now(), **asked)


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=True,
                max_num_fields=_FIELDS,
                errors="strict",
            )
        )
    except ValueError as error:
        raise Malformed("the form cannot be parsed") from error


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("the JSON cannot be parsed") from error
    if not isinstance(values, dict):
        raise Malformed("the JSON is not an object")
    return values


def _asked(action: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of a button, or of a choice in a menu.

    Raises Malformed for any other action.
    """
    if action["action_id"] not in (ACCEPT, TAKE):
        return _object(str(action.get("value", "")))
    from sre_reports.slack import claim_choice, risk_choice

    menu = claim_choice if action["action_id"] == TAKE else risk_choice
    if not (found := menu.chosen(action)):
        raise Malformed("the choice has no value")
    return dict(found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_private(pressed: Mapping[str, Any]) -> bool:
    """Returns whether only the user sees the message with the button.

    A shared answer has buttons too. If an answer replaced it, the channel would see it.
    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    container = pressed.get("container")
    return isinstance(container, dict) and container.get("is_ephemeral") is True


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else None


def _name(user: Any) -> str:
    """Returns the name of the user, empty if there is none. It is shown, and decides nothing."""
    name = user.get("name") if isinstance(user, dict) else None
    return name[:_NAME] if isinstance(name, str) else ""


def _code(text: str) -> str:
    from sre_reports.slack.escaping import code

    return code(text)


def _message(text: str) -> Response:
    """Returns a response whose text only the user sees."""
    body = json.dumps({"response_type": "ephemeral", "text": text})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def _empty(status: int) -> Response:
    return {"statusCode": status, "headers": {"Content-Type": "text/plain"}, "body": ""}
