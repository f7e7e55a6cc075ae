"""The zip in ministack, a third-party emulator of AWS.

Lambda loads it from S3, behind an HTTP API, with Secrets Manager and DynamoDB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.aws_emulator import aws_emulator

from sre_simulator.fleet import BUSY_INSTANCE


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of ministack with Lambda and API Gateway."""
    with aws_emulator(tmp_path_factory.mktemp("emulator")) as url:
        yield url


def test_a_signed_command_gives_one_message_and_a_forged_one_none(
    on_ministack: Any,
) -> None:
    url = on_ministack.slack.response_url()
    assert on_ministack.types(BUSY_INSTANCE, url, secret="a guess")[0] == 401
    for _ in range(2):
        status, said = on_ministack.types(BUSY_INSTANCE, url, "9.9.same")
        assert (status, said["text"]) == (200, f"Checking `{BUSY_INSTANCE}` …")
    post, *others = on_ministack.slack.wait(url)
    assert "table" in [block["type"] for block in post["blocks"]]
    assert "https://sre.example/reports/" in json.dumps(post["blocks"])
    on_ministack.types(BUSY_INSTANCE, after := on_ministack.slack.response_url())
    on_ministack.slack.wait(after)
    assert others == []
    assert len(on_ministack.slack.posts(url)) == 1
