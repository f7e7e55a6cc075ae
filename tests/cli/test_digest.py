"""``sre-cli digest`` posts once, even if it is repeated or killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sre_reports.slack.limits import problems
from sre_simulator.slack.web_api import CHANNEL, TOKEN, Slack, Workspace, serving

Cli = Callable[..., Any]
OTHER = "C9999999999"


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(check=problems, channels={CHANNEL: True, OTHER: True})


@pytest.fixture
def slack(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """A stand-in for Slack that the settings point to."""
    with serving(workspace) as server:
        monkeypatch.setenv("SRE_SLACK_API_URL", server.url)
        monkeypatch.setenv("SRE_SLACK_BOT_TOKEN", TOKEN)
        monkeypatch.setenv("SRE_PUBLIC_URL", "https://sre.example/mcp")
        yield server


@pytest.fixture
def store(demo_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo store, which a test may change."""
    home = tmp_path / "store"
    shutil.copytree(demo_store, home)
    monkeypatch.setenv("SRE_STORE", str(home))
    return home


@pytest.fixture
def routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """``routes(text)`` writes the channels file and sets SRE_SLACK_CHANNELS to it."""

    def write(text: str) -> None:
        path = tmp_path / "channels.yaml"
        path.write_text(text)
        monkeypatch.setenv("SRE_SLACK_CHANNELS", str(path))

    return write


TWO = f"""\
channels:
  - {{channel: {CHANNEL}, owners: ["*"], page: true}}
  - {{channel: {OTHER}, owners: [payments, search]}}
"""


def first(workspace: Workspace, channel: str = CHANNEL) -> dict[str, Any]:
    (one,) = workspace.of(channel)
    return one


def test_a_dry_run_prints_the_messages_and_needs_no_token(cli: Cli, demo: Path) -> None:
    done = cli("digest", "--dry-run")
    assert done.code == 0, done.err
    (digest,) = done.json["digests"]
    assert (digest["channel"], digest["owners"], digest["kind"]) == ("everything", ["*"], "night")
    for one in (digest["message"], *digest["thread"]):
        assert problems(one["text"], one["blocks"]) == problems(one["text"], one["classic"]) == []


def test_the_digest_has_the_numbers_of_the_commands(
    cli: Cli, demo: Path, routes: Callable[[str], None]
) -> None:
    routes(TWO)
    digests = cli("digest", "--dry-run").json["digests"]
    for digest, owners in zip(digests, ((), ("payments", "search")), strict=True):
        late = cli(
            "sla", "--output", "json", *[word for owner in owners for word in ("--owner", owner)]
        ).json["late"]
        groups = cli("summary", "--by", "owner", "--output", "json").json["groups"]
        counts = [
            one["counts"]["critical"] for one in groups if not owners or one["value"] in owners
        ]
        title = digest["message"]["blocks"][0]["text"]["text"]
        assert title.endswith(f": {sum(counts):,} critical, {late:,} past SLA")
        assert ("payments, search" in title) == bool(owners)


def test_each_channel_gets_its_owners_and_is_posted_to_once(
    cli: Cli, store: Path, slack: Slack, workspace: Workspace, routes: Callable[[str], None]
) -> None:
    routes(TWO)
    done = cli("digest")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()] == [CHANNEL, OTHER]
    assert "payments, search" in first(workspace, OTHER)["text"]
    assert "<!here>" in first(workspace)["blocks"][1]["text"]["text"]
    assert "<!here>" not in json.dumps(first(workspace, OTHER))
    sent = len(workspace.messages)
    again = cli("digest")
    assert (again.code, len(workspace.messages)) == (0, sent)
    assert again.out.count("already posted") == 2
    assert cli("digest", "--channel", CHANNEL, "--again").code == 0
    assert (len(workspace.of()), len(workspace.of(OTHER))) == (2, 1)


def test_a_failing_channel_does_not_affect_the_others(
    cli: Cli, store: Path, slack: Slack, workspace: Workspace, routes: Callable[[str], None]
) -> None:
    workspace.channels[CHANNEL] = False
    routes(TWO)
    done = cli("digest")
    assert done.code == 4
    assert (
        f"{CHANNEL}: Slack did not accept the message: not_in_channel. Invite the app" in done.err
    )
    assert first(workspace, OTHER)
    workspace.channels[CHANNEL] = True
    assert cli("digest").code == 0
    assert first(workspace)


def test_a_mistyped_owner_is_an_error_of_its_channel_only(
    cli: Cli, demo: Path, routes: Callable[[str], None]
) -> None:
    routes(TWO.replace("search", "serach"))
    done = cli("digest", "--dry-run")
    assert done.code == 2
    assert f"{OTHER}: there is no owner serach" in done.err
    assert len(done.json["digests"]) == 1


