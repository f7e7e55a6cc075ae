"""The acknowledging half: is it Slack, what does it ask, and off to work, in milliseconds and
importing next to nothing."""

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
from sre_slack.job import ASK, KINDS, Job
from sre_slack.request import Malformed, Request, request_of
from sre_slack.response_url import is_slack
from sre_slack.secrets import Keeper
from sre_slack.signature import is_signed, looks_signed

_FORM = "application/x-www-form-urlencoded"
_FIELDS = 64  # of a form; Slack sends about fifteen
_TEAM, _USER, _CHANNEL = (
    re.compile(rf"[{letters}][A-Z0-9]{{2,20}}\Z") for letters in ("TE", "UW", "CGD")
)
_TRIGGER = re.compile(r"[A-Za-z0-9._-]{1,200}\Z")
_LOCKED = (
    "I cannot read my own secrets, so I cannot tell whether it is you who asks. Nothing was done:"
    " please tell whoever runs me."
)
_SORRY = (
    "I could not start on your request: nothing was lost but the time. Please ask again in a"
    " minute."
)

Response = dict[str, Any]


class _Locked(Exception):
    """Our secrets cannot be read."""


@dataclass(frozen=True, slots=True)
class Front:
    """What the front needs: our secrets, the call of ourselves, and the clock (epoch seconds)."""

    keeper: Keeper
    invoke: Callable[[Job], None]
    now: Callable[[], float] = time.time

    def answer(self, event: Mapping[str, Any]) -> Response:
        """What API Gateway gives back: 200 to Slack, 401 to whoever is not, 400 to what is no
        request of Slack's.

        While our secrets cannot be read nobody knows whose request it is. Slack shows its users the
        body of a 200 alone, so what has the form of Slack's own gets one fixed sentence, and starts
        nothing; anything else is refused as ever.
        """
        try:
            request = request_of(event)
            if not looks_signed(request, self.now()) or not is_signed(
                request, self._signing(), self.now()
            ):
                log.note("refused", why="not signed by Slack, or too old")
                return _plain(401)
            return self._asked(request)
        except _Locked:
            return _said(_LOCKED)
        except Malformed as error:
            log.note("refused", why=str(error))
            return _plain(400)
        except SreError as error:
            log.fault("cannot acknowledge", error)
            return _said(_SORRY)

    def _signing(self) -> tuple[bytes, ...]:
        try:
            return self.keeper.secrets().signing
        except SreError as error:
            log.fault("cannot check a signature", error)
            raise _Locked from error

    def _asked(self, request: Request) -> Response:
        if request.method != "POST" or not request.headers.get("content-type", "").startswith(
            _FORM
        ):
            raise Malformed("no form was posted")
        form = _form(request.body)
        if form.get("ssl_check") == "1":
            return _plain(200)
        return self._pressed(form["payload"]) if "payload" in form else self._typed(form)

    def _typed(self, form: Mapping[str, str]) -> Response:
        wanted = command.parse(form.get("text", ""))
        if wanted.help:
            return _said(command.HELP)
        place = (form.get("team_id"), form.get("user_id"), form.get("channel_id"))
        job = self._job(
            ASK,
            form.get("trigger_id"),
            place,
            form.get("response_url"),
            text=wanted.text,
            severities=tuple(wanted.severities),
            live=wanted.live,
        )
        self.invoke(job)
        return _said(
            "Looking at everything that you may see …"
            if not wanted.text
            else f"Looking at {_code(wanted.text)} …"
        )

    def _pressed(self, payload: str) -> Response:
        """A button of ours. Those that only open an address want no more than a 200."""
        pressed = _object(payload)
        action = next(iter(_list(pressed.get("actions"))), None)
        if not isinstance(action, dict) or action.get("action_id") not in KINDS:
            return _plain(200)
        asked = _object(str(action.get("value", "")))
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
        )
        self.invoke(job)
        return _plain(200)

    def _job(
        self, kind: str, trigger: Any, place: tuple[Any, ...], response_url: Any, **asked: Any
    ) -> Job:
        """A job of checked parts. Raises Malformed for what Slack never sends."""
        for what, value, form in zip(
            ("team", "user", "channel"), place, (_TEAM, _USER, _CHANNEL), strict=True
        ):
            if not isinstance(value, str) or not form.match(value):
                raise Malformed(f"no {what} of Slack's")
        if not isinstance(trigger, str) or not _TRIGGER.match(trigger):
            raise Malformed("no trigger_id")
        if not isinstance(response_url, str) or not is_slack(response_url):
            raise Malformed("a response_url that is not Slack's")
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
        raise Malformed("a form that cannot be read") from error


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("JSON that cannot be read") from error
    if not isinstance(values, dict):
        raise Malformed("JSON that is no object")
    return values


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else None


def _code(text: str) -> str:
    from sre_reports.slack.text import (
        code,
    )

    return code(text)


def _said(text: str) -> Response:
    """Words for the asker alone."""
    body = json.dumps({"response_type": "ephemeral", "text": text})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def _plain(status: int) -> Response:
    return {"statusCode": status, "headers": {"Content-Type": "text/plain"}, "body": ""}
