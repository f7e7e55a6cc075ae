"""Claims over the server: who takes a finding, with which scope, and how that is recorded."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sre_findings.client.connection import PERSON, Remote
from sre_findings.client.service import RemoteService
from sre_findings.questions.catalogue import CACHED, Claims, Take, Vulnerabilities
from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_simulator.fleet import BUSY_INSTANCE

MINE = "111122223333"
READ, WRITE, AUDIT = "findings:read", "claims:write", "operations:read"
WISHES = (
    TokenRequest("ada", (READ, WRITE, AUDIT), ("*",), ("*",), 30),
    TokenRequest("ci", (READ, WRITE), (MINE,), ("*",), 30),
    TokenRequest("reader", (READ,), ("*",), ("*",), 30),
    TokenRequest("elsewhere", (READ, WRITE), ("444455556666",), ("*",), 30),
    TokenRequest("slack", (READ, WRITE), ("*",), ("*",), 30, "slack"),
)
PEOPLE = {
    "T1/U1": {"accounts": [MINE], "owners": ["*"]},
    "T1/U2": {"accounts": ["*"], "owners": ["*"]},
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokens by name, and the URL of their document."""
    made = {wish.name: create_token(wish, datetime.now(UTC)) for wish in WISHES}
    path: Path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"tokens": [entry for _, entry in made.values()], "slack": PEOPLE}))
    return {name: token for name, (token, _) in made.items()} | {"document": path.as_uri()}


@pytest.fixture(scope="module")
def server(
    demo_store: Path,
    tokens: dict[str, str],
    serve_with_auth: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """A server with a store of its own."""
    store = tmp_path_factory.mktemp("claims") / "store"
    shutil.copytree(demo_store, store)
    with serve_with_auth(store, SRE_TOKENS=tokens["document"]) as served:
        yield served


@pytest.fixture
def service(server: Any, tokens: dict[str, str]) -> Any:
    """``service("ada")``, or ``service("slack", user="T1/U1", name="Grace")``."""

    def connected(whose: str, **person: Any) -> RemoteService:
        return RemoteService(Remote(server.url, tokens[whose], asking=person or None))

    return connected


@pytest.fixture
def cve(service: Any) -> str:
    """A vulnerability that the busy instance has."""
    found = service("ada").ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED)).findings
    return str(next(one.vulnerability_id for one in found if one.vulnerability_id))


@pytest.fixture(autouse=True)
def released(service: Any, cve: str) -> Iterator[None]:
    """The finding is given back after each test."""
    yield
    give_back = Take(BUSY_INSTANCE, cve, release=True)
    for who in ("ada", "ci"):
        service(who).ask(give_back)
    for user in ("T1/U1", "T1/U2"):
        service("slack", user=user).ask(give_back)
    assert service("ada").ask(Claims()).total == 0


def test_each_client_takes_findings_in_its_own_name(service: Any, cve: str) -> None:
    people = (
        (service("ada"), "token:ada", "ada"),
        (service("slack", user="T1/U1", name="Grace"), "slack:T1/U1", "Grace"),
        (service("slack", user="T1/U2"), "slack:T1/U2", "T1/U2"),
    )
    for mine, by, name in people:
        (one,) = mine.ask(Take(BUSY_INSTANCE, cve, "7d")).items
        assert (one["by"], one["name"]) == (by, name)
        assert mine.ask(Take(BUSY_INSTANCE, cve, release=True)).facts == {"done": True}


def test_the_name_of_a_user_decides_nothing(service: Any, cve: str) -> None:
    service("slack", user="T1/U2", name="Grace").ask(Take(BUSY_INSTANCE, cve, "7d"))
    other = service("slack", user="T1/U1", name="Grace")
    assert other.ask(Take(BUSY_INSTANCE, cve, release=True)).facts == {"done": False}
    assert [one["by"] for one in other.ask(Claims()).items] == ["slack:T1/U2"]


def refused(server: Any, token: str, **arguments: Any) -> str:
    params = {"name": "take", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    result = server.post(body, Authorization=f"Bearer {token}").json["result"]
    assert result["isError"]
    return str(result["content"][0]["text"])


def test_a_token_without_the_scope_takes_nothing(
    server: Any, tokens: dict[str, str], service: Any, cve: str
) -> None:
    wanted = {"resource_id": BUSY_INSTANCE, "vulnerability_id": cve, "until": "7d"}
    assert "lacks the scope `claims:write`" in refused(server, tokens["reader"], **wanted)
    assert service("reader").ask(Claims()).total == 0


def test_a_client_elsewhere_is_refused_as_for_what_does_not_exist(
    server: Any, tokens: dict[str, str], cve: str
) -> None:
    said = {
        refused(
            server, tokens["elsewhere"], resource_id=one, vulnerability_id=cve, until="7d"
        ).replace(one, "")
        for one in (BUSY_INSTANCE, "i-0123456789abcdef9")
    }
    assert len(said) == 1
    assert "no such open finding that you may see" in said.pop()


def test_a_claim_is_in_the_audit_log_with_the_person(
    server: Any, tokens: dict[str, str], service: Any, cve: str
) -> None:
    service("slack", user="T1/U1", name="Grace").ask(Take(BUSY_INSTANCE, cve, "6d"))
    params = {"name": "operations", "arguments": {"what": "take"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}

    def recorded() -> list[dict[str, Any]]:
        answer = server.post(body, Authorization=f"Bearer {tokens['ada']}").json["result"]
        return list(answer["structuredContent"]["operations"])

    found: list[dict[str, Any]] = []
    for _ in range(50):  # the log is written by a thread
        found = found or [one for one in recorded() if one["arguments"].get("until") == "6d"]
        time.sleep(0 if found else 0.1)
    assert found[0]["who"] == "slack for T1/U1"
    assert found[0]["arguments"] == {
        "resource_id": BUSY_INSTANCE,
        "vulnerability_id": cve,
        "until": "6d",
    }


def test_the_person_of_a_request_needs_a_name_that_is_text(
    server: Any, tokens: dict[str, str]
) -> None:
    params = {"name": "claims", "_meta": {PERSON: {"user": "T1/U1", "name": 7}}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    result = server.post(body, Authorization=f"Bearer {tokens['slack']}").json["result"]
    assert "does not name its user correctly" in result["content"][0]["text"]


def test_agents_read_who_has_the_finding_with_the_name_quoted(
    server: Any, tokens: dict[str, str], service: Any, cve: str
) -> None:
    service("slack", user="T1/U1", name="Grace <!channel>").ask(Take(BUSY_INSTANCE, cve, "7d"))
    params = {"name": "check_resource", "arguments": {"resource_id": BUSY_INSTANCE, "live": False}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    result = server.post(body, Authorization=f"Bearer {tokens['ada']}").json["result"]
    assert "Taken by `Grace <!channel>` until " in result["content"][0]["text"]
    values = result["structuredContent"]
    assert values["claims_known"] is True
    claims = [one["claim"] for one in values["findings"] if one["claim"]]
    assert [(one["by"], one["state"]) for one in claims] == [("slack:T1/U1", "live")]
    received = service("ada").ask(Vulnerabilities(BUSY_INSTANCE, source=CACHED))
    assert [one.claim for one in received.findings if one.claim] == claims
