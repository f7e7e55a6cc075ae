"""The deployed zip in AWS's runtime, with a server, a table, a secret and a ``response_url``.

``way`` is a proxy between the function and the server; tests make it fail.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import boto3
import pytest
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_reports.slack.limits import problems
from sre_simulator.aws_lambda.function import REGION, Deployment, Function, runtime_in
from sre_simulator.slack.response_urls import Hooks
from sre_slack.job import ASK, Job

SIGNING, BOT = "signingsecretofthechainoftests00", "xoxb-bot-of-the-chain"
ALL = {"accounts": ["*"], "owners": ["*"]}
PLACE = {"team_id": "T0123456", "channel_id": "C0123456"}
_NUMBERS = count()


def somebody() -> str:
    """A new user on each call, because of the rate limit."""
    return f"U{next(_NUMBERS):07d}"


class Way(HttpServer):
    """A proxy to the server.

    ``fault`` is sent instead of the server's response, after at most ``seconds``, or once ``delay``
    is set. ``before`` runs when a call arrives. ``cut`` sends only half of each response.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.server, self.endpoint = port, f"{self.url}/mcp"
        self.clear()

    def clear(self) -> None:
        """Lets all calls pass."""
        self.fault: tuple[int, bytes, dict[str, str]] | None = None
        self.delay, self.cut, self.calls = threading.Event(), False, 0
        self.seconds = 0.0
        self.before: Callable[[], object] = lambda: None

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        self.calls += 1
        self.before()
        self.delay.wait(self.seconds)
        status, body, headers = self.fault or self._forward(request)
        return HttpResponse(status, body, headers, cut=len(body) // 2 if self.cut else None)

    def _forward(self, request: HttpRequest) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.server, timeout=60)
        try:
            names = ("content-type", "accept", "authorization")
            headers = {name: request.headers[name] for name in names if name in request.headers}
            connection.request("POST", "/mcp", request.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), {"Content-Type": "application/json"}
        finally:
            connection.close()


