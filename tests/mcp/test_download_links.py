"""Download links: valid for one client, for a limited time, and for one snapshot.

Any other request is not found.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sre_findings.model.access import EVERYTHING, Access
from sre_findings.questions.catalogue import ExportFile, ExportFilters
from sre_findings.sources.download_links import DownloadLinks, DownloadRequest
from sre_findings.store.records.table import SqliteTable
from sre_mcp.auth.token_creation import TokenRequest, create_token
from sre_reports.formats.registry import FORMS

MINE = "111122223333"
WISHES = (
    TokenRequest("all", ("findings:read", "operations:read"), ("*",), ("*",), 30),
    TokenRequest("also", ("findings:read",), ("*",), ("*",), 30),
    TokenRequest("one", ("findings:read",), (MINE,), ("*",), 30),
    TokenRequest("blind", ("operations:read",), ("*",), ("*",), 30),
    TokenRequest("slack", ("findings:read",), ("*",), ("*",), 30, "slack"),
)
NOWHERE = "A" * 43
RULES = """
suppressions:
  - vulnerability: CVE-2024-3094
    reason: a secret of the owners
    owner: platform
    expires: 2999-01-31
"""


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokens by name, and the URL of their document."""
    made = {wish.name: create_token(wish, datetime.now(UTC)) for wish in WISHES}
    path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    path.touch(mode=0o600)
    people = {"T1/U1": {"accounts": ["*"], "owners": ["*"]}}
    path.write_text(json.dumps({"tokens": [entry for _, entry in made.values()], "slack": people}))
    return {name: token for name, (token, _) in made.items()} | {"document": path.as_uri()}


class Asking:
    """Clients of a server, identified by the names of their tokens."""

    def __init__(self, server: Any, tokens: dict[str, str]) -> None:
        self.server, self.tokens = server, tokens

    def call(self, whose: str, tool: str, meta: Any = None, **arguments: Any) -> Any:
        params = {"name": tool, "arguments": arguments} | ({"_meta": meta} if meta else {})
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return self.server.post(message, **self.headers(whose)).json["result"]

    def file(self, whose: str, **arguments: Any) -> Any:
        return self.call(whose, "export", **{"format": "csv", **arguments})["structuredContent"][
            "file"
        ]

    def get(self, whose: str, path: str, method: str = "GET", **headers: str) -> Any:
        return self.server.request(method, path, **self.headers(whose), **headers)

    def headers(self, whose: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[whose]}"} if whose else {}

    def recorded(self, whose: str, outcome: str, **arguments: Any) -> Any:
        """Waits for a recorded download with these arguments, and returns the newest.

        Other servers of the store record theirs too.
        """
        while True:
            asked = {"what": "download", "who": whose, "outcome": outcome, "token_budget": 50_000}
            for one in self.call("all", "operations", **asked)["structuredContent"]["operations"]:
                if arguments.items() <= one["arguments"].items():
                    return one


@pytest.fixture(scope="module")
def asking(demo_store: Path, tokens: dict[str, str], serve_with_auth: Any) -> Iterator[Asking]:
    rules = demo_store / "suppressions.yaml"
    rules.write_text(RULES)
    with serve_with_auth(
        demo_store, SRE_TOKENS=tokens["document"], SRE_SUPPRESSIONS=str(rules)
    ) as server:
        yield Asking(server, tokens)


def alike(answer: Any) -> tuple[Any, ...]:
    """A response without its request ID and date."""
    return answer.status, answer.body, {**answer.headers, "x-request-id": "", "date": ""}


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_a_download_is_an_attachment_with_a_safe_name_and_not_cached(
    asking: Asking, form: Any
) -> None:
    answer = asking.get(
        "all", asking.file("all", format=form.name, severities=["CRITICAL"])["path"]
    )
    name = re.fullmatch(
        r'attachment; filename="(findings-[0-9A-Z]+T[0-9A-Z-]+)(\.[a-z.]+)"',
        answer.headers["content-disposition"],
    )
    assert name
    assert name[2] == form.suffix
    told = (
        "content-type",
        "cache-control",
        "x-content-type-options",
        "transfer-encoding",
        "referrer-policy",
    )
    assert [answer.headers[one] for one in told] == [
        form.media_type,
        "no-store",
        "nosniff",
        "chunked",
        "no-referrer",
    ]
    assert (answer.status, len(answer.body) > 1000) == (200, True)


