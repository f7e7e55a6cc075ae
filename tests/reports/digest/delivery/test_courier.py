"""Each part of a digest is posted exactly once, despite concurrent runs and failures."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.dynamodb import create_table

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    SreError,
    Throttled,
    UsageError,
)
from sre_findings.nightly.digest import DigestData
from sre_findings.store.records.dynamodb import DynamoTable
from sre_findings.store.records.table import SqliteTable, Table
from sre_reports.digest.delivery.courier import (
    Courier,
    Delivery,
    Picture,
)
from sre_reports.digest.delivery.posts import (
    LEASE,
    Claim,
    Posts,
)
from sre_reports.digest.delivery.slack_api import Doubtful, open_web
from sre_reports.digest.messages.content import (
    MAIN,
    RenderedDigest,
    render_digest,
)
from sre_reports.digest.messages.report_links import Report
from sre_simulator.slack.web_api import CHANNEL, TOKEN, Fault, Slack, Workspace

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
POST = "chat.postMessage"
PARTS = ["main", "came", "changed", "fixes", "trend"]


class Clock:
    """A clock that only sleeping advances."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    if request.param == "sqlite":
        return SqliteTable(tmp_path / "table.db")
    request.getfixturevalue("aws")
    create_table("rows")
    return DynamoTable("rows")


@pytest.fixture
def found(tonight: Callable[..., DigestData]) -> RenderedDigest:
    return render_digest(tonight(), Report())


@pytest.fixture
def sqlite(tmp_path: Path) -> Table:
    return SqliteTable(tmp_path / "table.db")


@pytest.fixture
def deliver(slack: Slack, found: RenderedDigest, clock: Clock) -> Callable[..., Delivery]:
    """``deliver(table)``: delivers the digest as the command does."""

    def run(table: Table, token: str = TOKEN, channel: str = CHANNEL, **options: Any) -> Delivery:
        web = open_web(token, slack.url, clock.sleep)
        posts, nap = (
            Posts(table, f"{channel}#{found.key}", clock),
            options.pop("sleep", clock.sleep),
        )
        picture = Picture(lambda: (b"png", "the trend in words"))
        return Courier(web, posts, channel, found.key, nap, clock, **options).deliver(
            found, picture
        )

    return run


Deliver = Callable[..., Delivery]


def parts(workspace: Workspace) -> list[str]:
    return [
        one["metadata"]["event_payload"]["part"] for one in workspace.messages if "metadata" in one
    ]


def test_a_digest_is_one_message_with_a_thread(
    deliver: Deliver, workspace: Workspace, table: Table
) -> None:
    first = deliver(table)
    assert list(first.posted) == PARTS
    assert [one["ts"] for one in workspace.of()] == [first.ts]
    assert len(workspace.of(thread=first.ts)) == 4
    for _ in range(2):
        again = deliver(table)
        assert (again.ts, again.posted) == (first.ts, ())
    assert workspace.asked == [POST] * 5  # recorded parts are not searched for
    assert workspace.refused == []


def test_concurrent_runs_post_once(deliver: Deliver, workspace: Workspace, table: Table) -> None:
    gate, went = threading.Barrier(4), list[Any]()

    def run() -> None:
        gate.wait()
        try:
            went.append(deliver(table, sleep=lambda _: time.sleep(0.01)))
        except SreError as error:
            went.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(parts(workspace)) == Counter(PARTS)
    assert {one.ts for one in went} == {workspace.of()[0]["ts"]}


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_lost_response_leads_to_exactly_one_post(
    deliver: Deliver, workspace: Workspace, sqlite: Table, taken: bool, place: int
) -> None:
    lost = Fault(taken=taken, status=502)
    event_counts = Counter[str]()

    def before(method: str) -> None:
        event_counts[method] += 1
        if method == POST and event_counts[POST] == place:
            workspace.will_fail(POST, lost)

    workspace.before = before
    if place == 0:
        workspace.will_fail(POST, lost)
    deliver(sqlite)
    assert parts(workspace) == PARTS
    assert deliver(sqlite).posted == ()


