"""One execution environment of a function.

It is a process of ``awslambdaric``, and the Runtime API that it polls.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from sre_simulator.loopback import LoopbackHandler, LoopbackServer

_API = "/2018-06-01/runtime"
_POLL = 0.01  # seconds between checks whether to end


class Limits(Protocol):
    """The settings of a function that its environment needs."""

    @property
    def folder(self) -> Path:
        """The unzipped folder of the function."""
        ...

    @property
    def timeout(self) -> float:
        """The time-out of an invocation, in seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """How an invocation ended: its response, or the type of its error."""

    payload: bytes
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Invocation:
    request_id: str
    event: bytes
    arn: str
    deadline: float


class Environment:
    """Starts at once and runs one invocation at a time. A test may kill ``process``."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], limits: Limits, log: Path
    ) -> None:
        self.work = SimpleQueue[_Invocation | None]()
        self.ended = SimpleQueue[Result]()
        self._limits, self._log = limits, log.open("wb")
        self._server = _RuntimeApi(self)
        self._server.start()
        variables = {**environ, "AWS_LAMBDA_RUNTIME_API": self._server.address}
        self.process = subprocess.Popen(  # noqa: S603 - the caller chooses the command
            command, cwd=limits.folder, env=variables, stdout=self._log, stderr=self._log
        )
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    @property
    def alive(self) -> bool:
        """Whether it can run another invocation."""
        return self.process.poll() is None

    def run(self, request_id: str, event: bytes, arn: str) -> Result:
        """Runs one invocation, and returns its result.

        It ends with its response, its error, its time-out or the end of the process.
        """
        self.work.put(_Invocation(request_id, event, arn, time.time() + self._limits.timeout))
        try:
            return self.ended.get(timeout=self._limits.timeout)
        except Empty:
            self.process.kill()
            self.process.wait()
            return _failed(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {self._limits.timeout:.2f}"
                " seconds",
            )

    def stop(self) -> None:
        """Ends the process and its server."""
        self.process.kill()
        self._watching.join()
        self._server.stop()
        self._log.close()

    def _watch(self) -> None:
        code = self.process.wait()
        self.work.put(None)
        self.ended.put(
            _failed(
                "Runtime.ExitError",
                f"Runtime exited with {f'signal {-code}' if code < 0 else f'status {code}'}",
            )
        )


def _failed(kind: str, message: str) -> Result:
    return Result(json.dumps({"errorType": kind, "errorMessage": message}).encode(), kind)


class _RuntimeApi(LoopbackServer):
    poll_interval = _POLL

    def __init__(self, environment: Environment) -> None:
        super().__init__(_Runtime)
        self.environment = environment


class _Runtime(LoopbackHandler):
    """The Runtime API."""

    server: _RuntimeApi  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers
    protocol_version = "HTTP/1.1"

    def get(self) -> None:
        """Waits for the next invocation."""
        invocation = self.server.environment.work.get()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1e3)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            },
        )

    def post(self) -> None:
        """Receives the end of an invocation, or of the start."""
        body = self.read_body()
        kind = (
            str(self.headers.get("Lambda-Runtime-Function-Error-Type") or "Unhandled")
            if self.path.endswith("/error")
            else ""
        )
        # A failed start ends its process, which is noticed.
        if not self.path.startswith(f"{_API}/init/"):
            self.server.environment.ended.put(Result(body, kind))
        self._answer(202, b"{}", {})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.respond(status, body, {**headers, "Content-Type": "application/json"})
