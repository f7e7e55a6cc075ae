"""The data that the SDK gets about a token, and the secrets that it does not; also over HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from tests.support.sources import folder_sources

from sre_findings.model.access import NOTHING, Access
from sre_findings.model.errors import AccessDenied, UsageError
from sre_findings.model.resources.resource import Resource
from sre_findings.questions.catalogue import Vulnerabilities
from sre_mcp.auth.bearer import FINDINGS, LIVE, Bearer
from sre_mcp.auth.chat_user import ChatUser
from sre_mcp.auth.documents import FileDocument
from sre_mcp.auth.guard import open_verifier
from sre_mcp.auth.rotation import STALE, Rotating
from sre_mcp.auth.verifier import LONGEST, Unavailable, Verifier, bearer_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE = "https://mcp.example/mcp"
Make = Callable[..., dict[str, Any]]
Token = Callable[[str], str]
SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def verified(verifier: Verifier, token: str) -> AccessToken | None:
    return anyio.run(verifier.verify_token, token)


@pytest.fixture
def verifier(document: Callable[..., Path], make_entry: Make) -> Verifier:
    path = document(
        make_entry(expires=SOON),
        make_entry("slackbot", acts_for="slack", accounts=["*"], owners=["*"], expires=SOON),
        make_entry("useless", scopes=[], expires=SOON),
        slack={"T1/U1": {"accounts": ["111122223333"], "owners": ["*"]}},
    )
    found = open_verifier(path.as_uri(), "", HERE)
    assert found
    return found


def test_the_sdk_gets_the_holder_and_scopes_of_a_token(
    verifier: Verifier, make_token: Token
) -> None:
    found = verified(verifier, make_token("ci"))
    assert found
    assert (found.client_id, found.scopes, found.resource, found.subject) == (
        "ci",
        [FINDINGS],
        HERE,
        "ci",
    )
    assert bearer_of(found) == Bearer(
        "ci", frozenset({FINDINGS}), Access(frozenset({"111122223333"}), frozenset({"payments"}))
    )


def test_no_repr_and_no_log_contains_a_token(
    verifier: Verifier, make_token: Token, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = verified(verifier, make_token("ci"))
        verified(verifier, make_token("nobody"))
    for token in (make_token("ci"), make_token("nobody")):
        assert token not in caplog.text
        assert token not in repr(found)
        assert token not in repr(verifier)


@pytest.mark.parametrize(
    "token",
    ["", "x", "Bearer", "a.b.c", "a.b", "." * 2, "sre_", "\ud800", "x" * (LONGEST + 1), "é" * 43],
)
def test_text_that_is_not_a_token_is_rejected(verifier: Verifier, token: str) -> None:
    assert verified(verifier, token) is None


def test_a_token_is_rejected_from_the_second_of_its_expiry(
    document: Callable[..., Path], make_entry: Make, make_token: Token
) -> None:
    opened = open_verifier(document(make_entry(expires=NOW.isoformat())).as_uri(), "", None)
    assert opened
    rotating = opened._tokens
    before = Verifier(rotating, None, None, lambda: NOW - timedelta(seconds=1))
    after = Verifier(rotating, None, None, lambda: NOW)
    assert verified(before, make_token("ci"))
    assert verified(after, make_token("ci")) is None


def test_a_document_that_is_lost_is_unavailable_and_not_a_wrong_token(
    document: Callable[..., Path], make_entry: Make, make_token: Token
) -> None:
    path, now = document(make_entry(expires=SOON)), [1000.0]
    rotating = Rotating(FileDocument(path), lambda: now[0])
    rotating.open()
    verifier = Verifier(rotating, None)
    path.unlink()
    assert verified(verifier, make_token("ci"))
    now[0] += STALE
    with pytest.raises(Unavailable):
        verified(verifier, make_token("ci"))
    assert verified(verifier, "x") is None


def test_an_issuer_and_a_document_can_be_combined(
    document: Callable[..., Path], make_entry: Make, make_token: Token, issuer: Any
) -> None:
    values = {
        "issuer": "https://issuer.example",
        "audience": HERE,
        "jwks_url": issuer.url,
        "grants": [
            {
                "claim": "groups",
                "value": "sre",
                "scopes": [FINDINGS],
                "accounts": ["*"],
                "owners": ["*"],
            }
        ],
    }
    tokens = document(make_entry(expires=SOON))
    path = tokens.with_name("oidc.json")
    path.touch(mode=0o600)
    path.write_text(json.dumps(values))
    verifier = open_verifier(tokens.as_uri(), path.as_uri(), HERE)
    assert verifier
    assert verified(verifier, make_token("ci"))
    found = verified(verifier, issuer.sign())
    assert found
    assert (found.client_id, found.subject, found.resource) == ("ann", "ann", HERE)
    assert (found.claims or {})["iss"] == "https://issuer.example"
    assert found.expires_at
    issuer.status = 500
    alone = open_verifier("", path.as_uri(), HERE)
    assert alone
    with pytest.raises(Unavailable):
        verified(alone, issuer.sign())
    assert verified(alone, make_token("ci")) is None
    with pytest.raises(UsageError, match="have another audience"):
        open_verifier("", path.as_uri(), "https://other.example/mcp")


def test_missing_settings_give_no_verifier_and_wrong_ones_an_error(tmp_path: Path) -> None:
    assert open_verifier("", "", HERE) is None
    with pytest.raises(AccessDenied, match="No such file"):
        open_verifier((tmp_path / "nothing").as_uri(), "", HERE)


def test_a_token_that_acts_for_users_sees_nothing_without_one(
    verifier: Verifier, make_token: Token, tmp_path: Path
) -> None:
    bot = verified(verifier, make_token("slackbot"))
    assert bot
    sources = folder_sources(tmp_path, tmp_path)
    with pytest.raises(AccessDenied, match="acts for slack users, but the request names none"):
        anyio.run(verifier.acting_for, bot, None).sources(sources)
    known, stranger = (
        anyio.run(verifier.acting_for, bot, person)
        for person in (ChatUser("T1/U1"), ChatUser("T1/U2"))
    )
    assert known.sources(sources).caller.access == Access(
        frozenset({"111122223333"}), frozenset({"*"})
    )
    assert stranger.sources(sources).caller.access == NOTHING
    ci = verified(verifier, make_token("ci"))
    assert ci
    with pytest.raises(AccessDenied, match="does not act for users"):
        anyio.run(verifier.acting_for, ci, ChatUser("T1/U1"))


def never_called(*_: object) -> Any:
    raise AssertionError


def test_aws_is_queried_only_with_the_live_scope(tmp_path: Path) -> None:
    sources = folder_sources(tmp_path, tmp_path, live=never_called)
    everything = Access(frozenset({"*"}), frozenset({"*"}))
    reader = Bearer("r", frozenset({FINDINGS}), everything).sources(sources)
    assert reader.live.inspector
    with pytest.raises(AccessDenied, match="this token lacks the scope live:query"):
        reader.live.inspector(Vulnerabilities("i-00000000"), None, everything, None)
    assert reader.live.context
    assert (
        "live:query"
        in reader.live.context(Vulnerabilities("x"), Resource("x", "", "", "")).notes[0]
    )
    assert Bearer("r", frozenset({LIVE}), everything).sources(sources).live is sources.live


def test_a_missing_scope_is_an_error_that_names_it() -> None:
    bearer = Bearer("r", frozenset({FINDINGS}), NOTHING)
    bearer.need(FINDINGS)
    with pytest.raises(AccessDenied, match="this token lacks the scope operations:read"):
        bearer.need("operations:read")


async def _asked(verifier: Verifier, headers: list[dict[str, str]]) -> list[tuple[int, str, str]]:
    """Status, challenge and body of a tool call for each of the headers.

    The calls go through the SDK's middleware.
    """
    settings = AuthSettings(
        issuer_url=AnyHttpUrl("https://issuer.example"),
        resource_server_url=AnyHttpUrl(HERE),
        required_scopes=[FINDINGS],
        validate_token_resource=True,
    )
    server = MCPServer("test", auth=settings, token_verifier=verifier, log_level="ERROR")

    @server.tool()
    def who() -> str:
        token = get_access_token()
        return bearer_of(token).name if token else "nobody"

    app = server.streamable_http_app(stateless_http=True, json_response=True)
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "who", "arguments": {}},
    }
    async with (
        server.session_manager.run(),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1"
        ) as client,
    ):
        answers = [
            await client.post(
                "/mcp",
                json=call,
                headers={
                    "Host": "127.0.0.1:80",
                    "Accept": "application/json, text/event-stream",
                    **one,
                },
            )
            for one in headers
        ]
    return [(one.status_code, one.headers.get("www-authenticate", ""), one.text) for one in answers]


def test_over_http_a_wrong_token_is_401_and_a_missing_scope_403(
    verifier: Verifier, make_token: Token
) -> None:
    tokens = [make_token("ci"), make_token("nobody"), make_token("useless")]
    good, wrong, useless, none = anyio.run(
        _asked, verifier, [*({"Authorization": f"Bearer {token}"} for token in tokens), {}]
    )  # fmt: skip
    assert good[0] == 200
    assert '"ci"' in good[2]
    assert (wrong[0], none[0]) == (401, 401)
    assert wrong[1:] == none[1:]
    assert useless[0] == 403
    assert FINDINGS in useless[2]
    for answer in (good, wrong, useless):
        assert not any(token in part for token in tokens for part in answer[1:])
