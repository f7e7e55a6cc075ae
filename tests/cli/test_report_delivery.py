"""``sre-cli report --email`` and ``--cards``."""

from __future__ import annotations

import email
import shutil
import socket
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

Cli = Callable[..., Any]


class Inbox:
    """The messages that the mail server received."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope.content)
        return "250 taken"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """A local mail server that SRE_SMTP points to."""
    found = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("SRE_SMTP", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("SRE_MAIL_FROM", "SRE <sre@example.com>")
    monkeypatch.setenv("SRE_PUBLIC_URL", "https://mcp.example.com/mcp")
    yield found
    server.stop()


@pytest.fixture
def store(demo_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo store."""
    home = tmp_path / "store"
    shutil.copytree(demo_store, home)
    monkeypatch.setenv("SRE_STORE", str(home))
    return home


def test_the_report_is_published_then_mailed_with_numbers_and_link(
    cli: Cli, store: Path, inbox: Inbox
) -> None:
    done = cli(
        "report",
        "--again",
        "--owner",
        "payments",
        "--email",
        "lead@example.com",
        "--email",
        "sre@example.com",
    )
    assert done.code == 0, done.err
    (mail,) = (email.message_from_bytes(one, policy=default) for one in inbox.mails)
    assert mail["To"] == "lead@example.com, sre@example.com"
    told = cli("summary", "--by", "owner", "--output", "json").json
    payments = next(group for group in told["groups"] if group["value"] == "payments")
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert f"{payments['counts']['critical']:,} critical" in text
    assert f"https://mcp.example.com/reports/{told['as_of'][:10]}/owner/payments/" in text
    assert "mailed to lead@example.com, sre@example.com" in done.err


def test_nothing_is_published_if_mail_is_not_configured(cli: Cli, store: Path) -> None:
    shutil.rmtree(store / "reports")
    done = cli("report", "--email", "lead@example.com")
    assert done.code == 2
    assert "Set SRE_SMTP=smtp://user@host:587" in done.err
    assert not (store / "reports").exists()


def test_cards_are_written_with_alternative_text(cli: Cli, store: Path, tmp_path: Path) -> None:
    done = cli("report", "--again", "--cards", str(tmp_path / "cards"))
    assert done.code == 0, done.err
    for name in ("digest", "trend"):
        assert (tmp_path / "cards" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (
            "critical" in (tmp_path / "cards" / f"{name}.txt").read_text(encoding="utf-8").lower()
        )
    assert str(tmp_path / "cards" / "digest.png") in done.out


def test_a_link_excludes_mail_and_cards(cli: Cli, store: Path, tmp_path: Path) -> None:
    done = cli("report", "--link", "60", "--cards", str(tmp_path))
    assert done.code == 2
    assert "Publish it first" in done.err
