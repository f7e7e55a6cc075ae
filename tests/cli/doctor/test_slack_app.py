"""`sre-cli doctor slack` over real HTTP: each check passes, fails with a remedy, or is skipped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from click.testing import CliRunner, Result
from moto import mock_aws
from tests.support.dynamodb import create_table
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer, json_response

from sre_cli.doctor.slack_app import SCOPES
from sre_cli.main import cli
from sre_slack.request_handler import RequestHandler
from sre_slack.secrets import SecretCache

SECRET = {
    "SRE_SLACK_SIGNING_SECRET": "signingsecretofthedoctorstests00",
    "SRE_TOKEN": "sre_secret-of-the-doctors-tests",
    "SRE_SLACK_BOT_TOKEN": "xoxb-secret-bot",
}
MANIFEST = Path(__file__).parents[3] / "lambda" / "manifest.yaml"


@dataclass
class Outside:
    """Stand-ins for Slack and for the function behind its gateway."""

    handler: RequestHandler
    slack: dict[str, Any] = field(
        default_factory=lambda: {
            "ok": True,
            "user": "sre",
            "team": "Example",
            "team_id": "T0123456",
        }
    )
    scopes: str = ",".join(SCOPES)
    place: str = ""


class SlackAndFunction(HttpServer):
    """Slack's Web API under ``/api/``, and the function under any other path."""

    def __init__(self, outside: Outside) -> None:
        super().__init__()
        self.outside = outside

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        if request.path.startswith("/api/"):
            return json_response(self.outside.slack, X_OAuth_Scopes=self.outside.scopes)
        event = {
            "httpMethod": "POST",
            "path": request.path,
            "headers": request.headers,
            "body": request.body.decode(),
        }
        answer = self.outside.handler.answer(event)
        return HttpResponse(answer["statusCode"], answer["body"].encode())


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, running: Any) -> Iterator[Outside]:
    told = Outside(RequestHandler(SecretCache(SECRET), lambda _job: None))

    server = SlackAndFunction(told)
    told.place = server.address
    monkeypatch.setenv("SRE_SLACK_STAND_IN", told.place)
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    with running(server):
        yield told


Doctor = Callable[..., Result]


@pytest.fixture
def doctor(outside: Outside) -> Doctor:
    def run(*arguments: str, **environ: str | None) -> Result:
        return CliRunner().invoke(
            cli, ["doctor", "slack", *arguments], env=environ, standalone_mode=False
        )

    return run


def states(result: Result) -> dict[str, str]:
    return {one["what"]: one["state"] for one in json.loads(result.stdout)}


def test_each_passed_check_has_a_line_and_no_secret_is_shown(
    doctor: Doctor, outside: Outside
) -> None:
    result = doctor("--url", f"http://{outside.place}/slack")
    assert "ok     secrets   1 signing secret, a server token and a bot token" in result.stdout
    assert "ok     bot       sre in Example (T0123456)" in result.stdout
    assert "ok     unsigned  unsigned requests are rejected (401)" in result.stdout
    assert "ok     help      answered in" in result.stdout
    assert "wrong  server    SRE_SERVER is not set" in result.stdout
    assert not [value for value in SECRET.values() if value in result.output]
    assert result.return_value == 4


def test_a_missing_scope_is_named_with_its_effect(doctor: Doctor, outside: Outside) -> None:
    outside.scopes = "commands,chat:write"
    result = doctor()
    assert "files:write is missing: no picture where" in result.stdout
    assert "reinstall the app" in result.stdout


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"ok": False, "error": "invalid_auth"}, "Slack reports invalid_auth"),
        ({}, "Slack reports no valid response"),
    ],
)
def test_a_bot_token_that_slack_rejects_is_wrong(
    doctor: Doctor, outside: Outside, told: dict[str, Any], said: str
) -> None:
    outside.slack = told
    assert said in doctor().stdout


