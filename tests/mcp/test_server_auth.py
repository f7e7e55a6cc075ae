"""Clients without a token get nothing; others get what their token allows.

Covers tools, resources and completion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sre_cli.main import main
from sre_findings.client.connection import PERSON
from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_mcp.tools.registry import TOOLS
from sre_simulator.fleet import BUSY_INSTANCE

MINE, THEIRS = "111122223333", "i-1"
READ, LIVE, OPERATIONS = "findings:read", "live:query", "operations:read"
WISHES = (
    TokenRequest("all", (READ, LIVE, OPERATIONS), ("*",), ("*",), 30),
    TokenRequest("one", (READ,), (MINE,), ("*",), 30),
    TokenRequest("none", (READ,), (), (), 30),
    TokenRequest("blind", (OPERATIONS,), ("*",), ("*",), 30),
    TokenRequest("late", (READ,), ("*",), ("*",), -1),
    TokenRequest("slack", (READ,), ("*",), ("*",), 30, "slack"),
)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokens by name, and the URL of their document."""
    made = {wish.name: create_token(wish, datetime.now(UTC)) for wish in WISHES}
    path: Path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    path.touch(mode=0o600)
    people = {"T1/U1": {"accounts": [MINE], "owners": ["*"]}}
    path.write_text(json.dumps({"tokens": [entry for _, entry in made.values()], "slack": people}))
    return {name: token for name, (token, _) in made.items()} | {"document": path.as_uri()}


@pytest.fixture(scope="module")
def server(demo_store: Path, tokens: dict[str, str], serve_with_auth: Any) -> Iterator[Any]:
    """A server that requires a token."""
    with serve_with_auth(demo_store, SRE_TOKENS=tokens["document"], SRE_LOG="json") as served:
        yield served