def test_a_run_killed_after_its_post_is_completed_by_the_next(
    store: Path, slack: Slack, workspace: Workspace, cli: Cli
) -> None:
    arrived, over = threading.Event(), threading.Event()

    def hold(_method: str) -> None:
        arrived.set()
        over.wait(30)

    workspace.before = hold
    program = "from sre_cli.main import main; main()"
    command = [sys.executable, "-c", program, "digest", "--channel", CHANNEL]
    process = subprocess.Popen(
        command, env=os.environ.copy(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert arrived.wait(60)  # Slack has the message, but the process has no response yet
    process.send_signal(signal.SIGKILL)
    process.communicate()
    workspace.before = lambda _: None
    over.set()
    assert len(workspace.messages) == 1
    done = cli("digest", "--channel", CHANNEL)
    assert done.code == 0, done.err
    assert "another run started posting" in done.err
    assert len(workspace.of()) == 1
    assert len(workspace.of(thread=first(workspace)["ts"])) == len(workspace.messages) - 1 > 0


def test_concurrent_processes_post_once(store: Path, slack: Slack, workspace: Workspace) -> None:
    program = "from sre_cli.main import main; main()"
    command = [sys.executable, "-c", program, "digest", "--channel", CHANNEL]
    some = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in some]
    assert [process.returncode for process in some] == [0, 0], told
    names = [one["metadata"]["event_payload"]["part"] for one in workspace.messages]
    assert len(names) == len(set(names))


def test_a_stale_snapshot_is_reported_once_a_day_without_numbers(
    cli: Cli, store: Path, slack: Slack, workspace: Workspace
) -> None:
    for _ in range(2):
        done = cli("digest", "--channel", CHANNEL, "--max-age", "0s")
        assert done.code == 3
    assert "no snapshot today" in first(workspace)["text"]
    assert "finding" not in json.dumps(first(workspace))


def test_a_missing_snapshot_after_a_posted_digest_is_reported(
    cli: Cli, store: Path, slack: Slack, workspace: Workspace
) -> None:
    assert cli("digest", "--channel", CHANNEL).code == 0
    with sqlite3.connect(store / "table.db") as table:
        query = (
            "update rows set body = json_set(body, '$.at', ?) where partition like 'post#%' and"
            " sort = 'main#sent'"
        )
        table.execute(query, ((datetime.now(UTC) - timedelta(hours=24)).isoformat(),))
    table.close()
    for _ in range(2):
        assert cli("digest", "--channel", CHANNEL).code == 3
    _, silence = workspace.of()
    assert "no snapshot today" in silence["text"]
    assert cli("digest", "--channel", CHANNEL, "--as-of", "today").out.endswith("already posted\n")


def test_a_preview_is_drawn(cli: Cli, demo: Path, tmp_path: Path) -> None:
    done = cli("digest", "--preview", str(tmp_path / "pictures"))
    assert done.code == 0, done.err
    path = Path(done.out.strip())
    assert path == tmp_path / "pictures" / "everything.png"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_missing_channel_token_or_store_has_a_remedy(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = cli("digest")
    assert (none.code, "SRE_SLACK_CHANNELS" in none.err) == (2, True)
    unknown = cli("digest", "--channel", CHANNEL)
    assert (unknown.code, "SRE_SLACK_SECRET_ID" in unknown.err) == (2, True)
    monkeypatch.delenv("SRE_STORE")
    monkeypatch.setenv("SRE_SERVER", "http://127.0.0.1:9/mcp")
    remote = cli("digest", "--dry-run")
    assert (remote.code, "where the store is" in remote.err) == (2, True)


def test_the_token_can_be_in_secrets_manager(
    cli: Cli,
    store: Path,
    slack: Slack,
    workspace: Workspace,
    aws: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETSMANAGER", aws)
    monkeypatch.delenv("SRE_SLACK_BOT_TOKEN")
    monkeypatch.setenv("SRE_SLACK_SECRET_ID", "slack")
    client = boto3.client("secretsmanager")
    assert cli("digest", "--channel", CHANNEL).code == 4  # the secret does not exist
    client.create_secret(Name="slack", SecretString='{"signing_secrets": ["x"]}')
    done = cli("digest", "--channel", CHANNEL)
    assert (done.code, "has no bot_token" in done.err) == (4, True)
    for text in ("[]", "no JSON"):
        client.put_secret_value(SecretId="slack", SecretString=text)
        assert cli("digest", "--channel", CHANNEL).code == 4
    client.put_secret_value(SecretId="slack", SecretBinary=b"x")
    assert cli("digest", "--channel", CHANNEL).code == 4
    client.put_secret_value(SecretId="slack", SecretString=json.dumps({"bot_token": TOKEN}))
    assert cli("digest", "--channel", CHANNEL).code == 0
    assert first(workspace)


def test_without_charts_the_trend_is_a_picture_with_alternative_text(
    cli: Cli, store: Path, slack: Slack, workspace: Workspace
) -> None:
    workspace.newer_blocks = False
    done = cli("digest", "--channel", CHANNEL)
    assert (done.code, done.out.rstrip().endswith("picture")) == (0, True), done.err
    (file,) = workspace.files.values()
    assert file["content"].startswith(b"\x89PNG")
    assert "Critical" in file["alt_txt"]
