"""Tokens rotate without a restart.

After an invalid change the previous tokens stay valid for a limited time.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    SreError,
    Unreachable,
    UsageError,
)
from sre_mcp.auth.documents import FileDocument, SecretDocument, open_document
from sre_mcp.auth.rotation import STALE, Rotating
from sre_mcp.auth.tokens import LARGEST

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Make = Callable[..., dict[str, Any]]


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Page:
    """A document whose text the test sets. It counts reads."""

    kept_for = 60.0

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, 0
        self.error: SreError | None = None

    def read(self) -> str:
        self.asked += 1
        if self.error:
            raise self.error
        return self.text


def names(rotating: Rotating) -> list[str]:
    return [entry.bearer.name for entry in rotating.current().entries]


def text_of(*entries: dict[str, Any]) -> str:
    return json.dumps({"tokens": list(entries)})


def test_a_changed_file_takes_effect_with_the_next_request(
    document: Callable[..., Path], make_entry: Make
) -> None:
    path = document(make_entry("old"))
    rotating = Rotating(FileDocument(path))
    rotating.open()
    assert names(rotating) == ["old"]
    document(make_entry("new"), make_entry("old"))
    assert names(rotating) == ["new", "old"]
    draft = path.with_name("draft")
    draft.touch(mode=0o600)
    draft.write_text(text_of(make_entry("new")))
    draft.replace(path)
    assert names(rotating) == ["new"]


def test_a_change_within_the_same_clock_tick_is_noticed(
    document: Callable[..., Path], make_entry: Make
) -> None:
    path = document(make_entry("one"))
    before = path.stat()
    place = FileDocument(path, clock=lambda: before.st_mtime)
    text = place.read()
    document(make_entry("two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert place.read() != text


def test_an_unchanged_file_is_not_read_again(
    document: Callable[..., Path], make_entry: Make
) -> None:
    path = document(make_entry())
    os.utime(path, (0, 0))
    place = FileDocument(path)
    assert place.read() is place.read()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_other_users_can_access_is_refused(
    document: Callable[..., Path], make_entry: Make, mode: int
) -> None:
    path = document(make_entry())
    path.chmod(mode)
    with pytest.raises(UsageError, match=r"other users can access .*run: chmod 600"):
        FileDocument(path).read()


def test_later_changes_of_the_file_mode_are_noticed(
    document: Callable[..., Path], make_entry: Make
) -> None:
    path = document(make_entry())
    os.utime(path, (0, 0))
    place = FileDocument(path)
    place.read()
    path.chmod(0o644)
    with pytest.raises(UsageError, match="other users can access"):
        place.read()


def test_a_path_that_is_not_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AccessDenied, match="No such file"):
        FileDocument(tmp_path / "nothing").read()
    with pytest.raises(UsageError, match="is not a regular file"):
        FileDocument(tmp_path).read()
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UsageError, match="is not a regular file"):
        FileDocument(tmp_path / "pipe").read()


def test_a_file_that_is_not_utf8_is_an_error(document: Callable[..., Path]) -> None:
    path = document()
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        FileDocument(path).read()


def test_at_most_a_megabyte_is_read(document: Callable[..., Path]) -> None:
    path = document()
    path.write_text(" " * (LARGEST + 100))
    assert len(FileDocument(path).read()) == LARGEST + 1


def test_an_invalid_document_keeps_the_previous_tokens_for_a_while(
    make_entry: Make, caplog: pytest.LogCaptureFixture
) -> None:
    time, page = Time(), Page(text_of(make_entry("good")))
    rotating = Rotating(page, time)
    rotating.open()
    page.text = '{"tokens": [{"name": "bad"}]}'
    time.now += 61
    with caplog.at_level(logging.WARNING):
        assert names(rotating) == ["good"]
    assert (
        "the tokens cannot be renewed: the tokens document is invalid: token 1 (bad): sha256"
        in caplog.text
    )
    time.now += STALE - 62
    assert names(rotating) == ["good"]
    time.now += 2
    assert names(rotating) == []
    page.text = text_of(make_entry("better"))
    time.now += 6
    assert names(rotating) == ["better"]


def test_a_failing_service_is_not_called_for_every_request(make_entry: Make) -> None:
    time, page = Time(), Page(text_of(make_entry()))
    rotating = Rotating(page, time)
    rotating.open()
    due_before = rotating.due
    time.now += 60
    assert (due_before, rotating.due) == (False, True)
    page.error = Unreachable("no")
    for _ in range(10):
        assert names(rotating) == ["ci"]
    assert page.asked == 2
    time.now += 5
    assert names(rotating) == ["ci"]
    assert page.asked == 3


def test_a_server_without_tokens_does_not_start() -> None:
    with pytest.raises(UsageError, match="not JSON"):
        Rotating(Page("")).open()


def test_other_threads_continue_while_one_reads(make_entry: Make) -> None:
    time, page = Time(), Page(text_of(make_entry()))
    rotating = Rotating(page, time)
    rotating.open()
    time.now += 61
    with rotating._lock:
        assert names(rotating) == ["ci"]
    assert page.asked == 1


@pytest.fixture
def secrets(aws: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws)
    return boto3.client("secretsmanager")


def test_a_secret_is_read_and_renewed(secrets: Any, make_entry: Make) -> None:
    secrets.create_secret(Name="prod/sre/tokens", SecretString=text_of(make_entry("old")))
    time = Time()
    rotating = Rotating(open_document("secretsmanager://prod/sre/tokens?region=eu-west-1"), time)
    rotating.open()
    secrets.put_secret_value(SecretId="prod/sre/tokens", SecretString=text_of(make_entry("new")))
    assert names(rotating) == ["old"]
    time.now += 60
    assert names(rotating) == ["new"]


def test_a_missing_or_binary_secret_is_an_error(secrets: Any) -> None:
    with pytest.raises(
        Unreachable, match="the secret nowhere cannot be read: ResourceNotFoundException"
    ):
        SecretDocument("nowhere").read()
    secrets.create_secret(Name="bytes", SecretBinary=b"x")
    with pytest.raises(CredentialsInvalid, match="binary and not text"):
        SecretDocument("bytes").read()


def test_an_unreachable_or_refusing_service_is_an_error(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", service.url)
    service.tell(
        "GetSecretValue",
        {"__type": "AccessDeniedException", "message": "arn:aws:iam::secret"},
        status=400,
    )
    with pytest.raises(AccessDenied) as error:
        SecretDocument("x").read()
    assert "arn:aws:iam::secret" not in str(error.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="EndpointConnectionError"):
        SecretDocument("x").read()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tokens.json",
        "file://relative.json",
        "https://x/y",
        "secretsmanager://",
        "secretsmanager://a?b=c",
    ],
)
def test_an_invalid_url_is_an_error(url: str) -> None:
    with pytest.raises(UsageError, match="the URL of a document is invalid"):
        open_document(url)


def test_a_url_may_have_special_characters_in_its_path(tmp_path: Path) -> None:
    path = tmp_path / "it's 1.json"
    path.touch(mode=0o600)
    path.write_text("{}")
    assert open_document(path.as_uri()).read() == "{}"
