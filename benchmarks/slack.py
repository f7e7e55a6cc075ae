"""Size, start time and response time of the Slack function, in AWS's own runtime on the
loopback."""

from __future__ import annotations

import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from processes import BIN, environment, machine, simulator
from serve import listening
from slack_start import NAME, SIGNING, cold, command_of
from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_reports.slack.limits import problems
from sre_simulator.aws_lambda.function import REGION, Deployment, Function, runtime_in
from sre_simulator.slack.response_urls import Hooks

HERE = Path(__file__).parent
FINDINGS, WARM = 100_000, 200
_ABOUT = (
    "The zip of `make zip`. Lambda, API Gateway, DynamoDB and Slack are stand-ins on the loopback;"
    " the runtime is AWS's own (`awslambdaric`), the server a process over a snapshot of"
    f" {FINDINGS:,} findings. Every command is another person's."
)


def main() -> None:
    """Writes results/slack.md."""
    with tempfile.TemporaryDirectory(prefix="sre-bench-") as name:
        folder = Path(name)
        archive, task = folder / "sre-slack.zip", folder / "task"
        subprocess.run(
            [sys.executable, str(HERE.parent / "lambda" / "build_zip.py"), str(archive)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with zipfile.ZipFile(archive) as held:
            held.extractall(task)
            size = sum(one.file_size for one in held.infolist())
        packed = archive.stat().st_size / 1e6
        lines = [
            "# Slack",
            "",
            machine(),
            "",
            _ABOUT,
            "",
            f"The zip has {packed:.1f} MB ({size / 1e6:.0f} MB unpacked); the target is 25.",
            "",
        ]
        lines += [*cold(task, folder), "", *warm(task, folder)]
    (HERE / "results" / "slack.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


@dataclass
class House:
    """A running function, the stand-in for Slack that it posts to, and the server that it
    queries."""

    function: Function
    slack: Hooks
    port: int
    token: str

    def acknowledged(self, text: str, url: str, number: int) -> float:
        """Milliseconds until the acknowledgement."""
        body, headers = command_of(text, url, number)
        began = time.perf_counter()
        connection = HTTPConnection(self.function.url.removeprefix("http://"), timeout=60)
        connection.request("POST", "/slack", body, headers)
        answer = connection.getresponse()
        if answer.status != 200 or b"Checking" not in answer.read():
            raise SystemExit(f"not acknowledged: {self.function.log}")
        took = (time.perf_counter() - began) * 1e3
        connection.close()
        return took

    def command(self, text: str, number: int) -> tuple[float, float]:
        """Milliseconds until the acknowledgement and until the answer is in Slack."""
        url, began = self.slack.response_url(), time.perf_counter()
        took = self.acknowledged(text, url, number)
        posts = self.slack.wait(url)
        answered = time.perf_counter()
        if "table" not in {block["type"] for block in posts[0].get("blocks", ())}:
            raise SystemExit(f"not answered: {posts[0]} {self.function.log}")
        self.function.settle()
        return took, (answered - began) * 1e3

    def call(self, text: str) -> float:
        """Milliseconds of the server's own answer, on a separate connection like the function's."""
        person = {
            "user": "T0123456/U0000000",
            "channel": "T0123456/C0123456",
            "groups": [],
            "shared": False,
        }
        params = {
            "name": "check_resource",
            "arguments": {"resource_id": text, "count": 10},
            "_meta": {"sre-operations-assistant/person": person},
        }
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Bearer {self.token}",
        }
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
        token, entry = create_token(
            TokenRequest("slack", ("findings:read",), ("*",), ("*",), 30, "slack"),
            datetime.now(UTC),
        )
        tokens = folder / "tokens.json"
        tokens.touch(mode=0o600)
        entitled = {"T0123456/C0123456": {"accounts": ["*"], "owners": ["*"]}}
        tokens.write_text(json.dumps({"tokens": [entry], "slack": entitled}))
        served = environ | {"SRE_TOKENS": tokens.as_uri(), "SRE_MAX_AGE": "3650d"}
        _, port, _ = stack.enter_context(
            listening([str(BIN / "sre-cli"), "serve", "--port", "0"], served)
        )
        slack = stack.enter_context(Hooks(problems))
        ours = {
            **aws(stack),
            "SRE_SLACK_SIGNING_SECRET": SIGNING,
            "SRE_TOKEN": token,
            "SRE_SLACK_TABLE": NAME,
            "SRE_SERVER": f"http://127.0.0.1:{port}/mcp",
            "SRE_SLACK_STAND_IN": slack.address,
        }
        one = Deployment(
            task, "sre_slack.handler.handle", runtime_in(folder / "runtime"), ours, NAME
        )
        house = House(stack.enter_context(Function(one)), slack, port, token)
        resource = worst(environ)
        calls = [house.call(resource) for _ in range(WARM)]
        starts = []
        for number in range(5):
            house.function.recycle()
            starts.append(house.command(resource, number))
        took = [house.command(resource, 100 + number) for number in range(WARM)]
        house.function.refusal = 202  # accepts jobs without running them
        alone = [
            house.acknowledged(resource, slack.response_url(), number) for number in range(5 * WARM)
        ]
    rows: list[tuple[str, list[float], str]] = [
        ("warm: command to acknowledgement, its job not run", alone, "10 at p99"),
        (
            "warm: command to acknowledgement, its job begun on the same two cores",
            [one for one, _ in took],
            "–",
        ),
        ("warm: command to the answer in Slack", [one for _, one in took], "700"),
        (
            "the server's own answer to check_resource, which the function asks among others",
            calls,
            "–",
        ),
        ("both halves cold: command to acknowledgement", [one for one, _ in starts], "–"),
        ("both halves cold: command to the answer in Slack", [one for _, one in starts], "–"),
    ]
    head = (
        f"Wall, over HTTP; {WARM} commands for an instance with many findings, each after the one"
        " before was answered"
    )
    lines = [
        f"{head}; 5 cold starts.",
        "",
        "| | p50, ms | p99, ms | target, ms |",
        "| --- | --- | --- | --- |",
    ]
    return lines + [
        f"| {name} | {statistics.median(v):.1f} | {sorted(v)[int(len(v) * 0.99)]:.1f} | {goal} |"
        for name, v, goal in rows
    ]


def snapshot(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Environment variables for a store with one snapshot."""
    environ = environment(stack.enter_context(simulator(FINDINGS)), folder / "store")
    subprocess.run(
        [str(BIN / "sre-cli"), "scan", "-r", "eu-west-1", "--rate", "1000"],
        env=environ,
        check=True,
        capture_output=True,
    )
    return environ


def worst(environ: dict[str, str]) -> str:
    """The resource with the most findings."""
    command = [str(BIN / "sre-cli"), "summary", "--by", "resource", "-n", "1", "--output", "json"]
    done = subprocess.run(command, env=environ, check=True, capture_output=True)
    return str(json.loads(done.stdout)["groups"][0]["value"])


def aws(stack: ExitStack) -> dict[str, str]:
    """DynamoDB by moto, with the function's table; the environment variables for it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    stack.callback(server.stop)
    host, port = server.get_host_and_port()
    of: dict[str, Any] = {
        "endpoint_url": f"http://{host}:{port}",
        "region_name": REGION,
        "aws_access_key_id": "TESTING",
        "aws_secret_access_key": "testing",
    }
    boto3.client("dynamodb", **of).create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}


if __name__ == "__main__":
    main()
