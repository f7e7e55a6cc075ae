"""A simulator of a small default fleet, raw and boto3 clients, and botocore's model."""

from __future__ import annotations

import gc
import http.client
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import boto3
import botocore.loaders
import pytest
from botocore.config import Config
from tests.support.clock import NOW

from sre_simulator.fleet import Fleet, default_fleet
from sre_simulator.inspector.server import Simulator

if TYPE_CHECKING:
    from mypy_boto3_inspector2 import Inspector2Client


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Post(Protocol):
    def __call__(
        self,
        simulator: Simulator,
        path: str,
        body: Any,
        *,
        region: str = "eu-west-1",
        key: str = "AKIDEXAMPLE",
    ) -> Reply: ...


class Walk(Protocol):
    def __call__(
        self,
        simulator: Simulator,
        path: str,
        body: dict[str, Any],
        *,
        region: str = "eu-west-1",
        key: str = "AKIDEXAMPLE",
    ) -> list[dict[str, Any]]: ...


class Serve(Protocol):
    def __call__(self, fleet: Fleet | None = None, **options: Any) -> Simulator: ...


class Connect(Protocol):
    def __call__(
        self,
        simulator: Simulator,
        *,
        region: str = "eu-west-1",
        key: str = "AKIDEXAMPLE",
        attempts: int = 1,
    ) -> Inspector2Client: ...


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    return default_fleet(now=NOW)


@pytest.fixture(scope="session")
def shown(fleet: Fleet) -> list[dict[str, Any]]:
    """All findings in the newest state of the default fleet."""
    found = list(fleet.findings())
    gc.freeze()  # millions of permanent objects, which each garbage collection would visit again
    return found


@pytest.fixture
def serve(fleet: Fleet) -> Iterator[Serve]:
    default = fleet
    with ExitStack() as running:

        def served(fleet: Fleet | None = None, **options: Any) -> Simulator:
            return running.enter_context(Simulator(fleet or default, **options))

        yield served


@pytest.fixture
def simulator(serve: Serve) -> Simulator:
    return serve()


def _post(
    simulator: Simulator,
    path: str,
    body: Any,
    *,
    region: str = "eu-west-1",
    key: str = "AKIDEXAMPLE",
) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(simulator.url).port, timeout=20)
    signed = (
        f"AWS4-HMAC-SHA256 Credential={key}/20260314/{region}/inspector2/aws4_request,"
        " SignedHeaders=host, Signature=0"
    )
    try:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(
            "POST", path, sent, {"Authorization": signed, "Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="session")
def post() -> Post:
    """One signed POST without decoding or retries."""
    return _post


@pytest.fixture(scope="session")
def walk() -> Walk:
    """All pages of a listing, as decoded bodies."""

    def walked(
        simulator: Simulator, path: str, body: dict[str, Any], **caller: Any
    ) -> list[dict[str, Any]]:
        pages = [_post(simulator, path, body, **caller).body]
        while token := pages[-1].get("nextToken"):
            pages.append(_post(simulator, path, body | {"nextToken": token}, **caller).body)
        return pages

    return walked


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all clients: it reads the model once."""
    return boto3.Session()


@pytest.fixture
def connect(session: boto3.Session) -> Iterator[Connect]:
    with ExitStack() as clients:

        def connected(
            simulator: Simulator,
            *,
            region: str = "eu-west-1",
            key: str = "AKIDEXAMPLE",
            attempts: int = 1,
        ) -> Inspector2Client:
            config = Config(
                retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=5
            )
            client = session.client(
                "inspector2",
                endpoint_url=simulator.url,
                region_name=region,
                aws_access_key_id=key,
                aws_secret_access_key="any",
                config=config,
            )
            clients.callback(client.close)
            return client

        yield connected


@pytest.fixture(scope="session")
def model() -> dict[str, Any]:
    """Botocore's description of inspector2."""
    loaded: dict[str, Any] = botocore.loaders.Loader().load_service_model("inspector2", "service-2")
    return loaded


@pytest.fixture(scope="session")
def recordings() -> list[Path]:
    """The folder of the recorded findings.

    SRE_REAL_FINDINGS sets it; the default is `shared/real-findings` beside the checkout.
    """
    beside = Path(__file__).parents[2].parent / "shared" / "real-findings"
    folder = Path(os.environ.get("SRE_REAL_FINDINGS", beside))
    found = sorted(folder.glob("*.jsonl"))
    if not found:
        pytest.skip(f"no recorded findings in {folder}; set SRE_REAL_FINDINGS to their folder")
    return found


Equals = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="session")
def equals() -> Equals:
    """A list of EQUALS filters."""
    return lambda *values: [{"comparison": "EQUALS", "value": value} for value in values]
