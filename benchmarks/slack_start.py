"""The cost of starting the Slack function: CPU time of new interpreters; compared with a handler
that uses boto3's client."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

from sre_simulator.aws_lambda.function import REGION

HERE = Path(__file__).parent
COLD = 11
SIGNING, NAME = "signingsecretofthebenchmark00000", "sre-slack"

_ONCE = """
import json, resource, sys
sys.path[:0] = sys.argv[2:]
event = json.loads(sys.stdin.read())
module = __import__(sys.argv[1], fromlist=["handle"])
answer = module.handle(event, None)
assert answer["statusCode"] == 200 and "Checking" in answer["body"], answer
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
_BARE = (
    "import resource; used = resource.getrusage(resource.RUSAGE_SELF); print(used.ru_utime +"
    " used.ru_stime)"
)


def cold(task: Path, folder: Path) -> list[str]:
    """CPU time of new interpreters from their start to the acknowledgement of their first
    command."""
    plain = folder / "plain"
    shutil.copytree(task, plain, ignore=shutil.ignore_patterns("__pycache__"))
    site, peers = sysconfig.get_path("purelib"), str(HERE / "peers")
    with accepting() as place:
        ours = {"SRE_SLACK_SIGNING_SECRET": SIGNING, "AWS_ENDPOINT_URL_LAMBDA": place}
        behind = {
            "SRE_SLACK_SECRET_ID": "sre/slack",
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": place.rpartition(":")[2],
            "AWS_ENDPOINT_URL_LAMBDA": place,
        }
        manager = {
            "SRE_SLACK_SECRET_ID": "sre/slack",
            "AWS_ENDPOINT_URL": place,
            "AWS_ENDPOINT_URL_LAMBDA": place,
        }
        rows = {
            "a bare interpreter": ([], {}),
            "the function, its secret from AWS's extension": (
                ["sre_slack.handler", str(task)],
                behind,
            ),
            "the function, its secret from Secrets Manager": (
                ["sre_slack.handler", str(task)],
                manager,
            ),
            "the same zip without its bytecode, from the extension": (
                ["sre_slack.handler", str(plain)],
                behind,
            ),
            "a handler with boto3's client, its secret in its environment": (
                ["boto3_handler", peers, site],
                ours,
            ),
        }
        took: dict[str, list[float]] = {name: [] for name in rows}
        for _ in range(COLD):
            for name, (what, variables) in rows.items():
                took[name].append(once(_ONCE if what else _BARE, what, variables))
        works = [
            statistics.median(once(_WORK, [str(one)], {}) for _ in range(COLD)) * 1e3
            for one in (task, plain)
        ]
    lines = [
        (
            f"CPU from the start of an interpreter to its first acknowledgement; medians of {COLD}."
            " The target is 200 ms."
        ),
        "",
        "| | CPU, ms |",
        "| --- | --- |",
    ]
    lines += [
        f"| {name} | {statistics.median(values) * 1e3:.0f} |" for name, values in took.items()
    ]
    return [
        *lines,
        "",
        (
            f"The working half is ready after {works[0]:.0f} ms, without its bytecode after"
            f" {works[1]:.0f} ms."
        ),
    ]


def once(code: str, what: list[str], variables: dict[str, str]) -> float:
    """CPU seconds of one new interpreter that sees only the given packages."""
    environ = {
        "PATH": os.defpath,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": NAME,
        "AWS_ACCESS_KEY_ID": "TESTING",
        "AWS_SECRET_ACCESS_KEY": "testing",
        **variables,
    }
    command = [sys.executable, "-I", "-S", "-B", "-c", code, *what]
    body, headers = command_of(
        "i-0123456789abcdef0", "https://hooks.slack.com/commands/T0123456/1/x", 0
    )
    event = {
        "version": "2.0",
        "rawPath": "/slack",
        "headers": headers,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"http": {"method": "POST", "path": "/slack"}},
    }
    done = subprocess.run(
        command, input=json.dumps(event), env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout)


def command_of(text: str, url: str, number: int) -> tuple[str, dict[str, str]]:
    """A command signed by Slack: body and headers."""
    form = {
        "team_id": "T0123456",
        "user_id": f"U{number:07d}",
        "channel_id": "C0123456",
        "text": text,
        "trigger_id": f"{time.time_ns()}.{number}",
        "response_url": url,
    }
    body, stamp = urlencode(form), str(int(time.time()))
    digest = hmac.new(SIGNING.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }


class _Accepting(BaseHTTPRequestHandler):
    """Lambda's 202, and the secret as returned by the extension and by Secrets Manager."""

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
    """A stand-in that accepts every request; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Accepting)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
