"""The zip in an emulator of AWS that others wrote: Lambda from S3, an HTTP API, Secrets Manager and DynamoDB in one."""

from __future__ import annotations

import json
from typing import Any

from sre_simulator.fleet import BUSY_INSTANCE


def test_from_a_signed_command_to_one_message_and_no_further_for_a_forged_one(on_ministack: Any) -> None:
    url = on_ministack.slack.response_url()
    assert on_ministack.types(BUSY_INSTANCE, url, secret="a guess")[0] == 401
    for _ in range(2):
        status, said = on_ministack.types(BUSY_INSTANCE, url, "9.9.same")
        assert (status, said["text"]) == (200, f"Looking at `{BUSY_INSTANCE}` …")
    post, *others = on_ministack.slack.wait(url)
    assert "table" in [block["type"] for block in post["blocks"]]
    assert "https://sre.example/reports/" in json.dumps(post["blocks"])
    on_ministack.types(BUSY_INSTANCE, after := on_ministack.slack.response_url())
    on_ministack.slack.wait(after)
    assert others == []
    assert len(on_ministack.slack.posts(url)) == 1
