"""The request handler: requests from Slack start a job at once; other requests are rejected."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.model.errors import Unreachable
from sre_slack.command import Command, parse
from sre_slack.job import Job, is_job
from sre_slack.request import LARGEST, Malformed, Request, request_of
from sre_slack.request_handler import RequestHandler
from sre_slack.secrets import SecretCache, Secrets, SecretUnreadable
from sre_slack.signature import WINDOW, is_signed

NOW = 1_795_000_000.0
SECRET = "signingsecretofthetestsforslack0"


class StartedJobs:
    """A request handler, and the jobs that it started."""

    def __init__(self, failing: bool = False) -> None:
        self.jobs: list[Job] = []
        self.failing = failing
        self.handler = RequestHandler(
            SecretCache({"SRE_SLACK_SIGNING_SECRET": SECRET}), self.take, lambda: NOW
        )

    def take(self, job: Job) -> None:
        if self.failing:
            raise Unreachable("Lambda does not answer")
        self.jobs.append(job)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Command()),
        ("  ", Command()),
        ("help", Command(help=True)),
        ("HELP", Command(help=True)),
        ("?", Command(help=True)),
        ("help me", Command("help me")),
        ("i-0123456789abcdef0", Command("i-0123456789abcdef0")),
        ("prod web  36", Command("prod web 36")),
        ("Critical x HIGH critical live", Command("x", ("CRITICAL", "HIGH"), live=True)),
        ("live", Command(live=True)),
        ("<http://web.example|web.example>", Command("web.example")),
        ("<mailto:a@b.example|a@b.example>", Command("a@b.example")),
        ("<http://web.example>", Command("http://web.example")),
        ("`i-0`", Command("i-0")),
        ("“quoted”", Command("quoted")),
        ("x" * 5_000, Command("x" * 1_024)),
    ],
)
def test_a_command_accepts_keywords_in_any_order(text: str, command: Command) -> None:
    assert parse(text) == command


@given(st.text())
def test_any_text_is_a_valid_command(text: str) -> None:
    assert len(parse(text).text) <= 1_024


def test_both_payload_formats_and_base64_give_the_same_request(signer: Any) -> None:
    event = signer.command("x")
    first = request_of(event)
    assert (first.method, first.path, first.headers["x-slack-request-timestamp"]) == (
        "POST",
        "/slack",
        str(int(NOW)),
    )
    old = {
        "httpMethod": "POST",
        "path": "/slack",
        "headers": {k.upper(): v for k, v in event["headers"].items()},
    }
    assert request_of({**old, "body": event["body"]}) == first
    encoded = base64.b64encode(event["body"].encode()).decode()
    assert request_of({**event, "body": encoded, "isBase64Encoded": True}) == first
    assert request_of({**event, "body": None}).body == b""


@pytest.mark.parametrize(
    "change",
    [{"body": 7}, {"body": "x" * (LARGEST + 1)}, {"body": "x" * (3 * LARGEST)}, {"body": "%%%", "isBase64Encoded": True},
     {"body": "\ud800"}, {"headers": 7}, {"headers": ["a"]}, {"requestContext": None}, {"requestContext": {"http": 1}}],
)  # fmt: skip
def test_an_event_that_api_gateway_never_sends_is_malformed(
    signer: Any, change: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        request_of({**signer.command("x"), **change})


def signed(event: dict[str, Any], *secrets: str, now: float = NOW) -> bool:
    return is_signed(request_of(event), [one.encode() for one in secrets], now)


def test_any_of_our_secrets_verifies_a_signature(signer: Any) -> None:
    event = signer.command("x")
    assert signed(event, SECRET)
    assert signed(event, "old", SECRET)
    assert signed(event, SECRET, "old")
    assert not signed(event, "old")
    assert not signed(event)
    assert not signed({**event, "body": event["body"] + "&a=b"}, SECRET)


@pytest.mark.parametrize(
    ("stamp", "fits"),
    [(str(int(NOW) - WINDOW), True), (str(int(NOW) + WINDOW), True), (str(int(NOW) - WINDOW - 1), False),
     (str(int(NOW) + WINDOW + 1), False), ("", False), ("now", False), ("-5", False), (f"{NOW:.1f}", False),
     ("١٧٩٥٠٠٠٠٠٠", False), ("²", False), ("9" * 5_000, False), (f" {int(NOW)}", False)],
)  # fmt: skip
def test_only_a_number_within_the_window_is_a_timestamp(
    signer: Any, stamp: str, fits: bool
) -> None:
    assert signed(signer.event("a=b", stamp=stamp), SECRET) is fits


@pytest.mark.parametrize(
    "signature", ["", "v0=", "v0=" + "0" * 64, "v1=" + "0" * 64, "é" * 67, "\ud800"]
)
def test_a_wrong_signature_is_refused(signer: Any, signature: str) -> None:
    assert not signed(signer.event("a=b", signature=signature), SECRET)


def test_a_request_without_headers_is_not_signed() -> None:
    assert not is_signed(Request("POST", "/", {}, b""), [SECRET.encode()], NOW)


def test_a_command_is_acknowledged_and_becomes_a_small_job(signer: Any) -> None:
    started = StartedJobs()
    answer = started.handler.answer(signer.command("<!channel> high live"))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {
        "response_type": "ephemeral",
        "text": "Checking `!channel` …",
    }
    (job,) = started.jobs
    assert (job.text, job.severities, job.live, job.key) == (
        "!channel",
        ("HIGH",),
        True,
        "123.456.abc",
    )
    event = json.loads(json.dumps(job.to_json()))
    assert is_job(event)
    assert Job.from_json(event) == job
    assert len(json.dumps(event)) < 600
    assert job.response_url not in repr(job)


def test_text_of_the_user_is_escaped(signer: Any) -> None:
    said = json.loads(StartedJobs().handler.answer(signer.command("a<!channel>`b"))["body"])["text"]
    assert said == "Checking `a&lt;!channel&gt;ʼb` …"


def test_help_and_ssl_check_start_no_job(signer: Any) -> None:
    started = StartedJobs()
    assert (
        "*/sre-vuln-check*"
        in json.loads(started.handler.answer(signer.command("help"))["body"])["text"]
    )
    assert started.handler.answer(signer.event("ssl_check=1"))["statusCode"] == 200
    assert started.jobs == []


def test_a_job_that_cannot_start_is_reported(signer: Any) -> None:
    answer = StartedJobs(failing=True).handler.answer(signer.command("x"))
    assert "I couldn't start your request" in json.loads(answer["body"])["text"]


class FailingSecrets(SecretCache):
    """Secrets that cannot be read. Counts the attempts."""

    attempts = 0

    def current(self) -> Secrets:
        self.attempts += 1
        raise SecretUnreadable("the secret cannot be read")


def test_without_secrets_a_request_that_looks_signed_gets_a_text_and_no_job(
    signer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs: list[Job] = []
    answer = RequestHandler(FailingSecrets(), jobs.append, lambda: NOW).answer(signer.command("x"))
    assert answer["statusCode"] == 200
    assert "I can't read my secrets" in json.loads(answer["body"])["text"]
    assert jobs == []
    assert json.loads(capsys.readouterr().out)["error"] == "the secret cannot be read"


@pytest.mark.parametrize(
    "changes",
    [
        {"stamp": ""},
        {"stamp": str(int(NOW) - WINDOW - 1)},
        {"signature": ""},
        {"signature": "v0=x"},
    ],
)
def test_an_unsigned_request_is_refused_before_secrets_are_read(
    signer: Any, changes: dict[str, str]
) -> None:
    secrets = FailingSecrets()
    assert (
        RequestHandler(secrets, lambda _: None, lambda: NOW).answer(
            signer.event("text=x", **changes)
        )["statusCode"]
        == 401
    )
    assert secrets.attempts == 0


def press(action: str, value: Any, **changes: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "trigger_id": "9.8.c",
        "response_url": "https://hooks.slack.com/actions/T0123456/1/x",
        "team": {"id": "T0123456"},
        "user": {"id": "U0123456"},
        "channel": {"id": "C0123456"},
        "actions": [{"action_id": action, "value": json.dumps(value)}],
        **changes,
    }


@pytest.mark.parametrize("action", ["next_ten", "ask_live", "share"])
def test_a_button_starts_a_job_with_its_values(signer: Any, action: str) -> None:
    started = StartedJobs()
    value = {
        "id": "i-0",
        "sev": ["HIGH", "nonsense"],
        "cursor": "20261122T010000Z.10",
        "live": True,
    }
    assert started.handler.answer(signer.pressed(press(action, value))) == {
        "statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": ""}  # fmt: skip
    (job,) = started.jobs
    assert (job.kind, job.text, job.severities, job.cursor, job.live) == (
        action,
        "i-0",
        ("HIGH",),
        "20261122T010000Z.10",
        True,
    )


def test_a_choice_to_accept_a_risk_starts_a_job(signer: Any) -> None:
    started = StartedJobs()
    action = {
        "action_id": "accept_risk",
        "block_id": "accept i-0",
        "selected_option": {"value": "CVE-2021-44228"},
    }
    assert (
        started.handler.answer(signer.pressed(press("", {}, actions=[action])))["statusCode"] == 200
    )
    (job,) = started.jobs
    assert (job.kind, job.text, job.vulnerability) == ("accept_risk", "i-0", "CVE-2021-44228")
    unchosen = action | {"selected_option": None}
    assert (
        started.handler.answer(signer.pressed(press("", {}, actions=[unchosen])))["statusCode"]
        == 400
    )


def test_a_choice_to_take_a_finding_starts_a_job_with_day_and_name(signer: Any) -> None:
    started = StartedJobs()
    action = {
        "action_id": "take",
        "block_id": "take i-0",
        "selected_option": {"value": "7d CVE-2021-44228"},
    }
    user = {"id": "U0123456", "name": "ada" * 50}
    pressed = signer.pressed(press("", {}, actions=[action], user=user))
    assert started.handler.answer(pressed)["statusCode"] == 200
    (job,) = started.jobs
    assert (job.kind, job.text, job.vulnerability, job.until) == (
        "take",
        "i-0",
        "CVE-2021-44228",
        "7d",
    )
    assert (job.by, job.name) == ("slack:T0123456/U0123456", ("ada" * 50)[:80])
    for wrong in ({"selected_option": None}, {"block_id": "accept i-0"}):
        refused = signer.pressed(press("", {}, actions=[action | wrong]))
        assert started.handler.answer(refused)["statusCode"] == 400
    assert started.handler.answer(signer.pressed(press("", {}, actions=[action], user={"id": "U0123456", "name": 7})))  # fmt: skip
    assert started.jobs[-1].name == ""


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (press("open_report", {}), 200),  # it opens a link: nothing to do
        (press("share", {}, actions=[]), 200),
        (press("share", {}, actions={"a": 1}), 200),
        (press("share", {}, actions=[7]), 200),
        (press("share", {}, actions=[{"action_id": []}]), 200),
        (press("share", [1]), 400),
        (press("share", {}, team=None), 400),
        (press("share", {}, team="T0123456"), 400),
        (press("share", {}, user={"id": 7}), 400),
        (press("share", {}, channel={"id": "../.."}), 400),
        (press("share", {}, response_url="https://evil.example/"), 400),
        (press("share", {}, response_url="http://hooks.slack.com/"), 400),
        (press("share", {}, trigger_id="a b"), 400),
        ("not JSON", 400),
        ("[" * 40_000, 400),
        ("[]", 400),
        (press("share", {"sev": 7}), 200),
    ],
)
def test_an_unexpected_payload_never_raises(signer: Any, payload: Any, status: int) -> None:
    assert StartedJobs().handler.answer(signer.pressed(payload))["statusCode"] == status


@pytest.mark.parametrize("name", ["team_id", "user_id", "channel_id", "trigger_id", "response_url"])
def test_a_command_without_a_required_field_is_refused(signer: Any, name: str) -> None:
    started = StartedJobs()
    assert started.handler.answer(signer.command("x", **{name: ""}))["statusCode"] == 400
    assert started.jobs == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("id", "actions", "team", "value")), inner, max_size=3)
    ),
    max_leaves=6,
)
texts = st.text(max_size=60)
events = st.fixed_dictionaries(
    {},
    optional={
        "httpMethod": json_values,
        "path": json_values,
        "body": json_values | texts,
        "isBase64Encoded": json_values,
        "headers": (
            json_values
            | st.dictionaries(
                st.sampled_from(("X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type")),
                json_values,
                max_size=3,
            )
        ),
        "requestContext": (
            json_values
            | st.fixed_dictionaries(
                {"http": st.fixed_dictionaries({"method": texts, "path": texts})}
            )
        ),
    },
)


@settings(
    max_examples=25 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(events)
def test_forged_events_are_refused(event: dict[str, Any]) -> None:
    started = StartedJobs()
    assert started.handler.answer(event)["statusCode"] in (400, 401)
    assert started.jobs == []


@settings(
    max_examples=15 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(texts, texts, texts)
def test_forged_signatures_are_refused(signer: Any, body: str, stamp: str, signature: str) -> None:
    started = StartedJobs()
    assert started.handler.answer(signer.event(body, stamp, signature))["statusCode"] in (400, 401)
    assert started.handler.answer(signer.event(body, None, signature))["statusCode"] in (400, 401)
    assert started.jobs == []


names = st.sampled_from(("id", "actions", "team", "user", "channel", "trigger_id", "response_url"))


@settings(
    max_examples=15 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    texts | json_values.map(json.dumps),
    st.dictionaries(names, json_values, max_size=4),
    st.sampled_from(("share", "x")),
)
def test_no_signed_request_raises(
    signer: Any, body: str, changes: dict[str, Any], action: str
) -> None:
    handler = StartedJobs().handler
    asked = (
        signer.event(body),
        signer.pressed(body),
        signer.pressed(press(action, changes)),
        signer.pressed(press(action, {}, **changes)),
    )
    for event in asked:
        assert handler.answer(event)["statusCode"] in (200, 400)
