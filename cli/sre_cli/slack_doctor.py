"""What must be in place for Slack, looked at one thing after the other: each is well, wrong with
what to do, or not looked at.

Nothing is written and nothing is posted. No secret is shown: how many there are is.
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
# What the app asks for, and what does not work without it. lambda/manifest.yaml lists the same.
SCOPES = {
    "commands": "/sre-vuln-check is not there",
    "chat:write": "no digest is posted",
    "files:write": "no picture is sent where Slack draws no chart",
    "channels:read": "answers are shared in no public channel",
    "groups:read": "answers are shared in no private channel",
    "channels:history": "a digest that broke off in a public channel is not finished",
    "groups:history": "a digest that broke off in a private channel is not finished",
    "usergroups:read": "what a group may see is not known (SRE_SLACK_GROUPS)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing: whether it is well, what was seen, and what to do where it is not."""

    what: str
    state: str
    said: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """What to look at beside the environment: the function's public address, for whom the server is
    asked, and which channels get a digest.
    """

    environ: Mapping[str, str]
    url: str = ""
    person: str = ""
    channels: Sequence[str] = ()


def look(where: Where) -> Iterator[Check]:
    """Every check, each as soon as it is done."""
    secrets, kept = _secrets(where.environ)
    yield kept
    yield from bot(secrets, where.environ)
    for one in where.channels:
        yield channel(one, secrets, where.environ)
    yield _server(secrets, where)
    yield _table(where.environ)
    yield from _function(secrets, where)


def _secrets(environ: Mapping[str, str]) -> tuple[Secrets | None, Check]:
    try:
        secrets = read(environ)
    except SreError as error:
        return None, Check("secrets", WRONG, str(error))
    return secrets, _kept(secrets)


def _kept(secrets: Secrets) -> Check:
    number = len(secrets.signing)
    said = f"{number} signing secret{'s' if number > 1 else ''}"
    missing = [
        name
        for name, value in (
            ("server_token", secrets.server_token),
            ("bot_token", secrets.bot_token),
        )
        if not value
    ]
    if "server_token" in missing:
        return Check(
            "secrets",
            WRONG,
            f"{said}, and no {' and no '.join(missing)}",
            "Add it: sre-cli tokens new --acts-for slack.",
        )
    return Check("secrets", OK, f"{said}, a server token and {'no' if missing else 'a'} bot token")


def bot(secrets: Secrets | None, environ: Mapping[str, str]) -> Iterator[Check]:
    """Whose the bot token is, and which scopes it has.

    https://docs.slack.dev/reference/methods/auth.test; the token's scopes are in a header of every
    answer."""
    if secrets is None or not secrets.bot_token:
        yield Check("bot", SKIPPED, "there is no bot token: no digest, and no sharing in channels")
        return
    answer = call("auth.test", secrets.bot_token, environ)
    if answer.error:
        yield Check(
            "bot",
            WRONG,
            f"Slack says {answer.error}",
            "Install the app, and keep its Bot User OAuth Token as bot_token.",
        )
        return
    yield Check(
        "bot",
        OK,
        f"{answer.values.get('user')} in {answer.values.get('team')}"
        f" ({answer.values.get('team_id')})",
    )
    for scope in [one for one in SCOPES if one not in answer.scopes]:
        do = "Add it under OAuth & Permissions, and install the app once more."
        yield Check("scopes", WRONG, f"{scope} is missing: {SCOPES[scope]}", do)
    if answer.scopes >= SCOPES.keys():
        yield Check("scopes", OK, ", ".join(SCOPES))


def channel(identity: str, secrets: Secrets | None, environ: Mapping[str, str]) -> Check:
    """Whether a digest can be posted there.
    https://docs.slack.dev/reference/methods/conversations.info"""
    if secrets is None or not secrets.bot_token:
        return Check("channel", SKIPPED, f"{identity}: there is no bot token")
    answer = call("conversations.info", secrets.bot_token, environ, channel=identity)
    found = answer.values.get("channel")
    if not isinstance(found, dict):
        why = f"{identity}: Slack says {answer.error or 'nothing of it'}"
        return Check(
            "channel",
            WRONG,
            why,
            "Check the id; of a private channel Slack tells its members alone.",
        )
    name = f"{identity} (#{found.get('name')})"
    if not found.get("is_member"):
        return Check(
            "channel", WRONG, f"{name}: the app is not in it", f"Say there: /invite @{_NAME}"
        )
    return Check("channel", OK, f"{name}: the digest is posted there")