def test_a_run_killed_after_the_post_has_posted(
    deliver: Deliver, workspace: Workspace, sqlite: Table, clock: Clock
) -> None:
    deliver(sqlite)
    with sqlite._open(write=True) as rows:  # type: ignore[attr-defined]  # the killed run did not record the post
        rows.execute("delete from rows where sort like '%#sent'")
    said: list[str] = []
    again = deliver(sqlite, notify=said.append)
    assert (again.posted, len(workspace.messages)) == ((), 5)
    assert "another run started posting" in said[0]
    assert clock.now < NOW + LEASE  # for a part that was posted there is no wait


def test_a_run_killed_before_the_post_has_not_posted(
    deliver: Deliver, workspace: Workspace, sqlite: Table, clock: Clock, found: RenderedDigest
) -> None:
    claim = Posts(sqlite, f"{CHANNEL}#{found.key}", clock).claim(MAIN)
    assert isinstance(claim, Claim)
    assert list(deliver(sqlite).posted) == PARTS
    assert clock.now >= NOW + LEASE
    assert len(workspace.messages) == 5


def test_a_part_is_not_reposted_to_an_unreadable_channel(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.scopes.remove("channels:history")
    workspace.will_fail(POST, Fault(taken=True))
    for _ in range(2):
        with pytest.raises(
            AccessDenied,
            match=r"may have posted the digest of 20261122T010000Z.*channels:history.*--again",
        ):
            deliver(sqlite)
    assert parts(workspace) == ["main"]


def test_a_part_is_not_reposted_if_the_search_is_incomplete(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.page = 1
    for n in range(20):
        workspace.messages.append(
            {"ts": f"{n}.1", "channel": CHANNEL, "thread_ts": None, "text": "x", "blocks": []}
        )
    workspace.will_fail(POST, Fault(status=500))
    with pytest.raises(AccessDenied, match="too many messages"):
        deliver(sqlite)
    assert parts(workspace) == []


def test_an_earlier_post_is_found_beyond_the_first_page(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.page = 2
    workspace.will_fail(POST, Fault(taken=True))
    workspace.before = lambda method: workspace.messages.extend(
        {"ts": f"{n}.1", "channel": CHANNEL, "thread_ts": None, "text": "x", "blocks": []}
        for n in range(5)
        if method == POST
    )
    deliver(sqlite)
    assert parts(workspace) == PARTS


def test_a_rate_limit_is_waited_for(
    deliver: Deliver, workspace: Workspace, sqlite: Table, clock: Clock
) -> None:
    workspace.will_fail(
        POST,
        Fault("ratelimited", 429, "7"),
        Fault("ratelimited", 429),
        Fault("ratelimited", 429, "soon"),
    )
    deliver(sqlite)
    assert clock.slept == [7.0, 1.0, 1.0]
    assert parts(workspace) == PARTS


def test_waiting_for_slack_ends_and_the_next_run_posts(
    deliver: Deliver, workspace: Workspace, sqlite: Table, clock: Clock
) -> None:
    workspace.will_fail(POST, Fault("ratelimited", 429, "60"), Fault("ratelimited", 429, "60"))
    with pytest.raises(Throttled, match="60 more seconds"):
        deliver(sqlite)
    assert clock.slept == [60.0]
    deliver(sqlite)
    assert parts(workspace) == PARTS


def test_a_workspace_without_newer_blocks_gets_lines_and_a_picture(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.newer_blocks = False
    first = deliver(sqlite)
    assert list(first.posted) == [*PARTS, "picture"]
    assert len(workspace.refused) == 1  # the thread's messages are not retried
    (file,) = workspace.files.values()
    assert (file["content"], file["alt_txt"]) == (b"png", "the trend in words")
    assert workspace.of(thread=first.ts)[-1]["files"][0]["name"] == "inspector-20261122T010000Z.png"
    assert deliver(sqlite).posted == ()
    assert len(workspace.messages) == 6


def test_a_picture_is_not_uploaded_twice_after_a_lost_response(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.newer_blocks = False
    workspace.will_fail("files.completeUploadExternal", Fault(taken=True))
    deliver(sqlite)
    assert len([one for one in workspace.messages if one.get("files")]) == 1


def test_a_resumed_thread_keeps_using_classic_blocks(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.newer_blocks = False
    workspace.before = lambda _: (
        workspace.will_fail(POST, Fault("not_in_channel")) if len(workspace.messages) == 2 else None
    )
    with pytest.raises(Rejected):
        deliver(sqlite)
    workspace.before = lambda _: None
    deliver(sqlite)
    assert len(workspace.refused) == 1
    assert [one for one in workspace.messages if one.get("files")]


@pytest.mark.parametrize(
    ("word", "kind", "do"),
    [
        ("invalid_auth", CredentialsInvalid, "SRE_SLACK_BOT_TOKEN"),
        ("missing_scope", AccessDenied, "chat:write"),
        ("channel_not_found", Rejected, "Invite the app"),
        ("is_archived", Rejected, "Invite the app"),
        ("something_new", Rejected, "something_new"),
    ],
)
def test_an_error_of_slack_has_a_remedy_and_the_next_run_retries(
    deliver: Deliver, workspace: Workspace, sqlite: Table, word: str, kind: type[SreError], do: str
) -> None:
    workspace.will_fail(POST, Fault(word))
    with pytest.raises(kind, match=do):
        deliver(sqlite)
    deliver(sqlite)
    assert parts(workspace) == PARTS
    assert "conversations.history" not in workspace.asked  # nothing was uncertain


def test_a_failing_slack_is_given_up_and_checked_by_the_next_run(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.will_fail(POST, *[Fault("internal_error")] * 3)
    with pytest.raises(Doubtful, match="Posted parts are not posted twice"):
        deliver(sqlite)
    deliver(sqlite)
    assert parts(workspace) == PARTS


def test_blocks_rejected_in_both_forms_are_an_error(
    deliver: Deliver, workspace: Workspace, sqlite: Table
) -> None:
    workspace.check = lambda _text, _blocks: ["no"]
    with pytest.raises(Rejected, match="invalid_blocks"):
        deliver(sqlite)


def test_a_wrong_token_and_an_unreachable_slack(
    deliver: Deliver, sqlite: Table, slack: Slack, clock: Clock, found: RenderedDigest
) -> None:
    with pytest.raises(CredentialsInvalid, match="invalid_auth") as told_:
        deliver(sqlite, token="xoxb-secret")
    assert "xoxb" not in str(told_.value)
    web = open_web(TOKEN, "http://127.0.0.1:9/api/", clock.sleep)
    with pytest.raises(Doubtful, match=r"did not respond.*slack\.com"):
        Courier(web, Posts(sqlite, "x", clock), CHANNEL, found.key, clock.sleep, clock).deliver(
            found
        )


@pytest.mark.parametrize(
    "url", ["http://slack.com/api/", "https://slack.com.evil.example/", "https://evil.example/", "file:///etc/passwd", "https://[",
            "http://169.254.169.254/", "https://me@slack.com/api/", "https://notslack.com/"]
)  # fmt: skip
def test_the_token_is_sent_only_to_slack_or_this_machine(url: str) -> None:
    with pytest.raises(UsageError, match="SRE_SLACK_API_URL"):
        open_web(TOKEN, url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://slack.com/api/",
        "https://slack-gov.com/api/",
        "http://localhost:1/",
        "http://[::1]:1/",
    ],
)
def test_slack_and_this_machine_are_taken(url: str) -> None:
    open_web(TOKEN, url)