def test_a_link_has_the_number_of_rows_the_expiry_and_the_path(asking: Asking) -> None:
    result = asking.call("one", "export", format="ndjson")
    values, text = result["structuredContent"], result["content"][0]["text"]
    whole = asking.call("one", "export", token_budget=500)["structuredContent"]
    assert values["page"] == {
        "start": 0,
        "listed": 0,
        "total": whole["total_findings"],
        "next_cursor": None,
    }
    assert (values["findings"], values["snapshot_id"], whole["file"]) == (
        [],
        whole["snapshot_id"],
        None,
    )
    assert (values["file"]["url"], values["file"]["path"]) == (
        None,
        f"/exports/{values['file']['reference']}",
    )
    left = datetime.fromisoformat(values["file"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=13) < left <= timedelta(minutes=15)
    assert f"Download `{values['file']['path']}` with the same token." in text
    lines = asking.get("one", values["file"]["path"]).body.splitlines()
    assert len(lines) == values["total_findings"]
    assert {json.loads(line)["awsAccountId"] for line in lines} == {MINE}


def test_clients_with_the_same_access_can_download_repeatedly(asking: Asking) -> None:
    path = asking.file("all", severities=["CRITICAL"])["path"]
    first = asking.get("all", path)
    assert first.status == 200
    assert asking.get("all", path).body == asking.get("also", path).body == first.body


def test_forbidden_forged_and_missing_links_have_the_same_response(
    asking: Asking, demo_store: Path
) -> None:
    theirs, mine = asking.file("all")["reference"], asking.file("one")["reference"]
    table = DownloadLinks(SqliteTable(demo_store / "table.db"))
    night = asking.call("all", "summarize")["structuredContent"]["snapshot_id"]
    question = ExportFile(ExportFilters(), "csv", {})
    old = table(
        DownloadRequest(question, night, datetime.now(UTC) - timedelta(minutes=16), EVERYTHING)
    ).reference
    pruned = table(
        DownloadRequest(question, "20010101T000000Z", datetime.now(UTC), EVERYTHING)
    ).reference
    answers = [
        alike(asking.get(whose, f"/exports/{text}"))
        for whose, text in (
            ("all", NOWHERE),
            ("one", theirs),
            ("all", mine),
            ("all", old),
            ("all", pruned),
            ("slack", theirs),
            ("all", "x"),
            ("all", theirs[:-1] + ("A" if theirs[-1] != "A" else "B")),
            ("all", "%00"),
            ("all", theirs + "A"),
        )
    ]
    assert answers == answers[:1] * len(answers)
    assert (answers[0][0], json.loads(answers[0][1])) == (404, {"error": "not found"})
    assert asking.recorded("one", "not_found")["arguments"] == {}


def test_downloads_are_authenticated_like_tools(asking: Asking) -> None:
    path = asking.file("all")["path"]
    assert asking.get("", path).status == asking.get("", f"/exports/{NOWHERE}").status == 401
    assert "www-authenticate" in asking.get("", path).headers
    assert asking.get("blind", path).status == 403
    assert asking.get("all", path, Host="evil.example").status == 421
    assert asking.get("all", path, Origin="https://evil.example").status == 403
    assert [asking.get("all", path, method).status for method in ("HEAD", "POST", "DELETE")] == [
        405,
        405,
        405,
    ]
    assert asking.get("all", "/exports/").status == 404


def test_suppression_rules_are_only_for_clients_with_full_access(asking: Asking) -> None:
    asked = {"format": "openvex", "severities": ["CRITICAL"]}
    whole = asking.get("all", asking.file("all", **asked, author="security@example.com")["path"])
    assert (
        whole.json["author"],
        {one["vulnerability"]["name"] for one in whole.json["statements"]},
    ) == ("security@example.com", {"CVE-2024-3094"})
    assert asking.get("all", asking.file("all", **asked)["path"]).json["author"] == "all"
    part = asking.get("one", asking.file("one", **asked)["path"])
    assert part.status == 422
    assert part.json["error"].startswith("OpenVEX needs a suppressions file, and none is set")
    assert b"secret" not in part.body
    assert asking.recorded("one", "usage")["arguments"]["format"] == "openvex"


def test_a_download_uses_the_snapshot_of_its_link(
    scan_into: Any, make_finding: Any, tokens: dict[str, str], serve_with_auth: Any
) -> None:
    store = scan_into([make_finding(number) for number in range(20)])
    with serve_with_auth(
        store, SRE_TOKENS=tokens["document"], SRE_PUBLIC_URL="https://sre.example.com/mcp"
    ) as server:
        asking = Asking(server, tokens)
        file = asking.file("all", format="ndjson")
        before = asking.get("all", file["path"]).body
        scan_into([make_finding(number) for number in range(30)], store)
        assert asking.get("all", file["path"]).body == before
        assert (
            asking.get("all", asking.file("all", format="ndjson")["path"]).body.count(b"\n") == 30
        )
        assert before.count(b"\n") == 20
        assert file["url"] == f"https://sre.example.com{file['path']}"


def test_every_download_is_recorded_with_its_query(asking: Asking) -> None:
    asking.get("one", asking.file("one", severities=["LOW"], columns="full", types=["ecr"])["path"])
    one = asking.recorded("one", "answered", columns="full")
    assert (one["who"], one["source"], one["outcome"]) == ("one", "snapshot", "answered")
    wanted = {
        "format": "csv",
        "columns": "full",
        "severities": ["LOW"],
        "statuses": ["ACTIVE"],
        "types": ["AWS_ECR_CONTAINER_IMAGE"],
    }
    assert one["arguments"] == wanted
    assert (
        one["rows"]
        == asking.call("one", "export", severities=["LOW"], types=["ecr"])["structuredContent"][
            "total_findings"
        ]
    )


def test_a_disconnect_is_recorded_and_frees_the_slot(asking: Asking) -> None:
    for _ in range(6):  # more than are written at once
        path = asking.file("all", format="ndjson", statuses=[])["path"]
        with socket.create_connection(
            (asking.server.host, asking.server.port), timeout=30
        ) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            head = (
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer"
                f" {asking.tokens['all']}\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
    assert asking.recorded("all", "interrupted", format="ndjson")["source"] == "snapshot"
    assert asking.get("all", asking.file("all", severities=["CRITICAL"])["path"]).status == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"format": "docx"}, "must be one of csv"),
        ({"format": "parquet", "excel": True}, "`excel` is not an option of `parquet`"),
        ({"columns": "full"}, "`columns` is not an option of pages"),
        ({"format": "csv", "as_of": "1999-01-01"}, "1999-01-01"),
        ({"format": "csv", "resource_id": "prod-api-07"}, "2 resources are named"),
    ],
)
def test_no_link_is_created_for_an_impossible_file(
    asking: Asking, arguments: Any, said: str
) -> None:
    answer = asking.call("all", "export", **arguments)
    assert answer["isError"]
    assert said in answer["content"][0]["text"]