def _server(secrets: Secrets | None, where: Where) -> Check:
    """Whether the server answers this token for somebody; without a name, for nobody, who may see
    nothing."""
    url = where.environ.get("SRE_SERVER", "")
    if secrets is None or not url:
        return Check(
            "server",
            WRONG if not url else SKIPPED,
            "SRE_SERVER is not set" if not url else "there is no token",
        )
    asking = {"user": where.person or "T0/U0", "channel": "", "groups": [], "shared": False}
    try:
        seen = (
            RemoteService(Remote(url, secrets.server_token, 10.0, asking))
            .ask(Summary())
            .rollup.counts.total
        )
    except SreError as error:
        return Check("server", WRONG, str(error))
    if where.person and not seen:
        do = 'Give them an entry under "slack" of the document of tokens.'
        return Check("server", WRONG, f"it answers; {where.person} may see nothing", do)
    return Check(
        "server",
        OK,
        f"it answers; {where.person or 'who has no entry'} sees {seen:,} open findings",
    )


def _table(environ: Mapping[str, str]) -> Check:
    """The key and the expiry that the records need."""
    name = environ.get("SRE_SLACK_TABLE", "")
    if not name:
        return Check("table", SKIPPED, "SRE_SLACK_TABLE is not set here")
    try:
        keys, expiry = _described(name)
    except sdk_errors() as error:
        return Check(
            "table",
            WRONG,
            f"{name}: {type(error).__name__}",
            "Does it exist, and may you describe it?",
        )
    if keys != [("id", "HASH")]:
        return Check(
            "table",
            WRONG,
            f"the key of {name} is not id",
            'Make it anew with the partition key "id", a string.',
        )
    if expiry != "expiration":
        return Check(
            "table",
            WRONG,
            f"{name} never forgets",
            'Turn its time to live on, with the attribute "expiration".',
        )
    return Check("table", OK, f"{name}, with its key and its expiry")


def _described(name: str) -> tuple[list[tuple[str, str]], str]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "dynamodb",
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
    )
    keys = client.describe_table(TableName=name)["Table"].get("KeySchema", [])
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    lives = expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return [(key["AttributeName"], key["KeyType"]) for key in keys], (
        expiry.get("AttributeName", "") if lives else ""
    )


def _function(secrets: Secrets | None, where: Where) -> Iterator[Check]:
    """The function as Slack meets it: who is not Slack is turned away, and ``help`` is answered in
    time."""
    if not where.url:
        yield Check("function", SKIPPED, "its address is not known: give it with --url")
        return
    try:
        yield _unsigned(where.url)
        if secrets:
            yield _helped(secrets, where.url)
    except (OSError, http.client.HTTPException) as error:
        yield Check(
            "function",
            WRONG,
            f"cannot be reached: {type(error).__name__}",
            "Check the address, and the API Gateway.",
        )


def _unsigned(url: str) -> Check:
    status, _, _ = _post(url, {}, b"text=help")
    if status == http.client.UNAUTHORIZED:
        return Check("unsigned", OK, "is turned away: 401")
    return Check(
        "unsigned",
        WRONG,
        f"is answered with {status}",
        "Does this address lead to the function and nothing else?",
    )


def _helped(secrets: Secrets, url: str) -> Check:
    body, stamp = (
        urlencode({"command": "/sre-vuln-check", "text": "help"}).encode(),
        str(int(time.time())),
    )
    digest = hmac.new(
        secrets.signing[0], b"v0:" + stamp.encode() + b":" + body, hashlib.sha256
    ).hexdigest()
    status, said, seconds = _post(
        url, {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}, body
    )
    if status != http.client.OK or b"/sre-vuln-check" not in said:
        do = (
            "Has the function the same secret, and is its clock right? Its log says why it refused."
        )
        return Check("help", WRONG, f"a signed command is answered with {status}", do)
    if seconds > PATIENCE:
        return Check(
            "help",
            WRONG,
            f"is answered in {seconds:.1f} s, and Slack waits three",
            "Give the function more memory.",
        )
    return Check("help", OK, f"is answered in {seconds * 1000:,.0f} ms; Slack waits three seconds")


def _post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, float]:
    """Status, body and seconds of one request, as Slack sends it."""
    place = urlsplit(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection, began = kind(place.hostname or "", place.port, timeout=10), time.perf_counter()
    try:
        connection.request(
            "POST",
            place.path or "/",
            body,
            {"Content-Type": "application/x-www-form-urlencoded", **headers},
        )
        answer = connection.getresponse()
        return answer.status, answer.read(1 << 16), time.perf_counter() - began
    finally:
        connection.close()


def as_json(checks: list[Check]) -> str:
    """The checks for a machine."""
    return json.dumps(
        [{"what": one.what, "state": one.state, "said": one.said, "do": one.do} for one in checks],
        indent=2,
    )
