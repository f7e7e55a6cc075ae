"""How small, how quick to start and how quick to answer the Slack function is, in AWS's own runtime on the loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
from moto.server import ThreadedMotoServer

from processes import BIN, environment, machine, simulator
from serve import listening
from sre_mcp.auth.issue import Wish, issue
from sre_reports.slack.limits import problems
from sre_simulator.function import REGION, Deployment, Function, runtime_in
from sre_simulator.slack import Slack

HERE = Path(__file__).parent
FINDINGS, COLD, WARM = 100_000, 11, 200
SIGNING, NAME = "signing-secret-of-the-benchmark", "sre-slack"
_ABOUT = (
    "The zip of `make zip`. Lambda, API Gateway, DynamoDB and Slack are stand-ins on the loopback; the runtime is AWS's own "
    f"(`awslambdaric`), the server a process over a snapshot of {FINDINGS:,} findings. Every command is another person's."
)

_ONCE = """
import json, resource, sys
sys.path[:0] = sys.argv[2:]
event = json.loads(sys.stdin.read())
module = __import__(sys.argv[1], fromlist=["handle"])
answer = module.handle(event, None)
assert answer["statusCode"] == 200 and "Looking at" in answer["body"], answer
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""
_WORK = """
import resource, sys
sys.path[:0] = sys.argv[1:]
from sre_slack.records import DynamoDBRecords
from sre_slack.worker import Worker
DynamoDBRecords("table")
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""
_BARE = "import resource; used = resource.getrusage(resource.RUSAGE_SELF); print(used.ru_utime + used.ru_stime)"


def main() -> None:
    """Writes results/slack.md."""
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name:
        folder = Path(name)
        archive, task = folder / "sre-slack.zip", folder / "task"
        subprocess.run(
            [sys.executable, str(HERE.parent / "lambda" / "build_zip.py"), str(archive)], check=True, stdout=subprocess.DEVNULL
        )
        with zipfile.ZipFile(archive) as held:
            held.extractall(task)
            size = sum(one.file_size for one in held.infolist())
        packed = archive.stat().st_size / 1e6
        lines = [
            "# Slack", "", machine(), "", _ABOUT, "",
            f"The zip has {packed:.1f} MB ({size / 1e6:.0f} MB unpacked); the target is 25.", "",
        ]  # fmt: skip
        lines += [*cold(task, folder), "", *warm(task, folder)]
    (HERE / "results" / "slack.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def cold(task: Path, folder: Path) -> list[str]:
    """CPU of new interpreters from their start to the acknowledgement of their first command."""
    plain = folder / "plain"
    shutil.copytree(task, plain, ignore=shutil.ignore_patterns("__pycache__"))
    site, peers = sysconfig.get_path("purelib"), str(HERE / "peers")
    with accepting() as place:
        ours = {"SRE_SLACK_SIGNING_SECRET": SIGNING, "AWS_ENDPOINT_URL_LAMBDA": place}
        behind = {"SRE_SLACK_SECRET_ID": "sre/slack", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": place.rpartition(":")[2],
                  "AWS_ENDPOINT_URL_LAMBDA": place}  # fmt: skip
        manager = {"SRE_SLACK_SECRET_ID": "sre/slack", "AWS_ENDPOINT_URL": place, "AWS_ENDPOINT_URL_LAMBDA": place}
        rows = {
            "a bare interpreter": ([], {}),
            "the function, its secret from AWS's extension": (["sre_slack.handler", str(task)], behind),
            "the function, its secret from Secrets Manager": (["sre_slack.handler", str(task)], manager),
            "the same zip without its bytecode, from the extension": (["sre_slack.handler", str(plain)], behind),
            "a handler with boto3's client, its secret in its environment": (["boto3_handler", peers, site], ours),
        }
        took: dict[str, list[float]] = {name: [] for name in rows}
        for _ in range(COLD):
            for name, (what, variables) in rows.items():
                took[name].append(once(_ONCE if what else _BARE, what, variables))
        works = [statistics.median(once(_WORK, [str(one)], {}) for _ in range(COLD)) * 1e3 for one in (task, plain)]
    lines = [f"CPU from the start of an interpreter to its first acknowledgement; medians of {COLD}. The target is 200 ms.", "",
             "| | CPU, ms |", "| --- | --- |"]  # fmt: skip
    lines += [f"| {name} | {statistics.median(values) * 1e3:.0f} |" for name, values in took.items()]
    return [*lines, "", f"The working half is ready after {works[0]:.0f} ms, without its bytecode after {works[1]:.0f} ms."]


def once(code: str, what: list[str], variables: dict[str, str]) -> float:
    """Seconds of CPU of one new interpreter that sees nothing of what is installed but what it is given."""
    environ = {"PATH": os.defpath, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_LAMBDA_FUNCTION_NAME": NAME,
               "AWS_ACCESS_KEY_ID": "TESTING", "AWS_SECRET_ACCESS_KEY": "testing", **variables}  # fmt: skip
    command = [sys.executable, "-I", "-S", "-B", "-c", code, *what]
    body, headers = command_of("i-0123456789abcdef0", "https://hooks.slack.com/commands/T0123456/1/x", 0)
    event = {"version": "2.0", "rawPath": "/slack", "headers": headers, "body": body, "isBase64Encoded": False,
             "requestContext": {"http": {"method": "POST", "path": "/slack"}}}  # fmt: skip
    done = subprocess.run(command, input=json.dumps(event), env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout)


def command_of(text: str, url: str, number: int) -> tuple[str, dict[str, str]]:
    """A command that Slack signed: body and headers."""
    form = {"team_id": "T0123456", "user_id": f"U{number:07d}", "channel_id": "C0123456", "text": text,
            "trigger_id": f"{time.time_ns()}.{number}", "response_url": url}  # fmt: skip
    body, stamp = urlencode(form), str(int(time.time()))
    digest = hmac.new(SIGNING.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return body, {"content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": stamp,
                  "x-slack-signature": f"v0={digest}"}  # fmt: skip


class _Accepting(BaseHTTPRequestHandler):
    """Lambda's 202, and the secret as the extension and as Secrets Manager give it."""

    wbufsize = 65536

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202 if "/functions/" in self.path else 200)

    def _answer(self, status: int) -> None:
        body = json.dumps({"SecretString": json.dumps({"signing_secrets": [SIGNING]})}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        pass


@contextmanager
def accepting() -> Iterator[str]:
    """A stand-in that takes everything; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Accepting)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class House:
    """A function that runs, where it answers to, and the server that it asks."""

    function: Function
    slack: Slack
    port: int
    token: str

    def acknowledged(self, text: str, url: str, number: int) -> float:
        """Milliseconds until the acknowledgement."""
        body, headers = command_of(text, url, number)
        began = time.perf_counter()
        connection = HTTPConnection(self.function.url.removeprefix("http://"), timeout=60)
        connection.request("POST", "/slack", body, headers)
        answer = connection.getresponse()
        if answer.status != 200 or b"Looking at" not in answer.read():
            raise SystemExit(f"not acknowledged: {self.function.log}")
        took = (time.perf_counter() - began) * 1e3
        connection.close()
        return took

    def command(self, text: str, number: int) -> tuple[float, float]:
        """Milliseconds until the acknowledgement and until the answer stood in Slack."""
        url, began = self.slack.response_url(), time.perf_counter()
        took = self.acknowledged(text, url, number)
        posts = self.slack.wait(url)
        answered = time.perf_counter()
        if "table" not in {block["type"] for block in posts[0].get("blocks", ())}:
            raise SystemExit(f"not answered: {posts[0]} {self.function.log}")
        self.function.settle()
        return took, (answered - began) * 1e3

    def call(self, text: str) -> float:
        """Milliseconds of the server's own answer, on a connection of its own as the function's."""
        person = {"user": "T0123456/U0000000", "channel": "T0123456/C0123456", "groups": [], "shared": False}
        params = {"name": "check_resource", "arguments": {"resource_id": text, "count": 10},
                  "_meta": {"sre-operations-assistant/person": person}}  # fmt: skip
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        began = time.perf_counter()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/mcp", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200 or b'"isError":true' in said:
            raise SystemExit(f"a measured call failed: {answer.status} {said[:300]!r}")
        connection.close()
        return (time.perf_counter() - began) * 1e3


def warm(task: Path, folder: Path) -> list[str]:
    """The whole chain, one command after the other; the first one starts both halves."""
    with ExitStack() as stack:
        environ = snapshot(folder, stack)
        token, entry = issue(Wish("slack", ("findings:read",), ("*",), ("*",), 30, "slack"), datetime.now(UTC))
        tokens = folder / "tokens.json"
        tokens.touch(mode=0o600)
        entitled = {"T0123456/C0123456": {"accounts": ["*"], "owners": ["*"]}}
        tokens.write_text(json.dumps({"tokens": [entry], "slack": entitled}))
        served = environ | {"SRE_TOKENS": tokens.as_uri(), "SRE_MAX_AGE": "3650d"}
        _, port, _ = stack.enter_context(listening([str(BIN / "sre-cli"), "serve", "--port", "0"], served))
        slack = stack.enter_context(Slack(problems))
        ours = {**aws(stack), "SRE_SLACK_SIGNING_SECRET": SIGNING, "SRE_TOKEN": token, "SRE_SLACK_TABLE": NAME,
                "SRE_SERVER": f"http://127.0.0.1:{port}/mcp", "SRE_SLACK_STAND_IN": slack.place}  # fmt: skip
        one = Deployment(task, "sre_slack.handler.handle", runtime_in(folder / "runtime"), ours, NAME)
        house = House(stack.enter_context(Function(one)), slack, port, token)
        resource = worst(environ)
        calls = [house.call(resource) for _ in range(WARM)]
        starts = []
        for number in range(5):
            house.function.recycle()
            starts.append(house.command(resource, number))
        took = [house.command(resource, 100 + number) for number in range(WARM)]
        house.function.refusal = 202  # jobs are taken, and not run
        alone = [house.acknowledged(resource, slack.response_url(), number) for number in range(5 * WARM)]
    rows: list[tuple[str, list[float], str]] = [
        ("warm: command to acknowledgement, its job not run", alone, "10 at p99"),
        ("warm: command to acknowledgement, its job begun on the same two cores", [one for one, _ in took], "–"),
        ("warm: command to the answer in Slack", [one for _, one in took], "700"),
        ("the server's own answer to check_resource, which the function asks among others", calls, "–"),
        ("both halves cold: command to acknowledgement", [one for one, _ in starts], "–"),
        ("both halves cold: command to the answer in Slack", [one for _, one in starts], "–"),
    ]
    head = f"Wall, over HTTP; {WARM} commands for an instance with many findings, each after the one before was answered"
    lines = [f"{head}; 5 cold starts.", "", "| | p50, ms | p99, ms | target, ms |", "| --- | --- | --- | --- |"]
    return lines + [
        f"| {name} | {statistics.median(v):.1f} | {sorted(v)[int(len(v) * 0.99)]:.1f} | {goal} |" for name, v, goal in rows
    ]


def snapshot(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Settings that lead to a store with one night."""
    environ = environment(stack.enter_context(simulator(FINDINGS)), folder / "store")
    subprocess.run(
        [str(BIN / "sre-cli"), "scan", "-r", "eu-west-1", "--rate", "1000"], env=environ, check=True, capture_output=True
    )
    return environ


def worst(environ: dict[str, str]) -> str:
    """The resource with the most findings."""
    command = [str(BIN / "sre-cli"), "summary", "--by", "resource", "-n", "1", "--output", "json"]
    done = subprocess.run(command, env=environ, check=True, capture_output=True)
    return str(json.loads(done.stdout)["groups"][0]["value"])


def aws(stack: ExitStack) -> dict[str, str]:
    """DynamoDB by moto, with the function's table; the variables that lead there."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    stack.callback(server.stop)
    host, port = server.get_host_and_port()
    of: dict[str, Any] = {"endpoint_url": f"http://{host}:{port}", "region_name": REGION, "aws_access_key_id": "TESTING",
                          "aws_secret_access_key": "testing"}  # fmt: skip
    boto3.client("dynamodb", **of).create_table(
        TableName=NAME, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    return {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}


if __name__ == "__main__":
    main()