def asked(method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@pytest.fixture
def call(server: Any, tokens: dict[str, str]) -> Any:
    """``call("one", "summarize", by="owner")``: a tool's result for a token."""

    def post(
        whose: str, tool: str, person: str | dict[str, Any] | None = None, **arguments: Any
    ) -> Any:
        params = {"name": tool, "arguments": arguments} | (
            {"_meta": {PERSON: person}} if person else {}
        )
        answer = server.post(asked("tools/call", params), Authorization=f"Bearer {tokens[whose]}")
        assert answer.status == 200, answer.body
        return answer.json["result"]

    return post


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer sre_x", "Basic abc", "late"])
def test_requests_without_a_token_are_refused(
    server: Any, tokens: dict[str, str], header: str | None
) -> None:
    headers = (
        {}
        if header is None
        else {"Authorization": f"Bearer {tokens[header]}" if header == "late" else header}
    )
    for message in (
        asked("tools/list", {}),
        asked("tools/call", {"name": "summarize", "arguments": {}}),
        b"not json",
    ):
        answer = server.post(message, **headers)
        assert answer.status == 401
        assert b"findings" not in answer.body
    assert server.request("GET", "/healthz").status == 200


def test_remote_readiness_details_need_the_findings_scope(
    server: Any, tokens: dict[str, str]
) -> None:
    far = {"X_Forwarded_For": "203.0.113.7"}
    for token, told in ((None, False), ("late", False), ("blind", False), ("one", True)):
        header = {"Authorization": f"Bearer {tokens[token]}"} if token else {}
        answer = server.request("GET", "/readyz", **far, **header)
        assert (answer.status, answer.json["ready"], "snapshot_id" in answer.json) == (
            200,
            True,
            told,
        )


def test_a_token_without_the_scope_is_forbidden(
    server: Any, tokens: dict[str, str], call: Any
) -> None:
    answer = server.post(asked("tools/list", {}), Authorization=f"Bearer {tokens['blind']}")
    assert (answer.status, b"insufficient_scope" in answer.body) == (403, True)
    told = call("one", "operations")
    assert told["isError"]
    assert "lacks the scope `operations:read`" in told["content"][0]["text"]
    live = call("one", "check_resource", resource_id=BUSY_INSTANCE, live=True)
    assert live["isError"]
    assert "lacks the scope `live:query`" in live["content"][0]["text"]


def test_a_token_sees_only_its_accounts_in_every_tool(call: Any) -> None:
    everywhere = call("all", "summarize", by="account")["structuredContent"]
    mine = call("one", "summarize", by="account")["structuredContent"]
    assert [one["value"] for one in mine["groups"]] == [MINE]
    assert mine["counts"] == next(
        one["counts"] for one in everywhere["groups"] if one["value"] == MINE
    )
    others = [one["value"] for one in everywhere["groups"] if one["value"] != MINE]
    assert others
    needed = {
        "get_finding": {"resource_id": BUSY_INSTANCE, "vulnerability_id": "CVE-2022-25235"},
        "where_vulnerable": {"text": "openssl"},
        "check_resource": {"resource_id": BUSY_INSTANCE},
    }
    for tool in set(TOOLS) - {"operations"}:
        said = json.dumps(call("one", tool, **needed.get(tool, {})))
        assert not [other for other in others if other in said], tool


def test_forbidden_and_missing_resources_have_the_same_answer(call: Any) -> None:
    accounts = call("all", "list_findings", count=400, token_budget=50_000)["structuredContent"][
        "findings"
    ]
    theirs = next(one["resource_id"] for one in accounts if one["account_id"] != MINE)
    forbidden = call("one", "check_resource", resource_id=theirs)
    nowhere = call("one", "check_resource", resource_id="i-0000000000000dead")
    assert forbidden["structuredContent"]["reason"] == "no_such_resource"
    plain = (
        json.dumps(forbidden).replace(theirs, "ID"),
        json.dumps(nowhere).replace("i-0000000000000dead", "ID"),
    )
    near = [json.loads(one)["structuredContent"].pop("explanation") for one in plain]
    assert theirs not in near[0]
    ages = [
        json.loads(one)["structuredContent"] | {"explanation": "", "age_seconds": 0}
        for one in plain
    ]
    assert ages[0] == ages[1]


def test_a_client_without_access_never_gets_the_verdict_clean(call: Any) -> None:
    values = call("none", "summarize")["structuredContent"]
    assert (values["verdict"], values["reason"], values["counts"]["total"]) == (
        "unknown",
        "not_scanned",
        0,
    )
    assert values["explanation"] == "Inspector scans no resources in this scope"


def test_a_token_that_acts_for_users_has_only_their_access(call: Any) -> None:
    alone = call("slack", "summarize")
    assert alone["isError"]
    assert "the request names none" in alone["content"][0]["text"]
    mine = call("slack", "summarize", person="T1/U1", by="account")["structuredContent"]
    assert [one["value"] for one in mine["groups"]] == [MINE]
    stranger = call("slack", "summarize", person="T1/U2", by="account")["structuredContent"]
    assert stranger["groups"] == []
    same = call("slack", "summarize", person={"user": "T1/U1", "channel": "T1/C1"}, by="account")[
        "structuredContent"
    ]
    assert same["groups"] == mine["groups"]
    shared = {"user": "T1/U1", "channel": "T1/C1", "shared": True}
    assert (
        call("slack", "summarize", person=shared, by="account")["structuredContent"]["groups"] == []
    )
    assert call("slack", "summarize", person={"users": "T1/U1"})["isError"]
    assert call("one", "summarize", person="T1/U1")["isError"], (
        "who acts for nobody may not name anybody"
    )


def test_resources_and_completions_are_limited_to_the_client(
    server: Any, tokens: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {tokens['one']}"}
    read = server.post(asked("resources/read", {"uri": "sre://snapshots/latest"}), **headers).json[
        "result"
    ]
    text = read["contents"][0]["text"]
    ref = {"type": "ref/prompt", "name": "triage-instance"}
    offered = server.post(
        asked(
            "completion/complete", {"ref": ref, "argument": {"name": "resource", "value": "prod"}}
        ),
        **headers,
    )
    accounts = {"444455556666", "777788889999"}
    assert not [one for one in accounts if one in text]
    assert offered.status == 200


def test_every_call_is_recorded_without_its_token(
    server: Any,
    call: Any,
    tokens: dict[str, str],
    demo_store: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: Any,
) -> None:
    def ask(number: str, whose: str, tool: str, **arguments: Any) -> Any:
        params = asked("tools/call", {"name": tool, "arguments": arguments})
        return server.post(
            params, Authorization=f"Bearer {tokens[whose]}", X_Request_Id=f"from-the-alb.{number}"
        )

    ask("1", "one", "where_vulnerable", text="openssl", owners=["payments"])
    ask("2", "one", "where_vulnerable", text="")
    ask("3", "one", "operations")
    assert ask("4", "all", "coverage").headers["x-request-id"] == "from-the-alb.4"
    monkeypatch.setenv("SRE_STORE", str(demo_store))
    found, told = dict[str, Any](), dict[str, Any]()
    # a background thread records calls, including those of other tests
    for _ in range(1000):
        capfd.readouterr()
        with pytest.raises(SystemExit):
            main(["operations", "-n", "0", "--output", "json"])
        told = json.loads(capfd.readouterr().out)
        found = {
            one["id"]: one for one in told["operations"] if one["id"].startswith("from-the-alb.")
        }
        if len(found) == 4:
            break
    where, empty, denied, coverage = (found[f"from-the-alb.{number}"] for number in "1234")
    assert (where["who"], where["what"], where["outcome"]) == (
        "one",
        "where_vulnerable",
        "answered",
    )
    assert (where["arguments"], where["source"]) == (
        {"text": "openssl", "owners": ["payments"]},
        "snapshot",
    )
    assert where["rows"] > 0
    assert (empty["what"], empty["outcome"], empty["arguments"]) == (
        "where_vulnerable",
        "usage",
        {},
    )
    assert (denied["who"], denied["what"], denied["outcome"]) == (
        "one",
        "operations",
        "access_denied",
    )
    assert (coverage["who"], coverage["what"], coverage["outcome"]) == (
        "all",
        "coverage",
        "answered",
    )
    through = call("all", "operations", who="one", days=1)["structuredContent"]
    assert {one["who"] for one in through["operations"]} == {"one"}
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    counted = next(one for one in lines if one.get("request_id") == "from-the-alb.4")
    assert (counted["Tool"], counted["Calls"], counted["Failures"], counted["who"]) == (
        "coverage",
        1,
        0,
        "all",
    )
    assert counted["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "SreOperationsAssistant"
    everything = "".join(server.log) + json.dumps(told)
    assert not [
        name for name, token in tokens.items() if name != "document" and token[8:] in everything
    ]


def test_reads_of_resources_and_completions_are_recorded(
    server: Any, call: Any, tokens: dict[str, str]
) -> None:
    ref = {"type": "ref/prompt", "name": "plan-patching"}
    argument = {"name": "owner", "value": "pay"}
    uri = "sre://snapshots/latest"
    for whose in ("one", "slack"):
        for method, params in (
            ("resources/read", {"uri": uri}),
            ("completion/complete", {"ref": ref, "argument": argument}),
        ):
            server.post(asked(method, params), Authorization=f"Bearer {tokens[whose]}")
    wanted = {
        ("one", "resource", "answered", json.dumps({"uri": uri})),
        ("one", "completion", "answered", json.dumps({"of": "owner", "text": "pay"})),
        ("", "resource", "access_denied", "{}"),
        ("", "completion", "access_denied", "{}"),
    }
    found = set[tuple[str, ...]]()
    while not wanted <= found:
        told = call("all", "operations", days=1, count=200)["structuredContent"]["operations"]
        found = {
            (one["who"], one["what"], one["outcome"], json.dumps(one["arguments"])) for one in told
        }


def test_a_server_without_tokens_does_not_start(
    demo_store: Path, monkeypatch: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SRE_STORE", str(demo_store))
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "0"])
    assert ended.value.code == 2
    assert "no tokens are configured" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("whose", "state"), [("one", "ok"), ("late", "failed"), ("blind", "failed"), ("", None)]
)
def test_doctor_checks_whether_the_server_accepts_the_token(
    server: Any,
    tokens: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    whose: str,
    state: str | None,
) -> None:
    monkeypatch.setenv("SRE_SERVER", f"http://127.0.0.1:{server.port}/mcp")
    monkeypatch.setenv("SRE_TOKEN", tokens.get(whose, ""))
    with pytest.raises(SystemExit):
        main(["doctor", "--output", "json"])
    printed = capsys.readouterr().out
    states = {one["what"]: one["state"] for one in json.loads(printed)["checks"]}
    assert (states["server"], states.get("token")) == ("ok", state)
    assert "sre_" not in printed
