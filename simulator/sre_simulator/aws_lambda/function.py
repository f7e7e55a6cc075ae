"""AWS Lambda on the loopback: a function's folder in processes of AWS's own runtime.

It can be invoked in the three ways of AWS::

    with Function(Deployment(folder, "sre_slack.handler.handle", runtime=runtime)) as function:
        urlopen(Request(function.url + "/slack", data=b"…"))  # through API Gateway
        function.settle()  # waits until all asynchronous invocations have ended

An environment runs one invocation at a time, and another one is started if all are busy. An
asynchronous invocation is tried again after each of ``retries``, then added to ``dead_letters``.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Self

from sre_simulator.aws_lambda.environment import Environment, Result
from sre_simulator.aws_lambda.invocation_api import FunctionApi

ACCOUNT, REGION = "111122223333", "eu-west-1"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A function as deployed.

    It has its unzipped folder, its handler, and the folder from which ``awslambdaric`` is imported.
    Times are in seconds. The function sees no environment variables except ``environ``.
    """

    folder: Path
    handler: str
    runtime: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    name: str = "function"
    timeout: float = 60.0
    retries: tuple[float, ...] = (60.0, 120.0)
    concurrency: int = 10


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An asynchronous invocation that was given up: its event, and how the last attempt ended."""

    request_id: str
    event: bytes
    result: Result


class Function:
    """Runs a deployment while it is entered.

    If ``refusal`` is not 0, Invoke responds with that status and does not run it. ``payload`` is
    the version of API Gateway's events: 2.0 (HTTP API) or 1.0 (REST API).
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{deployment.name}"
        self.dead_letters: list[DeadLetter] = []
        self.environments: list[Environment] = []
        self.refusal, self.payload = 0, "2.0"
        self._free = threading.Condition()
        self._idle: list[Environment] = []
        self._started = self._pending = 0
        self._over = threading.Event()
        self._scratch = tempfile.TemporaryDirectory(prefix="function-")
        self._api = FunctionApi(self)
        self.url = f"http://127.0.0.1:{self._api.server_port}"

    def __enter__(self) -> Self:
        self._api.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._api.stop()
        for one in self.environments:
            one.stop()
        self.settle()
        self._scratch.cleanup()

    @property
    def log(self) -> str:
        """The output of all environments so far."""
        files = sorted(Path(self._scratch.name).iterdir(), key=lambda file: file.stat().st_mtime_ns)
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    def invoke(self, event: bytes, request_id: str = "") -> Result:
        """Invokes it and waits for the result."""
        if self._over.is_set():
            return Result(b"", "Stopped")
        environment = self._environment()
        try:
            return environment.run(request_id or str(uuid.uuid4()), event, self.arn)
        finally:
            self._give_back(environment)

    def invoke_later(self, event: bytes) -> None:
        """Invokes it asynchronously, with all retries."""
        with self._free:
            self._pending += 1
        threading.Thread(target=self._tried, args=(event, str(uuid.uuid4())), daemon=True).start()

    def settle(self, within: float = 60.0) -> None:
        """Waits until all asynchronous invocations have ended. Raises TimeoutError."""
        with self._free:
            if not self._free.wait_for(lambda: not self._pending, within):
                raise TimeoutError(f"{self._pending} invocations go on after {within:g} s")

    def recycle(self) -> None:
        """Ends the idle environments.

        The next invocation starts cold, as after a deployment or an hour without calls.
        """
        with self._free:
            ended, self._idle = self._idle, []
            self._started -= len(ended)
        for one in ended:
            one.stop()

    def _tried(self, event: bytes, request_id: str) -> None:
        try:
            result = self.invoke(event, request_id)
            for pause in self.deployment.retries:
                if not result.error or self._over.wait(pause):
                    return
                result = self.invoke(event, request_id)
            if result.error:
                self.dead_letters.append(DeadLetter(request_id, event, result))
        finally:
            with self._free:
                self._pending -= 1
                self._free.notify_all()

    def _environment(self) -> Environment:
        with self._free:
            self._free.wait_for(
                lambda: (
                    self._idle or self._started < self.deployment.concurrency or self._over.is_set()
                )
            )
            if self._idle:
                return self._idle.pop()
            self._started += 1
            number = len(self.environments)
            made = Environment(
                self._command(),
                self._variables(),
                self.deployment,
                Path(self._scratch.name) / str(number),
            )
            self.environments.append(made)
            return made

    def _give_back(self, environment: Environment) -> None:
        with self._free:
            if environment.alive:
                self._idle.append(environment)
            else:
                self._started -= 1
            self._free.notify_all()

    def _command(self) -> list[str]:
        """Returns the interpreter without site-packages.

        Only the function's and the runtime's modules can be imported.
        """
        return [sys.executable, "-S", "-m", "awslambdaric", self.deployment.handler]

    def _variables(self) -> dict[str, str]:
        """Returns the variables that Lambda sets.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        one = self.deployment
        return {
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": self._scratch.name,
            "PYTHONPATH": f"{one.folder}{os.pathsep}{one.runtime}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(one.folder),
            "_HANDLER": one.handler,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "TESTING",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "session",
            "AWS_LAMBDA_FUNCTION_NAME": one.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_LAMBDA": self.url,
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[$LATEST]local",
            **one.environ,
        }


def runtime_in(folder: Path) -> Path:
    """Returns a folder with AWS's runtime and its dependencies, and no other package."""
    for name in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        for file in distribution(name).files or ():
            if file.suffix in (".py", ".so"):
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(Path(str(file.locate())))
    return folder
