"""Published reports are only for clients with access to all their content.

Any other request is not found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_reports.publishing.report_files import TYPES, slug

MINE, THEIRS, NIGHT = "111122223333", "444455556666", "2026-11-22"
ODD = "Team Ä/../b"  # a tag may hold anything
WISHES = (
    TokenRequest("all", ("findings:read", "operations:read"), ("*",), ("*",), 30),
    TokenRequest("account", ("findings:read",), (MINE,), ("*",), 30),
    TokenRequest("owner", ("findings:read",), ("*",), ("payments", ODD), 30),
    TokenRequest("both", ("findings:read",), (MINE,), ("payments",), 30),
    TokenRequest("slack", ("findings:read",), ("*",), ("*",), 30, "slack"),
)
PAGES = {
    "": {"all"},
    f"{NIGHT}/": {"all"},
    f"{NIGHT}/owner/payments/": {"all", "owner"},
    f"{NIGHT}/owner/{slug(ODD)}/": {"all", "owner"},
    f"{NIGHT}/owner/search/": {"all"},
    f"{NIGHT}/account/{MINE}/": {"all", "account"},
    f"{NIGHT}/account/{THEIRS}/": {"all"},
}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = {wish.name: create_token(wish, datetime.now(UTC)) for wish in WISHES}
    path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"tokens": [entry for _, entry in made.values()]}))
    return {name: token for name, (token, _) in made.items()} | {"document": path.as_uri()}


@pytest.fixture(scope="module")
def server(
    scan_into: Any, make_finding: Any, tokens: dict[str, str], serve_with_auth: Any
) -> Iterator[Any]:
    store: Path = scan_into([make_finding(1)])
    for page in PAGES:
        folder = store / "reports" / page
        folder.mkdir(parents=True, exist_ok=True)
        for name in TYPES if page else ("index.html", "findings.csv"):
            (folder / name).write_text(f"{name} of {page}")
    (store / "reports" / NIGHT / "secret.txt").write_text("secret")
    (store / "reports" / "notes").mkdir()
    (store / "reports" / "notes" / "index.html").write_text("secret")
    with serve_with_auth(store, SRE_TOKENS=tokens["document"]) as served:
        yield served


@pytest.fixture
def get(server: Any, tokens: dict[str, str]) -> Any:
    """``get("owner", "2026-11-22/")``: requests a file with a token."""

    def fetch(whose: str, path: str, method: str = "GET", **headers: str) -> Any:
        return server.request(
            method, f"/reports/{path}", Authorization=f"Bearer {tokens[whose]}", **headers
        )

    return fetch


def alike(answer: Any) -> tuple[Any, ...]:
    return answer.status, answer.body, {**answer.headers, "x-request-id": "", "date": ""}


@pytest.mark.parametrize("page", PAGES)
def test_a_report_needs_access_to_all_its_content(get: Any, page: str) -> None:
    nothing = alike(get("all", "2001-01-01/"))
    assert (nothing[0], json.loads(nothing[1])) == (404, {"error": "not found"})
    names = ["", *TYPES] if page else ["", "index.html"]
    for whose in (wish.name for wish in WISHES):
        for name in names:
            answer = get(whose, page + name)
            if whose in PAGES[page]:
                assert (answer.status, answer.body.decode()) == (
                    200,
                    f"{name or 'index.html'} of {page}",
                )
            else:
                assert alike(answer) == nothing, (whose, page + name)


def test_pages_are_displayed_files_saved_and_neither_cached(get: Any) -> None:
    page, file = get("all", f"{NIGHT}/"), get("all", f"{NIGHT}/owner/payments/findings.csv")
    for answer, kind in (
        (page, "text/html; charset=utf-8"),
        (file, "text/csv; charset=utf-8; header=present"),
    ):
        told = ("content-type", "cache-control", "x-content-type-options", "referrer-policy")
        assert [answer.headers[one] for one in told] == [kind, "no-store", "nosniff", "no-referrer"]
    assert page.headers["content-security-policy"].startswith(POLICY)
    assert page.headers["content-disposition"] == 'inline; filename="2026-11-22-index.html"'
    assert (
        file.headers["content-disposition"]
        == 'attachment; filename="2026-11-22-owner-payments-findings.csv"'
    )
    assert file.headers["content-security-policy"] == "default-src 'none'; sandbox"
    head = get("all", f"{NIGHT}/", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (
        200,
        b"",
        page.headers["content-length"],
    )
    part = get("all", f"{NIGHT}/findings.parquet", Range="bytes=0-3")
    assert (part.status, part.body) == (206, b"find")


@pytest.mark.parametrize("path", [
    f"{NIGHT}/secret.txt", "notes/", "notes/index.html", "findings.csv", "../commits/1.json", "..%2fcommits/",
    f"{NIGHT}/../../table.db", f"{NIGHT}/%2e%2e/index.html", f"{NIGHT}/owner/..%2f..%2f/index.html", f"{NIGHT}/owner/../",
    f"{NIGHT}/owner/%00/", f"{NIGHT}//", f"/{NIGHT}/", f"{NIGHT}/owner/", f"{NIGHT}/other/payments/", f"{NIGHT}/account/1/",
    f"{NIGHT}/account/{MINE}/x/", "2026-11-31/", "20261122/", f"{NIGHT}/INDEX.HTML", f"{NIGHT}/owner/payments/owner/payments/",
])  # fmt: skip
def test_an_invalid_path_is_not_found(get: Any, path: str) -> None:
    assert alike(get("all", path)) == alike(get("all", "2001-01-01/"))


@pytest.mark.parametrize("path", [f"{NIGHT}%0a/", f"{NIGHT}/owner/payments%0d%0aX:y", "%0d%0aX:y/"])
def test_a_line_break_in_a_path_is_not_found(get: Any, path: str) -> None:
    answer = get("all", path)
    assert (answer.status, answer.headers.get("location")) == (404, None)


def test_a_folder_without_a_slash_redirects(get: Any) -> None:
    for path in (NIGHT, f"{NIGHT}/owner/payments", "1999-01-01"):
        answer = get("both", path)
        assert (answer.status, answer.headers["location"]) == (
            307,
            f"/reports/{path}/",
        ), "whether it is there or not"


def test_reports_are_authenticated_like_tools(server: Any, get: Any) -> None:
    assert (
        server.request("GET", f"/reports/{NIGHT}/").status
        == server.request("GET", "/reports/2001-01-01/").status
        == 401
    )
    assert get("all", "", Host="evil.example").status == 421
    assert get("all", "", Origin="https://evil.example").status == 403
    assert get("all", f"{NIGHT}/", "POST").status == 405


def test_every_page_view_is_recorded(server: Any, get: Any, tokens: dict[str, str]) -> None:
    get("owner", f"{NIGHT}/owner/payments/")
    get("owner", f"{NIGHT}/account/{MINE}/summary.json")
    wanted = {
        ("owner", "answered", f"reports/{NIGHT}/owner/payments/index.html"),
        ("owner", "not_found", f"reports/{NIGHT}/account/{MINE}/summary.json"),
    }
    found = set[tuple[str, ...]]()
    while not wanted <= found:
        asked = {"name": "operations", "arguments": {"what": "report", "who": "owner"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
        told = server.post(message, Authorization=f"Bearer {tokens['all']}").json["result"][
            "structuredContent"
        ]["operations"]
        found = {(one["who"], one["outcome"], one["arguments"].get("file", "")) for one in told}


def test_an_unreadable_store_is_503_not_404(tmp_path: Path, serve: Any) -> None:
    names = {f"AWS_{name}": "testing" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
    with serve(
        tmp_path, SRE_STORE="s3://nowhere/x", SRE_TABLE=f"sqlite:///{tmp_path}/table.db", **names
    ) as server:
        answer = server.request("GET", f"/reports/{NIGHT}/")
        assert (answer.status, answer.json, answer.headers["retry-after"]) == (
            503,
            {"error": "the store cannot be read"},
            "10",
        )