def test_no_link_is_created_for_clients_that_cannot_download(
    asking: Asking, call: Callable[..., Any]
) -> None:
    person = {"sre-operations-assistant/person": "T1/U1"}
    acting, stdio = (
        asking.call("slack", "export", meta=person, format="csv"),
        call("export", format="csv"),
    )
    assert "no download links are available here" in acting["content"][0]["text"]
    assert "no download links are available here" in stdio.content[0].text
    assert asking.call("slack", "export", meta=person)["structuredContent"]["total_findings"] > 0


def test_only_the_hash_of_a_link_is_stored_for_a_limited_time(tmp_path: Path) -> None:
    table, now = SqliteTable(tmp_path / "table.db"), datetime(2026, 11, 22, tzinfo=UTC)
    handouts = DownloadLinks(table, timedelta(minutes=1))
    question = ExportFile(
        ExportFilters(text="i-1", severities=("HIGH",), as_of="-1d"), "csv", {"raw": True}
    )
    handout = DownloadRequest(question, "S", now, Access(frozenset({MINE}), frozenset({"a"})))
    handed = handouts(handout)
    assert handouts.find(handed.reference, handout.access, now + timedelta(seconds=59)) == handout
    assert handouts.find(handed.reference, handout.access, now + timedelta(seconds=60)) is None
    assert handouts.find(handed.reference, EVERYTHING, now) is None
    assert handed.reference.encode() not in (tmp_path / "table.db").read_bytes()
    assert handed.reference != handouts(replace(handout)).reference