def test_a_function_with_another_secret_or_none_is_wrong(doctor: Doctor, outside: Outside) -> None:
    other = doctor("--url", f"http://{outside.place}/slack", SRE_SLACK_SIGNING_SECRET="another" * 5)
    assert "a signed command gets 401" in other.stdout
    nobody = doctor("--url", "http://127.0.0.1:9/slack", "--output", "json")
    assert states(nobody)["function"] == "wrong"
    slack = doctor("--url", f"http://{outside.place}/api/x", "--output", "json")
    assert (states(slack)["unsigned"], states(slack)["help"]) == ("wrong", "wrong")


def test_without_secrets_the_other_checks_still_run(doctor: Doctor) -> None:
    result = doctor(
        "--output", "json", SRE_SLACK_SIGNING_SECRET=None, SRE_SERVER="http://127.0.0.1:9/mcp"
    )
    told = states(result)
    assert told == {
        "secrets": "wrong",
        "bot": "not looked at",
        "server": "not looked at",
        "table": "not looked at",
        "function": "not looked at",
    }
    alone = doctor("--output", "json", SRE_TOKEN=None, SRE_SLACK_BOT_TOKEN=None)
    assert states(alone)["secrets"] == "wrong"


@pytest.mark.parametrize("secret", ["\n", " ", "short", "a secret with spaces in it: no letters"])
def test_a_malformed_secret_is_wrong_and_not_shown(doctor: Doctor, secret: str) -> None:
    result = doctor("--output", "json", SRE_SLACK_SIGNING_SECRET=secret)
    assert states(result)["secrets"] == "wrong"
    assert "the Slack signing secret is not valid" in result.stdout
    assert not secret.strip() or secret not in result.stdout
    assert result.return_value == 4


@pytest.mark.parametrize(
    ("key", "expiry", "state"),
    [("id", "expiration", "ok"), ("id", "", "wrong"), ("id", "ttl", "wrong"), ("key", "", "wrong")],
)
def test_a_table_needs_its_key_and_time_to_live(
    doctor: Doctor, key: str, expiry: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DEFAULT_REGION": "eu-west-1",
        "ACCESS_KEY_ID": "testing",
        "SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table("t", (key,))
        if expiry:
            client.update_time_to_live(
                TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": expiry}
            )
        assert states(doctor("--output", "json", SRE_SLACK_TABLE="t"))["table"] == state
        assert states(doctor("--output", "json", SRE_SLACK_TABLE="another"))["table"] == "wrong"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--url", "ftp://x"),
        ("--url", "http://example.com/slack"),
        ("--url", "http://127.0.0.1.example.com/"),
        ("--as", "U0123456"),
    ],
)
def test_mistyped_arguments_are_usage_errors(doctor: Doctor, arguments: tuple[str, str]) -> None:
    result = doctor(*arguments)
    assert result.exception is not None
    assert arguments[0] in str(result.exception)


@pytest.mark.parametrize(
    ("told", "state", "said"),
    [
        (
            {"ok": True, "channel": {"name": "sre", "is_member": True}},
            "ok",
            "C0123456789 (#sre): the digest is posted there",
        ),
        ({"ok": True, "channel": {"name": "sre"}}, "wrong", "the app is not a member"),
        ({"ok": False, "error": "channel_not_found"}, "wrong", "Slack reports channel_not_found"),
        ({"ok": True}, "wrong", "Slack reports no such channel"),
    ],
)
def test_each_channel_of_the_digest_is_checked(
    doctor: Doctor, outside: Outside, tmp_path: Path, told: dict[str, Any], state: str, said: str
) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("channels:\n  - channel: C0123456789\n    owners: [payments]\n")
    outside.slack = told
    result = doctor("--output", "json", SRE_SLACK_CHANNELS=str(file))
    assert states(result)["channel"] == state
    assert said in result.stdout
    assert (
        states(doctor("--output", "json", SRE_SLACK_CHANNELS=str(file), SRE_SLACK_BOT_TOKEN=None))[
            "channel"
        ]
        == "not looked at"
    )


def test_the_scopes_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == set(SCOPES)
