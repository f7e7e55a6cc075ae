"""The checks of ``sre-cli doctor slack``.

Nothing is written or posted, and no secret is shown.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from sre_findings.aws_errors import sdk_errors
from sre_findings.client.connection import Remote
from sre_findings.client.service import RemoteService
from sre_findings.model.errors import SreError
from sre_findings.questions.estate import Summary
from sre_slack.secrets import Secrets, read
from sre_slack.web_api import call

_NAME = "sre-assistant"  # of the bot, in lambda/manifest.yaml
OK, WRONG, SKIPPED = "ok", "wrong", "not looked at"
PATIENCE = 3.0  # seconds that Slack waits for an acknowledgement
_NO_BOT = "no bot token: no digest, and answers cannot be shared in channels"
# The scopes of the app and what does not work without them. lambda/manifest.yaml has the same.
SCOPES = {
    "commands": "no /sre-vuln-check",
    "chat:write": "no digest",
    "files:write": "no picture where Slack cannot show a chart",
    "channels:read": "answers cannot be shared in public channels",
    "groups:read": "answers cannot be shared in private channels",
    "channels:history": "an interrupted digest in a public channel is not completed",
    "groups:history": "an interrupted digest in a private channel is not completed",
    "usergroups:read": "the access of user groups is unknown (SRE_SLACK_GROUPS)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: its state, the details, and the remedy if it is wrong."""

    what: str
    state: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What to check in addition to the environment.

    ``Target`` has the function's URL, the Slack user (TEAM/USER) to check access for, and the
    channels of the digest. Each is optional.
    """

    environ: Mapping[str, str]
    url: str = ""
    person: str = ""
    channels: Sequence[str] = ()


def checks(target: Target) -> Iterator[Check]:
    """Yields every check as soon as it is done."""
    secrets, check = _secrets(target.environ)
    yield check
    yield from bot(secrets, target.environ)
    for one in target.channels:
        yield channel(one, secrets, target.environ)
    yield _server(secrets, target)
    yield _table(target.environ)
    yield from _function(secrets, target)


def _secrets(environ: Mapping[str, str]) -> tuple[Secrets | None, Check]:
    try:
        secrets = read(environ)
    except SreError as error:
        return None, Check("secrets", WRONG, str(error))
    return secrets, _complete(secrets)


def _complete(secrets: Secrets) -> Check:
    number = len(secrets.signing)
    found = f"{number} signing secret{'' if number == 1 else 's'}"
    tokens = {"server_token": secrets.server_token, "bot_token": secrets.bot_token}
    missing = [name for name, value in tokens.items() if not value]
    if "server_token" in missing:
        detail = f"{found}, but no {' and no '.join(missing)}"
        return Check("secrets", WRONG, detail, "Add it: sre-cli tokens new --acts-for slack.")
    return Check("secrets", OK, f"{found}, a server token and {'no' if missing else 'a'} bot token")


def bot(secrets: Secrets | None, environ: Mapping[str, str]) -> Iterator[Check]:
    """Checks the bot that the token belongs to, and its scopes.

    https://docs.slack.dev/reference/methods/auth.test; a header of every response has the scopes.
    """
    if secrets is None or not secrets.bot_token:
        yield Check("bot", SKIPPED, _NO_BOT)
        return
    answer = call("auth.test", secrets.bot_token, environ)
    if answer.error:
        remedy = "Install the app, and store its Bot User OAuth Token as bot_token."
        yield Check("bot", WRONG, f"Slack reports {answer.error}", remedy)
        return
    values = answer.values
    team = f"{values.get('team')} ({values.get('team_id')})"
    yield Check("bot", OK, f"{values.get('user')} in {team}")
    for scope in [one for one in SCOPES if one not in answer.scopes]:
        remedy = "Add it under OAuth & Permissions, and reinstall the app."
        yield Check("scopes", WRONG, f"{scope} is missing: {SCOPES[scope]}", remedy)
    if answer.scopes >= SCOPES.keys():
        yield Check("scopes", OK, ", ".join(SCOPES))


def channel(identity: str, secrets: Secrets | None, environ: Mapping[str, str]) -> Check:
    """Checks whether the bot can post a digest in the channel.

    https://docs.slack.dev/reference/methods/conversations.info
    """
    if secrets is None or not secrets.bot_token:
        return Check("channel", SKIPPED, f"{identity}: no bot token")
    answer = call("conversations.info", secrets.bot_token, environ, channel=identity)
    found = answer.values.get("channel")
    if not isinstance(found, dict):
        detail = f"{identity}: Slack reports {answer.error or 'no such channel'}"
        remedy = "Check the id. Slack shows a private channel only to its members."
        return Check("channel", WRONG, detail, remedy)
    name = f"{identity} (#{found.get('name')})"
    if not found.get("is_member"):
        remedy = f"Run in this channel: /invite @{_NAME}"
        return Check("channel", WRONG, f"{name}: the app is not a member", remedy)
    return Check("channel", OK, f"{name}: the digest is posted there")


def _server(secrets: Secrets | None, target: Target) -> Check:
    """Checks whether the server accepts the token and lets the user see findings.

    Without a user, the query is made for a user without access.
    """
    url = target.environ.get("SRE_SERVER", "")
    if not url:
        return Check("server", WRONG, "SRE_SERVER is not set")
    if secrets is None:
        return Check("server", SKIPPED, "no server token")
    asking = {"user": target.person or "T0/U0", "channel": "", "groups": [], "shared": False}
    try:
        remote = Remote(url, secrets.server_token, 10.0, asking)
        findings = RemoteService(remote).ask(Summary()).rollup.counts.total
    except SreError as error:
        return Check("server", WRONG, str(error))
    if target.person and not findings:
        remedy = 'Add an entry for this user under "slack" in the tokens document.'
        return Check("server", WRONG, f"it answers, but {target.person} sees no findings", remedy)
    user = target.person or "a user without an entry"
    return Check("server", OK, f"it answers; {user} sees {findings:,} open findings")


def _table(environ: Mapping[str, str]) -> Check:
    """Checks whether the function's table has the right key and expires its records."""
    name = environ.get("SRE_SLACK_TABLE", "")
    if not name:
        return Check("table", SKIPPED, "SRE_SLACK_TABLE is not set")
    try:
        keys, expiry = _described(name)
    except sdk_errors() as error:
        remedy = "Check that it exists, and that you may call dynamodb:DescribeTable."
        return Check("table", WRONG, f"{name}: {type(error).__name__}", remedy)
    if keys != [("id", "HASH")]:
        remedy = 'Recreate it with the partition key "id", a string.'
        return Check("table", WRONG, f"the key of {name} is not id", remedy)
    if expiry != "expiration":
        remedy = 'Turn on time to live with the attribute "expiration".'
        return Check("table", WRONG, f"{name} has no time to live", remedy)
    return Check("table", OK, f"{name}, with key and time to live")


