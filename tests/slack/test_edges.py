"""Secrets, the call of ourselves, the way back to Slack, and what Slack says of a channel: each
over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import boto3
import pytest

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    SreError,
    Throttled,
    Unreachable,
    UsageError,
)
from sre_reports.slack.blocks import section
from sre_reports.slack.message import Message
from sre_slack.aws import Service, _base, _connection
from sre_slack.channels import not_shareable
from sre_slack.invocation import invoke_self
from sre_slack.response_url import Busy, Refused, is_slack, respond, say, send
from sre_slack.secrets import KEPT, Keeper, Secrets, SecretUnread, parse
from sre_slack.web_api import ask

SECRET = {"signing_secrets": ["new", "old"], "server_token": "sre_token", "bot_token": "xoxb-1"}
KNOWN = Secrets((b"new", b"old"), "sre_token", "xoxb-1")


def extension(stand_in: Any, **more: str) -> dict[str, str]:
    port = str(stand_in.server_port)
    return {
        "SRE_SLACK_SECRET_ID": "sre/slack",
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": port,
        "AWS_SESSION_TOKEN": "session",
        **more,
    }


def told(secret: Any = SECRET) -> str:
    return json.dumps({"SecretString": json.dumps(secret)})


def test_secrets_come_from_the_extension_beside_the_function(stand_in: Any) -> None:
    stand_in.will(200, told())
    assert Keeper(extension(stand_in)).secrets() == KNOWN
    (asked,) = stand_in.asked
    assert asked.path == "/secretsmanager/get?secretId=sre%2Fslack"
    assert asked.headers["x-aws-parameters-secrets-token"] == "session"


def test_secrets_are_kept_read_again_and_held_on_to(
    stand_in: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    keeper = Keeper(extension(stand_in), lambda: now[0])
    stand_in.will(200, told())
    assert keeper.secrets() is keeper.secrets()
    assert len(stand_in.asked) == 1
    stand_in.answers[:] = [(200, told({"signing_secrets": ["newest"]}).encode(), {})]
    now[0] = KEPT
    assert keeper.secrets().signing == (b"newest",)
    stand_in.answers[:] = [(500, b"", {})]
    now[0] = 2 * KEPT
    assert keeper.secrets().signing == (b"newest",), "what cannot be read leaves the one before"
    assert "the secret is not renewed" in capsys.readouterr().out
    keeper.secrets()
    assert len(stand_in.asked) == 3, "and is not asked for again at once"


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "not JSON", '{"SecretString": "{}"}', '{"SecretString": "[1]"}']
)
def test_what_is_no_secret_is_an_error_that_tells_nothing(stand_in: Any, body: str) -> None:
    stand_in.will(200, body)
    with pytest.raises(SreError):
        Keeper(extension(stand_in)).secrets()


def test_an_extension_that_refuses_or_is_not_there_is_an_error(stand_in: Any) -> None:
    stand_in.will(400, "denied")
    with pytest.raises(CredentialsInvalid, match="the extension answered 400"):
        Keeper(extension(stand_in)).secrets()
    gone = {"SRE_SLACK_SECRET_ID": "x", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "9"}
    with pytest.raises(CredentialsInvalid, match="does not answer"):
        Keeper(gone).secrets()


def test_without_the_extension_secrets_manager_is_asked(aws: str) -> None:
    environ = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL": aws,
    }
    boto3.client("secretsmanager", endpoint_url=aws).create_secret(
        Name="sre/slack", SecretString=json.dumps(SECRET)
    )
    boto3.client("secretsmanager", endpoint_url=aws).create_secret(
        Name="bytes", SecretBinary=b"\x00"
    )
    assert Keeper(environ | {"SRE_SLACK_SECRET_ID": "sre/slack"}).secrets() == KNOWN
    with pytest.raises(
        SecretUnread,
        match="the secret cannot be read: Secrets Manager answered ResourceNotFoundException",
    ):
        Keeper(environ | {"SRE_SLACK_SECRET_ID": "none"}).secrets()
    with pytest.raises(SecretUnread, match="no text"):
        Keeper(environ | {"SRE_SLACK_SECRET_ID": "bytes"}).secrets()


def test_outside_of_lambda_credentials_are_found_as_everywhere(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    environ = {"SRE_SLACK_SECRET_ID": "x", "AWS_ENDPOINT_URL": stand_in.url}
    with pytest.raises(CredentialsInvalid, match="no credentials or no region of AWS are set"):
        Keeper(environ).secrets()
    config = tmp_path / "config"
    config.write_text(
        "[profile one]\nregion = us-west-2\naws_access_key_id = AKIDPROFILE\naws_secret_access_key"
        " = testing\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "one")
    stand_in.will(200, told())
    assert Keeper(environ).secrets() == KNOWN
    assert "Credential=AKIDPROFILE/" in stand_in.asked[0].headers["authorization"]
    assert "/us-west-2/secretsmanager/" in stand_in.asked[0].headers["authorization"]
    monkeypatch.setenv("AWS_PROFILE", "gone")
    with pytest.raises(CredentialsInvalid, match="cannot be used"):
        Keeper(environ).secrets()


MANAGED = {
    "SRE_SLACK_SECRET_ID": "x",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


def test_a_secrets_manager_that_fails_once_is_asked_again_and_no_more(stand_in: Any) -> None:
    stand_in.will(500)
    stand_in.will(200, told())
    environ = {**MANAGED, "AWS_ENDPOINT_URL_SECRETS_MANAGER": stand_in.url}
    assert Keeper(environ).secrets() == KNOWN
    assert stand_in.asked[0].headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert "/eu-west-1/secretsmanager/aws4_request" in stand_in.asked[0].headers["authorization"]
    stand_in.answers[:] = [(503, b"<!channel> arn:aws:iam", {})]
    with pytest.raises(SecretUnread, match=r"Secrets Manager answered 503\. Allow"):
        Keeper(environ).secrets()
    assert len(stand_in.asked) == 4
    with pytest.raises(SecretUnread, match="AWS does not answer for secretsmanager"):
        Keeper({**MANAGED, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).secrets()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "lambda.eu-west-1.amazonaws.com"),
        ("cn-north-1", "lambda.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_service_of_aws_is_asked_over_tls_at_its_region(region: str, host: str) -> None:
    base = _base(Service("lambda", "LAMBDA", 1.0), region, {})
    assert base == f"https://{host}"
    connection = _connection("https", host, 1.0)
    assert isinstance(connection, HTTPSConnection)
    assert connection.host == host


def test_a_laptop_says_its_secrets_itself_and_nothing_said_is_an_error() -> None:
    of = {"SRE_SLACK_SIGNING_SECRET": "new", "SRE_TOKEN": "t", "SRE_SLACK_BOT_TOKEN": "b"}
    assert Keeper(of).secrets() == Secrets((b"new",), "t", "b")
    with pytest.raises(UsageError, match="no signing secret"):
        Keeper({}).secrets()
    assert parse("alone\n") == Secrets((b"alone",))
    assert "new" not in repr(KNOWN) + str(KNOWN)


def of_lambda(stand_in: Any) -> dict[str, str]:
    return {
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "sre-slack",
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
        "AWS_ENDPOINT_URL_LAMBDA": stand_in.url,
        "AWS_ACCESS_KEY_ID": "AKIDTESTING",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "session",
    }


def test_the_function_calls_itself_without_waiting_and_signs_it(
    stand_in: Any, make_job: Callable[..., Any]
) -> None:
    stand_in.will(202)
    job = make_job()
    invoke_self(job, of_lambda(stand_in))
    (asked,) = stand_in.asked
    assert (asked.method, asked.path) == (
        "POST",
        "/2015-03-31/functions/sre-slack/invocations?Qualifier=7",
    )
    assert asked.headers["x-amz-invocation-type"] == "Event"
    assert asked.headers["x-amz-security-token"] == "session"
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDTESTING/")
    assert "/eu-west-1/lambda/aws4_request" in asked.headers["authorization"]
    assert asked.json == json.loads(json.dumps(job.to_json()))


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, AccessDenied), (429, Throttled), (500, Unreachable), (200, Unreachable)],
)
def test_what_lambda_does_not_take_is_an_error(
    stand_in: Any, make_job: Any, status: int, error: type[SreError]
) -> None:
    stand_in.will(status)
    with pytest.raises(error):
        invoke_self(make_job(), of_lambda(stand_in))


def test_a_lambda_that_is_silent_is_given_up(
    stand_in: Any, make_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_slack.invocation._LAMBDA", Service("lambda", "LAMBDA", 0.05))
    stand_in.delay = 0.3
    with pytest.raises(Unreachable, match="AWS does not answer for lambda"):
        invoke_self(make_job(), of_lambda(stand_in))
    with pytest.raises(Unreachable, match="AWS does not answer for lambda"):
        invoke_self(
            make_job(), {**of_lambda(stand_in), "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:9"}
        )


RICH, CLASSIC = [{"type": "table", "rows": []}], [section("classic")]
TOLD = Message("text", RICH, CLASSIC)


def test_a_message_is_sent_once_where_slack_takes_it(slack: Any) -> None:
    respond(f"{slack.url}/x?y=z", TOLD, replace_original=True)
    (asked,) = slack.asked
    assert asked.path == "/x?y=z"
    assert asked.json == {
        "text": "text",
        "blocks": RICH,
        "unfurl_links": False,
        "unfurl_media": False,
        "replace_original": True,
    }


def test_refused_blocks_are_sent_once_more_in_their_classic_form(slack: Any) -> None:
    slack.will(400, "invalid_blocks")
    slack.will(200, "ok")
    respond(slack.url, TOLD)
    assert [asked.json["blocks"] for asked in slack.asked] == [RICH, CLASSIC]


@pytest.mark.parametrize(
    ("said", "sent"), [("invalid_blocks", 2), ("expired_url", 1), ("used_url", 1)]
)
def test_what_slack_never_takes_is_not_sent_for_ever(slack: Any, said: str, sent: int) -> None:
    slack.will(404, said)
    with pytest.raises(Refused, match=said):
        respond(slack.url, TOLD)
    assert len(slack.asked) == sent


def test_patience_is_had_once(slack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    slack.will(429, Retry_After="2")
    slack.will(200)
    say(slack.url, "text")
    slack.answers[:] = [(429, b"", {"Retry-After": "9999"})]
    with pytest.raises(Busy):
        say(slack.url, "text")
    assert [seconds for seconds in slept if seconds] == [2.0, 5.0]
    assert len(slack.asked) == 4


def test_a_slack_that_fails_is_unreachable(slack: Any) -> None:
    slack.will(503)
    with pytest.raises(Unreachable, match="Slack answered 503"):
        say(slack.url, "text")
    slack.shutdown()
    slack.server_close()
    with pytest.raises(Unreachable, match="Slack cannot be reached"):
        say(slack.url, "text")


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://hooks.slack.com/commands/x", True),
        ("https://hooks.slack.com:443/x", True),
        ("https://hooks.slack-gov.com/x", True),
        ("http://hooks.slack.com/x", False),
        ("https://hooks.slack.com:8443/x", False),
        ("https://hooks.slack.com.evil.example/x", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://user@hooks.slack.com/x", False),
        ("https://hooks.slack.com@evil.example/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://[::1", False),
        ("https://hooks.slack.com:x/", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_slacks_own_hosts_are_answered(url: str, fits: bool) -> None:
    assert is_slack(url, {}) is fits
    if not fits:
        with pytest.raises(Rejected):
            send(url, {})


def test_a_stand_in_is_on_the_loopback_or_none() -> None:
    assert is_slack("http://127.0.0.1:7/x", {"SRE_SLACK_STAND_IN": "127.0.0.1:7"})
    assert not is_slack("http://127.0.0.1:8/x", {"SRE_SLACK_STAND_IN": "127.0.0.1:7"})
    assert not is_slack("http://evil.example:80/x", {"SRE_SLACK_STAND_IN": "evil.example:80"})


@pytest.mark.parametrize(
    ("channel", "why"),
    [({"id": "C1"}, ""), ({"is_shared": False}, ""), ({"is_ext_shared": True}, "another organization reads"),
     ({"is_pending_ext_shared": True}, "another organization reads"), ({"is_shared": True}, "another organization reads")],
)  # fmt: skip
def test_a_channel_of_two_organizations_is_not_shared_to(
    slack: Any, make_job: Any, channel: dict[str, Any], why: str
) -> None:
    slack.will(200, json.dumps({"ok": True, "channel": channel}))
    told_ = not_shareable(make_job(), "xoxb-1")
    assert (why in told_) if why else (told_ == "")
    (asked,) = slack.asked
    assert (asked.path, asked.body, asked.headers["authorization"]) == (
        "/api/conversations.info",
        b"channel=C0123456",
        "Bearer xoxb-1",
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"ok": false, "error": "channel_not_found"}',
        '{"ok": true}',
        '{"ok": true, "channel": 7}',
    ],
)
def test_what_slack_does_not_tell_is_not_shared(slack: Any, make_job: Any, body: str) -> None:
    slack.will(200, body)
    assert "Slack did not tell me" in not_shareable(make_job(), "xoxb-1")


def test_without_a_bot_token_nothing_is_known_and_a_direct_message_needs_none(
    make_job: Any,
) -> None:
    assert "no bot token" in not_shareable(make_job(), "")
    assert not_shareable(make_job(channel="D0123456"), "") == ""
    nobody = ask(
        "conversations.info", "xoxb-1", {"SRE_SLACK_STAND_IN": "127.0.0.1:9"}, channel="C1"
    )
    assert (nobody.values, nobody.error) == ({}, "no answer: ConnectionRefusedError")