@dataclass
class Chain:
    """The whole chain from a Slack command to the message in Slack.

    ``host`` is the Host header for requests to the function, if it differs from its address.
    """

    function: Function
    slack: Hooks
    way: Way
    secrets: tuple[str, ...]
    host: str = ""

    def types(
        self, text: str, url: str = "", trigger: str = "", secret: str = SIGNING
    ) -> tuple[int, Any]:
        """Sends a signed command through API Gateway; returns status and body."""
        form = {
            **PLACE,
            "user_id": somebody(),
            "text": text,
            "trigger_id": trigger or f"1.{next(_NUMBERS)}.a",
            "response_url": url or self.slack.response_url(),
        }
        return self._signed(form, secret)

    def chooses(self, said: dict[str, Any], action: str, words: str, user: str) -> str:
        """Chooses the first option with these words in a menu of a private message.

        Returns the ``response_url`` of the answer.
        """
        (block,) = [
            one
            for one in said["blocks"]
            if one["type"] == "actions" and one["elements"][0]["action_id"] == action
        ]
        (menu,) = block["elements"]
        every = [one for group in menu.get("option_groups", [menu]) for one in group["options"]]
        option = next(one for one in every if words in one["text"]["text"])
        url = self.slack.response_url()
        payload = {
            "team": {"id": PLACE["team_id"]},
            "user": {"id": user, "name": "ada"},
            "channel": {"id": PLACE["channel_id"]},
            "container": {"is_ephemeral": True},
            "trigger_id": f"3.{next(_NUMBERS)}.c",
            "response_url": url,
            "actions": [
                {"action_id": action, "block_id": block["block_id"], "selected_option": option}
            ],
        }
        assert self._signed({"payload": json.dumps(payload)}) == (200, None)
        return url

    def _signed(self, form: dict[str, str], secret: str = SIGNING) -> tuple[int, Any]:
        body, stamp = urlencode(form), str(int(time.time()))
        digest = hmac.new(
            secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256
        ).hexdigest()
        return self.post(
            body, {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
        )

    def post(self, body: str, headers: dict[str, str]) -> tuple[int, Any]:
        """Sends any request."""
        connection = HTTPConnection(self.function.url.removeprefix("http://"), timeout=60)
        headers = {**headers, "Host": self.host} if self.host else headers
        try:
            connection.request(
                "POST",
                "/slack",
                body,
                {"Content-Type": "application/x-www-form-urlencoded", **headers},
            )
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said else None
        finally:
            connection.close()

    def job(self, text: str, **changes: Any) -> tuple[bytes, str]:
        """A job as the request handler creates it, and its ``response_url``."""
        url = self.slack.response_url()
        of = {
            "kind": ASK,
            "key": f"2.{next(_NUMBERS)}.b",
            "team": "T0123456",
            "user": somebody(),
            "channel": "C0123456",
        }
        return json.dumps(
            Job(
                **{**of, "response_url": url, "asked_at": time.time(), "text": text, **changes}
            ).to_json()
        ).encode(), url

    def texts(self, url: str) -> list[str]:
        return [post["text"] for post in self.slack.posts(url)]

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of the function's log. Asserts that no line contains a secret."""
        log = self.function.log
        for secret in (*self.secrets, SIGNING, BOT, "secretpath", "commands/T0123456"):
            assert secret not in log
        return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def client(service: str, endpoint: str) -> Any:
    """A client of the AWS emulator."""
    make: Any = boto3.client  # the stubs require each service's name as a literal
    return make(service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="TESTING",
                aws_secret_access_key="testing")  # fmt: skip


def furnished(endpoint: str, name: str, token: str) -> None:
    """Creates the secret and the table of docs/slack.md."""
    secret = json.dumps({"signing_secrets": [SIGNING], "server_token": token, "bot_token": BOT})
    client("secretsmanager", endpoint).create_secret(Name=name, SecretString=secret)
    client("dynamodb", endpoint).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


@pytest.fixture(scope="session")
def deployment(slack_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The unpacked zip, with short retries."""
    folder = tmp_path_factory.mktemp("function")
    with zipfile.ZipFile(slack_zip) as held:
        held.extractall(folder / "task")
    runtime = runtime_in(folder / "runtime")
    return Deployment(
        folder / "task", "sre_slack.handler.handle", runtime, name="sre-slack", retries=(0.05, 0.05)
    )


Known = tuple[Any, str]
Serve = Callable[[Path], AbstractContextManager[Known]]


@pytest.fixture(scope="session")
def serve_channel(serve_with_auth: Any, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """``serve_channel(store)`` starts a server with a token and an entry for one channel."""

    @contextmanager
    def serve(store: Path) -> Iterator[Known]:
        token, entry = create_token(
            TokenRequest("slack", ("findings:read", "claims:write"), ("*",), ("*",), 30, "slack"),
            datetime.now(UTC),
        )
        path: Path = tmp_path_factory.mktemp("tokens") / "tokens.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"tokens": [entry], "slack": {"T0123456/C0123456": ALL}}))
        with serve_with_auth(store, SRE_TOKENS=path.as_uri()) as served:
            yield served, token

    return serve


@pytest.fixture(scope="session")
def channel(demo_store: Path, serve_channel: Serve) -> Iterator[Known]:
    """A server over the demo, and its token."""
    with serve_channel(demo_store) as known:
        yield known


Start = Callable[..., AbstractContextManager[Chain]]
# set by tests/at.sh: the function's process has its own environment, and needs the same date
_CALENDAR = {
    name: os.environ[name]
    for name in ("LD_PRELOAD", "SRE_CLOCK_OFFSET", "TZ")
    if name in os.environ
}


@pytest.fixture(scope="session")
def start(deployment: Deployment, channel: Known, moto: str, running: Any) -> Start:
    """``with start(timeout=9.0, environ={"SRE_SERVER": "…"}, token="wrong") as chain``."""

    @contextmanager
    def started(
        token: str = "",
        environ: dict[str, str] | None = None,
        known: Known = channel,
        **changes: Any,
    ) -> Iterator[Chain]:
        served, right = known
        name, slack, way = (
            f"slack-{next(_NUMBERS)}-{time.time_ns()}",
            Hooks(problems),
            Way(served.port),
        )
        furnished(moto, name, token or right)
        ours = {
            "AWS_ENDPOINT_URL": moto,
            "SRE_SLACK_SECRET_ID": name,
            "SRE_SLACK_TABLE": name,
            "SRE_SERVER": way.endpoint,
            "SRE_PUBLIC_URL": "https://sre.example",
            "SRE_SLACK_STAND_IN": slack.address,
            **_CALENDAR,
            **(environ or {}),
        }
        with ExitStack() as stack:
            stack.enter_context(slack)
            stack.enter_context(running(way))
            function = stack.enter_context(Function(replace(deployment, environ=ours, **changes)))
            yield Chain(function, slack, way, (right, token or right))

    return started


@pytest.fixture(scope="module")
def module_chain(start: Start) -> Iterator[Chain]:
    with start() as chain:
        yield chain


@pytest.fixture
def chain(module_chain: Chain) -> Iterator[Chain]:
    """The module's chain, for tests that change only its proxy. The proxy is reset afterwards."""
    module_chain.function.dead_letters.clear()
    yield module_chain
    module_chain.way.clear()
    module_chain.slack.faults.clear()
    module_chain.function.settle()
    module_chain.function.refusal, module_chain.function.payload = 0, "2.0"


@pytest.fixture
def on_ministack(emulator: str, slack_zip: Path, channel: Known, running: Any) -> Iterator[Chain]:
    """The zip, deployed as in docs/slack.md, behind an HTTP API."""
    served, token = channel
    s3, functions, gateway = (client(name, emulator) for name in ("s3", "lambda", "apigatewayv2"))
    furnished(emulator, "sre-slack", token)
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="code", Key="sre-slack.zip", Body=slack_zip.read_bytes())
    slack, way = Hooks(problems), Way(served.port)
    variables = {
        "SRE_SLACK_SECRET_ID": "sre-slack",
        "SRE_SLACK_TABLE": "sre-slack",
        "SRE_SERVER": way.endpoint,
        "SRE_PUBLIC_URL": "https://sre.example",
        "SRE_SLACK_STAND_IN": slack.address,
        **_CALENDAR,
    }
    made = functions.create_function(
        FunctionName="sre-slack",
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="sre_slack.handler.handle",
        Timeout=60,
        Role="arn:aws:iam::000000000000:role/sre-slack",
        MemorySize=512,
        Environment={"Variables": variables},
        Code={"S3Bucket": "code", "S3Key": "sre-slack.zip"},
    )
    api = gateway.create_api(Name="slack", ProtocolType="HTTP")["ApiId"]
    to = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        PayloadFormatVersion="2.0",
        IntegrationUri=made["FunctionArn"],
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="POST /slack", Target=f"integrations/{to}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    with slack, running(way):
        host = f"{api}.execute-api.localhost:{emulator.rpartition(':')[2]}"
        yield Chain(cast("Function", SimpleNamespace(url=emulator)), slack, way, (token,), host)