def _described(name: str) -> tuple[list[tuple[str, str]], str]:
    """Returns the table's keys, as (name, type), and its time-to-live attribute, "" if off."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "dynamodb",
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
    )
    keys = client.describe_table(TableName=name)["Table"].get("KeySchema", [])
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    on = expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return [(key["AttributeName"], key["KeyType"]) for key in keys], (
        expiry.get("AttributeName", "") if on else ""
    )


def _function(secrets: Secrets | None, target: Target) -> Iterator[Check]:
    """Checks whether the function rejects unsigned requests, and answers ``help`` in time."""
    if not target.url:
        yield Check("function", SKIPPED, "its URL is unknown: use --url")
        return
    try:
        yield _unsigned(target.url)
        if secrets:
            yield _help(secrets, target.url)
    except (OSError, http.client.HTTPException) as error:
        detail = f"cannot be reached: {type(error).__name__}"
        yield Check("function", WRONG, detail, "Check the URL and the API Gateway.")


def _unsigned(url: str) -> Check:
    status, _, _ = _post(url, {}, b"text=help")
    if status == http.client.UNAUTHORIZED:
        return Check("unsigned", OK, "unsigned requests are rejected (401)")
    detail = f"an unsigned request gets {status}"
    return Check("unsigned", WRONG, detail, "Check that the URL is that of the function.")


def _help(secrets: Secrets, url: str) -> Check:
    body = urlencode({"command": "/sre-vuln-check", "text": "help"}).encode()
    stamp = str(int(time.time()))
    signed = b"v0:" + stamp.encode() + b":" + body
    digest = hmac.new(secrets.signing[0], signed, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
    status, answer, seconds = _post(url, headers, body)
    if status != http.client.OK or b"/sre-vuln-check" not in answer:
        remedy = "Check the function's signing secret and clock; its log has the reason."
        return Check("help", WRONG, f"a signed command gets {status}", remedy)
    if seconds > PATIENCE:
        detail = f"answered in {seconds:.1f} s; Slack waits only {PATIENCE:.0f} s"
        return Check("help", WRONG, detail, "Give the function more memory.")
    detail = f"answered in {seconds * 1000:,.0f} ms; Slack waits {PATIENCE:.0f} s"
    return Check("help", OK, detail)


def _post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, float]:
    """Sends a request as Slack does. Returns the status, the body and the duration in seconds."""
    place = urlsplit(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection, began = kind(place.hostname or "", place.port, timeout=10), time.perf_counter()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    try:
        connection.request("POST", place.path or "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(1 << 16), time.perf_counter() - began
    finally:
        connection.close()


def as_json(found: Sequence[Check]) -> str:
    """Returns the checks as JSON."""
    rows = [
        {"what": one.what, "state": one.state, "said": one.detail, "do": one.remedy}
        for one in found
    ]
    return json.dumps(rows, indent=2)
