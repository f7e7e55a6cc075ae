"""Clients of other AWS services: only the configured endpoints, and one session for all."""

from __future__ import annotations

import os

import botocore.session
import pytest

from sre_findings.inspector.aws_clients import NotAsked, clients


def test_an_inspector_endpoint_does_not_apply_to_other_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:10")
    make = clients(None, "eu-west-1", os.environ, read_timeout=1)
    assert make("ssm").meta.endpoint_url == "http://127.0.0.1:10"
    with pytest.raises(NotAsked, match="its own is not"):
        make("sts")
    monkeypatch.delenv("AWS_ENDPOINT_URL_INSPECTOR2")
    assert (
        clients(None, "eu-west-1", os.environ, read_timeout=1)("sts").meta.endpoint_url
        == "https://sts.eu-west-1.amazonaws.com"
    )


def test_an_endpoint_for_everything_is_for_every_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", "http://127.0.0.1:10")
    assert (
        clients(None, "eu-west-1", os.environ, read_timeout=1)("sts").meta.endpoint_url
        == "http://127.0.0.1:9"
    )


def test_an_endpoint_that_is_no_address_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "nowhere")
    with pytest.raises(NotAsked, match="not asked: Invalid endpoint: nowhere"):
        clients(None, "eu-west-1", os.environ, read_timeout=1)("sts")


def test_clients_try_once_and_give_up_soon() -> None:
    config = clients(None, "eu-west-1", os.environ, read_timeout=8)("sts").meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (
        3,
        8,
        1,
    )


def test_credentials_are_found_once_for_all_services(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[object] = []
    make_session = botocore.session.Session

    def counted(*arguments: object, **named: object) -> object:
        sessions.append(named)
        return make_session(*arguments, **named)  # type: ignore[arg-type]  # passes its arguments on

    monkeypatch.setattr(botocore.session, "Session", counted)
    make = clients(None, "eu-west-1", os.environ, read_timeout=1)
    make("sts")
    make("ssm")
    assert len(sessions) == 1
