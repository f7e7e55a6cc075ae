"""The request handler and the worker with a server process, from command to message.

Only the delivery by Lambda is simulated.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.support.http_server import HttpServer

from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_reports.slack.limits import problems
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE
from sre_slack.job import Job
from sre_slack.request_handler import RequestHandler
from sre_slack.secrets import SecretCache
from sre_slack.worker import Worker

SECRET, MINE = "signingsecretofthechainoftests00", "111122223333"
ALL = {"accounts": ["*"], "owners": ["*"]}
CONTEXT = SimpleNamespace(aws_request_id="operation-1", get_remaining_time_in_millis=lambda: 60_000)


class NoRecords:
    """Records that store nothing."""

    def begin(self, context: Any) -> None:
        """See Records."""

    def run_once(self, job: Job, work: Callable[[], str]) -> str:
        return work()

    def count_failure(self, job: Job) -> int:
        return 1

    def within_rate(self, job: Job) -> bool:
        return True


@pytest.fixture(scope="module")
def server(
    demo_store: Path, serve_with_auth: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, str]]:
    """A server and its Slack token.

    The access scopes are one for a user (everything) and one for a channel (one account).
    """
    token, entry = create_token(
        TokenRequest("slack", ("findings:read", "claims:write"), ("*",), ("*",), 30, "slack"),
        datetime.now(UTC),
    )
    people = {"T0123456/U0123456": ALL, "T0123456/C0123456": {"accounts": [MINE], "owners": ["*"]}}
    path: Path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"tokens": [entry], "slack": people}))
    with serve_with_auth(demo_store, SRE_TOKENS=path.as_uri()) as served:
        yield served, token


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, running: Any) -> Iterator[HttpServer]:
    with running(hook := HttpServer()):
        monkeypatch.setenv("SRE_SLACK_STAND_IN", hook.address)
        yield hook


Ask = Callable[..., dict[str, Any]]


def signed(form: dict[str, str]) -> dict[str, Any]:
    body, stamp = urlencode(form), str(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }
    return {"httpMethod": "POST", "path": "/slack", "headers": headers, "body": body}


@pytest.fixture
def ask(server: tuple[Any, str], hook: HttpServer) -> Ask:
    """Runs a command and returns the message posted to Slack.

    ``ask("i-0", user="U9")``; ``press=`` presses a button.
    """
    served, token = server
    environ = {
        "SRE_SERVER": served.url,
        "SRE_TOKEN": token,
        "SRE_SLACK_SIGNING_SECRET": SECRET,
        "SRE_PUBLIC_URL": "https://sre.example",
    }
    jobs: list[Job] = []
    handler = RequestHandler(SecretCache(environ), jobs.append)
    worker = Worker(SecretCache(environ), NoRecords(), lambda _job, _token: "", environ)

    def asked(
        text: str,
        user: str = "U0123456",
        channel: str = "C0123456",
        press: Any = None,
        private: bool = True,
    ) -> dict[str, Any]:
        url, trigger = f"{hook.url}/x", f"1.{len(jobs)}.a"
        form = {"team_id": "T0123456", "user_id": user, "channel_id": channel, "text": text}
        if press:
            of = {
                "team": {"id": "T0123456"},
                "user": {"id": user, "name": f"name of {user}"},
                "channel": {"id": channel},
                "actions": [press],
                "container": {"type": "message", "is_ephemeral": private},
            }
            form = {"payload": json.dumps({**of, "trigger_id": trigger, "response_url": url})}
        assert (
            handler.answer(signed({**form, "trigger_id": trigger, "response_url": url}))[
                "statusCode"
            ]
            == 200
        )
        event = json.loads(json.dumps(jobs[-1].to_json()))
        worker.work(Job.from_json(event), CONTEXT)
        said: dict[str, Any] = hook.requests[-1].json
        assert problems(said["text"], said.get("blocks", [])) == []
        return said

    return asked


def buttons(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    elements = [
        one for block in said["blocks"] if block["type"] == "actions" for one in block["elements"]
    ]
    return {one["action_id"]: one for one in elements}


def words(said: dict[str, Any]) -> str:
    return json.dumps(said["blocks"], ensure_ascii=False)


def test_an_answer_has_counts_due_dates_fixes_and_provenance(ask: Ask) -> None:
    said = ask(BUSY_INSTANCE)
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", True)
    kinds = [block["type"] for block in said["blocks"]]
    assert "table" in kinds
    told = words(said)
    for part in (
        "open finding",
        "past SLA",
        "can be fixed by an update",
        "Snapshot `2",
        "Top remediations",
        "CVE-",
    ):
        assert part in told, part
    rows = next(block for block in said["blocks"] if block["type"] == "table")["rows"]
    assert len(rows) == 11
    assert buttons(said)["open_report"]["url"].startswith("https://sre.example/reports/2")
    assert {"next_ten", "ask_live", "share"} < {*buttons(said)}


def test_the_next_ten_findings_differ(ask: Ask) -> None:
    first = ask(BUSY_INSTANCE)
    second = ask("", press=buttons(first)["next_ten"])
    of = [
        [row[1]["text"] for row in next(b for b in said["blocks"] if b["type"] == "table")["rows"]]
        for said in (first, second)
    ]
    assert of[0][0] == of[1][0] == "Vulnerability"
    assert of[0] != of[1]


def test_clean_not_scanned_unknown_and_ambiguous_resources_differ(ask: Ask) -> None:
    assert "Inspector reports no findings" in ask(CLEAN_INSTANCE)["text"]
    blind = ask(UNMANAGED_INSTANCE)
    assert "Unknown: not scanned" in blind["text"]
    assert "Attach an SSM instance profile" in words(blind)
    assert ask("no-such-thing-here")["text"] == "No such resource: no-such-thing-here"
    two = ask("prod-api-07")["text"]
    assert two.startswith("2 resources are named 'prod-api-07': i-10d31d4287c08996f")
    assert two.endswith("Use one of these IDs.")


def test_a_malformed_id_is_answered_with_an_example(ask: Ask) -> None:
    assert "Example: i-0123456789abcdef0" in ask("i-0123456789ABCDEF0")["text"]


def test_without_a_resource_the_answer_is_a_summary_by_owner(ask: Ask) -> None:
    said = ask("")
    told = words(said)
    rows = next(block for block in said["blocks"] if block["type"] == "table")["rows"]
    assert [cell["text"] for cell in rows[0]] == ["Owner", "Critical", "High", "All", "Past SLA"]
    assert len(rows) > 3
    assert any(row[4]["text"] != "0" for row in rows[1:])
    assert "past SLA" in told


def test_access_falls_back_to_the_channel_and_then_to_nothing(ask: Ask) -> None:
    everything, channels, nothing = (
        ask(""),
        ask("", user="U9999999"),
        ask("", user="U9999999", channel="C9999999"),
    )
    totals = [said["text"].rpartition(": ")[2] for said in (everything, channels, nothing)]
    assert totals[2] == "0 open findings"
    assert len({*totals}) == 3
    hidden = ask(BUSY_INSTANCE, user="U9999999", channel="C9999999")["text"]
    assert hidden == f"No such resource: {BUSY_INSTANCE}"


def test_a_shared_answer_contains_what_the_channel_may_see(ask: Ask) -> None:
    share = buttons(ask(CLEAN_INSTANCE))["share"]
    shared = ask("", press=share)
    assert (shared["response_type"], shared["replace_original"]) == ("in_channel", False)


def test_without_access_of_the_channel_only_the_user_learns_why(ask: Ask) -> None:
    share = buttons(ask(CLEAN_INSTANCE))["share"]
    elsewhere = ask("", press=share, channel="C9999999")
    assert elsewhere["text"] == "Not shared: this channel may not see the resource"
    assert (elsewhere["response_type"], elsewhere["replace_original"]) == ("ephemeral", False)
    assert "blocks" in elsewhere
    assert CLEAN_INSTANCE not in json.dumps(elsewhere)


def test_an_answer_never_replaces_a_message_that_the_channel_sees(ask: Ask) -> None:
    shared = ask("", press=buttons(ask(BUSY_INSTANCE))["share"])
    for name in ("next_ten", "ask_live"):
        more = ask("", press=buttons(shared)[name], private=False)
        assert (more["response_type"], more["replace_original"]) == ("ephemeral", False)


def test_a_live_query_without_the_scope_is_refused(ask: Ask) -> None:
    assert "lacks the scope live:query" in ask(f"{BUSY_INSTANCE} live")["text"]


def choice(said: dict[str, Any], action: str, words: str) -> dict[str, Any]:
    """The first option of a menu whose text has these words, as Slack sends it."""
    (block,) = [
        block
        for block in said["blocks"]
        if block["type"] == "actions" and block["elements"][0]["action_id"] == action
    ]
    (menu,) = block["elements"]
    groups = menu.get("option_groups", [menu])
    every = [one for group in groups for one in group["options"]]
    option = next(one for one in every if words in one["text"]["text"])
    return {"action_id": action, "block_id": block["block_id"], "selected_option": option}


def offered(said: dict[str, Any], words: str) -> bool:
    return words in json.dumps(said["blocks"], ensure_ascii=False)


def test_a_menu_drafts_a_rule_that_accepts_a_risk(ask: Ask) -> None:
    said = ask("", press=choice(ask(BUSY_INSTANCE), "accept_risk", "CVE-"))
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
    assert "Nothing is suppressed by this message" in said["text"]
    assert f'resources: ["{BUSY_INSTANCE}"]' in said["blocks"][1]["text"]["text"]


def test_a_finding_is_taken_shown_to_others_and_given_back(ask: Ask) -> None:
    first = ask(BUSY_INSTANCE)
    assert not offered(first, "Taken by")
    take = choice(first, "take", ", for 7 days")
    said = ask("", press=take)
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
    assert said["text"].startswith("Taken: `CVE-")

    others = ask(BUSY_INSTANCE, user="U9999999")  # by the entry of the channel
    assert offered(others, "Taken by `name of U0123456` until 20")
    assert not offered(others, "give back")
    refused = ask("", press=take, user="U9999999")
    assert refused["text"].startswith("Not changed: `CVE-")
    assert "is taken by `name of U0123456` until 20" in refused["text"]

    mine = ask(BUSY_INSTANCE)
    assert ask("", press=choice(mine, "take", "give back"))["text"].startswith("Given back: ")
    assert not offered(ask(BUSY_INSTANCE), "Taken by")


def test_who_may_not_see_a_resource_can_not_take_its_findings(ask: Ask) -> None:
    take = choice(ask(BUSY_INSTANCE), "take", ", for 7 days")
    value = take["selected_option"]["value"]
    told = {
        ask("", press=take | changes, user="U9999999", channel="C9999999")["text"]
        for changes in (
            {},
            {"block_id": "take i-0123456789abcdef9"},
            {"selected_option": {"value": "7d CVE-1-1"}},
            {"selected_option": {"value": value.replace("7d", "release")}},
        )
    }
    assert len(told) == 1
    assert "no such open finding that you may see" in told.pop()
    assert not offered(ask(BUSY_INSTANCE), "Taken by")
