"""The deployed zip in AWS's own runtime, a server process, a table, a secret, and where Slack takes
answers.

Between the function and the server stands ``way``, which lets everything pass until a test says
otherwise.
"""

from __future__ import annotations

import contextlib
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import boto3
import pytest

from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_reports.slack.limits import problems
from sre_simulator.aws_lambda.function import REGION, Deployment, Function, runtime_in
from sre_simulator.slack.response_urls import Hooks
from sre_slack.job import ASK, Job

SIGNING, BOT = "signing-secret-of-the-chain", "xoxb-bot-of-the-chain"
ALL = {"accounts": ["*"], "owners": ["*"]}
PLACE = {"team_id": "T0123456", "channel_id": "C0123456"}
_NUMBERS = count()


def somebody() -> str:
    """Another person each time: one alone may ask twenty times a minute."""
    return f"U{next(_NUMBERS):07d}"


class Way(ThreadingHTTPServer):
    """The way to the server. ``fault`` (status, body, headers) is answered in its place, after
    ``delay`` seconds.

    ``before`` runs when a call comes. ``cut`` leaves the half of each answer out.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.server, self.url = port, f"http://127.0.0.1:{self.server_port}/mcp"
        self.clear()

    def clear(self) -> None:
        """Lets everything pass."""
        self.fault: tuple[int, bytes, dict[str, str]] | None = None
        self.delay, self.cut, self.calls = threading.Event(), False, 0
        self.seconds = 0.0
        self.before: Callable[[], object] = lambda: None


class _Call(BaseHTTPRequestHandler):
    server: Way  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers

    def do_POST(self) -> None:
        way, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        way.calls += 1
        way.before()
        way.delay.wait(way.seconds)
        status, said, headers = way.fault or self._asked(body)
        with contextlib.suppress(ConnectionError):  # whoever asked has given up, or is dead
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said[: len(said) // 2] if way.cut else said)

    def _asked(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.server.server, timeout=60)
        try:
            named = {
                name: self.headers[name] for name in ("Content-Type", "Accept", "Authorization")
            }
            connection.request("POST", "/mcp", body, named)
            answer = connection.getresponse()
            return answer.status, answer.read(), {"Content-Type": "application/json"}
        finally:
            connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing on stderr."""


@dataclass
class Chain:
    """Everything from Slack's command to Slack's message. ``host`` is what a request calls the
    function's by, where that is not its address.
    """

    function: Function
    slack: Hooks
    way: Way
    secrets: tuple[str, ...]
    host: str = ""

    def types(
        self, text: str, url: str = "", trigger: str = "", secret: str = SIGNING
    ) -> tuple[int, Any]:
        """A command that Slack signed, through API Gateway: status and body."""
        form = {
            **PLACE,
            "user_id": somebody(),
            "text": text,
            "trigger_id": trigger or f"1.{next(_NUMBERS)}.a",
            "response_url": url or self.slack.response_url(),
        }
        body, stamp = urlencode(form), str(int(time.time()))
        digest = hmac.new(
            secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256
        ).hexdigest()
        return self.post(
            body, {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
        )

    def post(self, body: str, headers: dict[str, str]) -> tuple[int, Any]:
        """Any request from outside."""
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
        """A job as the acknowledging half leaves it, and the address that it answers to."""
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
        """The function's own lines of the log; nothing secret stands in any line, whoever wrote
        it."""
        log = self.function.log
        for secret in (*self.secrets, SIGNING, BOT, "secretpath", "commands/T0123456"):
            assert secret not in log
        return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def client(service: str, endpoint: str) -> Any:
    """A client of an emulator of AWS."""
    make: Any = boto3.client  # its types want each service's name as it is
    return make(service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="TESTING",
                aws_secret_access_key="testing")  # fmt: skip


def furnished(endpoint: str, name: str, token: str) -> None:
    """A secret and a table, as docs/slack.md says."""
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
    """The zip, unpacked, with quick retries."""
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
    """A server over a store that knows the function's token and one channel; and the token."""

    @contextmanager
    def serve(store: Path) -> Iterator[Known]:
        token, entry = create_token(
            TokenRequest("slack", ("findings:read",), ("*",), ("*",), 30, "slack"),
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
    """The one over the demo."""
    with serve_channel(demo_store) as known:
        yield known


Start = Callable[..., AbstractContextManager[Chain]]
# What tests/at.sh sets: the function's process gets no environment but its own, and must read the
# same day.
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
            "SRE_SERVER": way.url,
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
    """One chain for all tests of a module that change nothing of it but its way; every fault is
    over after the test."""
    module_chain.function.dead_letters.clear()
    yield module_chain
    module_chain.way.clear()
    module_chain.slack.faults.clear()
    module_chain.function.settle()
    module_chain.function.refusal, module_chain.function.payload = 0, "2.0"


@pytest.fixture
def on_ministack(emulator: str, slack_zip: Path, channel: Known, running: Any) -> Iterator[Chain]:
    """The zip itself, deployed as docs/slack.md says, behind an HTTP API."""
    served, token = channel
    s3, functions, gateway = (client(name, emulator) for name in ("s3", "lambda", "apigatewayv2"))
    furnished(emulator, "sre-slack", token)
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="code", Key="sre-slack.zip", Body=slack_zip.read_bytes())
    slack, way = Hooks(problems), Way(served.port)
    variables = {
        "SRE_SLACK_SECRET_ID": "sre-slack",
        "SRE_SLACK_TABLE": "sre-slack",
        "SRE_SERVER": way.url,
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
