"""HTTP calls: secrets, the function's invocation of itself, messages, and shared channels."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.http_server import HttpResponse

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
from sre_slack.response_url import (
    MessageRejected,
    SlackBusy,
    is_slack,
    send,
    send_message,
    send_text,
)
from sre_slack.secrets import CACHE_SECONDS, SecretCache, Secrets, SecretUnreadable, parse
from sre_slack.web_api import call

NEW, OLD, NEWEST = ("newer" * 7, "older" * 7, "newest" * 6)
TOKEN, BOT = "sre_token-of-the-tests", "xoxb-bot-of-the-tests"
SECRET = {"signing_secrets": [NEW, OLD], "server_token": TOKEN, "bot_token": BOT}
KNOWN = Secrets((NEW.encode(), OLD.encode()), TOKEN, BOT)


def extension(stand_in: Any, **more: str) -> dict[str, str]:
    port = str(stand_in.server_port)
    return {
        "SRE_SLACK_SECRET_ID": "sre/slack",
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": port,
        "AWS_SESSION_TOKEN": "session",
        **more,
    }


def secret_response(secret: Any = SECRET) -> str:
    return json.dumps({"SecretString": json.dumps(secret)})


def test_secrets_are_read_from_the_lambda_extension(stand_in: Any) -> None:
    stand_in.will(200, secret_response())
    assert SecretCache(extension(stand_in)).current() == KNOWN
    (asked,) = stand_in.requests
    assert asked.path == "/secretsmanager/get?secretId=sre%2Fslack"
    assert asked.headers["x-aws-parameters-secrets-token"] == "session"


def test_secrets_are_cached_renewed_and_kept_after_a_failure(
    stand_in: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    cache = SecretCache(extension(stand_in), lambda: now[0])
    stand_in.will(200, secret_response())
    assert cache.current() is cache.current()
    assert len(stand_in.requests) == 1
    stand_in.responses[:] = [
        HttpResponse(200, secret_response({"signing_secrets": [NEWEST]}).encode())
    ]
    now[0] = CACHE_SECONDS
    assert cache.current().signing == (NEWEST.encode(),)
    stand_in.responses[:] = [HttpResponse(500, b"")]
    now[0] = 2 * CACHE_SECONDS
    assert cache.current().signing == (NEWEST.encode(),), "a failed read keeps the previous secret"
    assert "the secret cannot be renewed" in capsys.readouterr().out
    cache.current()
    assert len(stand_in.requests) == 3, "a failed read is not repeated at once"


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "not JSON", '{"SecretString": "{}"}', '{"SecretString": "[1]"}']
)
def test_a_malformed_secret_is_an_error(stand_in: Any, body: str) -> None:
    stand_in.will(200, body)
    with pytest.raises(SreError):
        SecretCache(extension(stand_in)).current()


def test_a_refusing_or_missing_extension_is_an_error(stand_in: Any) -> None:
    stand_in.will(400, "denied")
    with pytest.raises(CredentialsInvalid, match="the extension answered 400"):
        SecretCache(extension(stand_in)).current()
    gone = {"SRE_SLACK_SECRET_ID": "x", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "9"}
    with pytest.raises(CredentialsInvalid, match="does not respond"):
        SecretCache(gone).current()


def test_without_the_extension_secrets_manager_is_called(aws: str) -> None:
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
    assert SecretCache(environ | {"SRE_SLACK_SECRET_ID": "sre/slack"}).current() == KNOWN
    with pytest.raises(
        SecretUnreadable,
        match="the secret cannot be read: Secrets Manager answered ResourceNotFoundException",
    ):
        SecretCache(environ | {"SRE_SLACK_SECRET_ID": "none"}).current()
    with pytest.raises(SecretUnreadable, match="not a text"):
        SecretCache(environ | {"SRE_SLACK_SECRET_ID": "bytes"}).current()


def test_outside_lambda_credentials_come_from_the_aws_profile(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    environ = {"SRE_SLACK_SECRET_ID": "x", "AWS_ENDPOINT_URL": stand_in.url}
    with pytest.raises(CredentialsInvalid, match="AWS credentials or region are missing"):
        SecretCache(environ).current()
    config = tmp_path / "config"
    config.write_text(
        "[profile one]\nregion = us-west-2\naws_access_key_id = AKIDPROFILE\naws_secret_access_key"
        " = testing\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "one")
    stand_in.will(200, secret_response())
    assert SecretCache(environ).current() == KNOWN
    assert "Credential=AKIDPROFILE/" in stand_in.requests[0].headers["authorization"]
    assert "/us-west-2/secretsmanager/" in stand_in.requests[0].headers["authorization"]
    monkeypatch.setenv("AWS_PROFILE", "gone")
    with pytest.raises(CredentialsInvalid, match="cannot be used"):
        SecretCache(environ).current()


MANAGED = {
    "SRE_SLACK_SECRET_ID": "x",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


def test_a_failed_call_of_secrets_manager_is_repeated_once(stand_in: Any) -> None:
    stand_in.will(500)
    stand_in.will(200, secret_response())
    environ = {**MANAGED, "AWS_ENDPOINT_URL_SECRETS_MANAGER": stand_in.url}
    assert SecretCache(environ).current() == KNOWN
    assert stand_in.requests[0].headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert "/eu-west-1/secretsmanager/aws4_request" in stand_in.requests[0].headers["authorization"]
    stand_in.responses[:] = [HttpResponse(503, b"<!channel> arn:aws:iam")]
    with pytest.raises(SecretUnreadable, match=r"Secrets Manager answered 503\. Allow"):
        SecretCache(environ).current()
    assert len(stand_in.requests) == 4
    with pytest.raises(SecretUnreadable, match="no response from AWS for secretsmanager"):
        SecretCache({**MANAGED, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).current()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "lambda.eu-west-1.amazonaws.com"),
        ("cn-north-1", "lambda.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_aws_services_are_called_over_tls_in_their_region(region: str, host: str) -> None:
    base = _base(Service("lambda", "LAMBDA", 1.0), region, {})
    assert base == f"https://{host}"
    connection = _connection("https", host, 1.0)
    assert isinstance(connection, HTTPSConnection)
    assert connection.host == host


def test_secrets_come_from_the_environment_or_their_absence_is_an_error() -> None:
    of = {"SRE_SLACK_SIGNING_SECRET": NEW, "SRE_TOKEN": TOKEN, "SRE_SLACK_BOT_TOKEN": BOT}
    assert SecretCache(of).current() == Secrets((NEW.encode(),), TOKEN, BOT)
    with pytest.raises(UsageError, match="no signing secret"):
        SecretCache({}).current()
    assert parse(f"{NEW}\n") == Secrets((NEW.encode(),))
    assert NEW not in repr(KNOWN) + str(KNOWN)


@pytest.mark.parametrize("blank", ["", " ", "\n", "\0", "short", f"{NEW}\n", None, 0, ["x" * 32]])
def test_a_blank_or_malformed_signing_secret_verifies_nothing(blank: Any, stand_in: Any) -> None:
    """HMAC accepts the empty key: with it, everyone could sign."""
    stand_in.will(200, secret_response({"signing_secrets": [NEW, blank]}))
    with pytest.raises(CredentialsInvalid, match="the Slack signing secret is not valid"):
        SecretCache(extension(stand_in)).current()
    if isinstance(blank, str):
        with pytest.raises(CredentialsInvalid):
            SecretCache({"SRE_SLACK_SIGNING_SECRET": blank}).current()


@pytest.mark.parametrize("text", ["", "\n", "  \n", "null", "[]", '""', "0", "[" * 100_000])
def test_a_secret_without_content_is_an_error(text: str) -> None:
    with pytest.raises(SreError):
        parse(text)


@pytest.mark.parametrize("name", ["server_token", "bot_token"])
def test_a_malformed_token_in_the_secret_is_refused_without_any_of_it(name: str) -> None:
    with pytest.raises(CredentialsInvalid) as raised:
        parse(json.dumps({"signing_secrets": [NEW], name: "with a\nline"}))
    assert "line" not in raised.value.reason


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


def test_the_function_invokes_itself_asynchronously_with_a_signature(
    stand_in: Any, make_job: Callable[..., Any]
) -> None:
    stand_in.will(202)
    job = make_job()
    invoke_self(job, of_lambda(stand_in))
    (asked,) = stand_in.requests
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
def test_a_refused_invocation_is_an_error(
    stand_in: Any, make_job: Any, status: int, error: type[SreError]
) -> None:
    stand_in.will(status)
    with pytest.raises(error):
        invoke_self(make_job(), of_lambda(stand_in))


def test_an_invocation_without_response_times_out(
    stand_in: Any, make_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_slack.invocation._LAMBDA", Service("lambda", "LAMBDA", 0.05))
    stand_in.delay = 0.3
    with pytest.raises(Unreachable, match="no response from AWS for lambda"):
        invoke_self(make_job(), of_lambda(stand_in))
    with pytest.raises(Unreachable, match="no response from AWS for lambda"):
        invoke_self(
            make_job(), {**of_lambda(stand_in), "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:9"}
        )


RICH, CLASSIC = [{"type": "table", "rows": []}], [section("classic")]
TOLD = Message("text", RICH, CLASSIC)


def test_an_accepted_message_is_sent_once(slack: Any) -> None:
    send_message(f"{slack.url}/x?y=z", TOLD, replace_original=True)
    (asked,) = slack.requests
    assert asked.path == "/x?y=z"
    assert asked.json == {
        "text": "text",
        "blocks": RICH,
        "unfurl_links": False,
        "unfurl_media": False,
        "replace_original": True,
    }


def test_rejected_blocks_are_sent_again_as_classic_blocks(slack: Any) -> None:
    slack.will(400, "invalid_blocks")
    slack.will(200, "ok")
    send_message(slack.url, TOLD)
    assert [asked.json["blocks"] for asked in slack.requests] == [RICH, CLASSIC]


@pytest.mark.parametrize(
    ("said", "sent"), [("invalid_blocks", 2), ("expired_url", 1), ("used_url", 1)]
)
def test_a_rejected_message_is_an_error_after_at_most_two_attempts(
    slack: Any, said: str, sent: int
) -> None:
    slack.will(404, said)
    with pytest.raises(MessageRejected, match=said):
        send_message(slack.url, TOLD)
    assert len(slack.requests) == sent


def test_a_rate_limited_message_is_repeated_once_after_a_wait(
    slack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    slack.will(429, Retry_After="2")
    slack.will(200)
    send_text(slack.url, "text")
    slack.responses[:] = [HttpResponse(429, headers={"Retry-After": "9999"})]
    with pytest.raises(SlackBusy):
        send_text(slack.url, "text")
    assert [seconds for seconds in slept if seconds] == [2.0, 5.0]
    assert len(slack.requests) == 4


def test_failures_of_slack_are_unreachable_errors(slack: Any) -> None:
    slack.will(503)
    with pytest.raises(Unreachable, match="Slack answered 503"):
        send_text(slack.url, "text")
    slack.shutdown()
    slack.server_close()
    with pytest.raises(Unreachable, match="Slack cannot be reached"):
        send_text(slack.url, "text")


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
def test_messages_go_to_slack_hosts_only(url: str, fits: bool) -> None:
    assert is_slack(url, {}) is fits
    if not fits:
        with pytest.raises(Rejected):
            send(url, {})


def test_a_test_server_is_accepted_on_localhost_only() -> None:
    assert is_slack("http://127.0.0.1:7/x", {"SRE_SLACK_STAND_IN": "127.0.0.1:7"})
    assert not is_slack("http://127.0.0.1:8/x", {"SRE_SLACK_STAND_IN": "127.0.0.1:7"})
    assert not is_slack("http://evil.example:80/x", {"SRE_SLACK_STAND_IN": "evil.example:80"})


@pytest.mark.parametrize(
    ("channel", "why"),
    [({"id": "C1"}, ""), ({"is_shared": False}, ""), ({"is_ext_shared": True}, "another organization has access"),
     ({"is_pending_ext_shared": True}, "another organization has access"), ({"is_shared": True}, "another organization has access")],
)  # fmt: skip
def test_nothing_is_shared_in_a_channel_of_two_organizations(
    slack: Any, make_job: Any, channel: dict[str, Any], why: str
) -> None:
    slack.will(200, json.dumps({"ok": True, "channel": channel}))
    reason = not_shareable(make_job(), "xoxb-1")
    assert (why in reason) if why else (reason == "")
    (asked,) = slack.requests
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
def test_nothing_is_shared_if_slack_does_not_describe_the_channel(
    slack: Any, make_job: Any, body: str
) -> None:
    slack.will(200, body)
    assert "Slack did not say" in not_shareable(make_job(), "xoxb-1")


def test_sharing_needs_a_bot_token_except_in_direct_messages(
    make_job: Any,
) -> None:
    assert "without a bot token" in not_shareable(make_job(), "")
    assert not_shareable(make_job(channel="D0123456"), "") == ""
    refused = call(
        "conversations.info", "xoxb-1", {"SRE_SLACK_STAND_IN": "127.0.0.1:9"}, channel="C1"
    )
    assert (refused.values, refused.error) == ({}, "no response: ConnectionRefusedError")


def test_a_text_makes_no_links_of_addresses_in_names(slack: Any) -> None:
    slack.will(200, b"ok")
    send_text(f"{slack.url}/x", "'https://phish.example' is unknown")
    (block,) = slack.requests[-1].json["blocks"]
    assert block["text"]["verbatim"] is True
