"""A new token is shown once; only its hash is stored, in a file with mode 0600."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sre_findings.model.access import Access
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_mcp.auth.documents import FileDocument
from sre_mcp.auth.token_creation import TokenRequest, add_entry, create_token
from sre_mcp.auth.tokens import is_token, parse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def wish(name: str = "ci", **changes: Any) -> TokenRequest:
    return TokenRequest(
        **{
            "name": name,
            "scopes": ("findings:read",),
            "accounts": ("*",),
            "owners": ("payments",),
            "days": 30,
            **changes,
        }
    )


def test_a_new_token_is_valid_until_its_expiry() -> None:
    token, entry = create_token(wish(), NOW)
    assert is_token(token)
    assert re.fullmatch(r"sre_[\w-]{43}", token)
    assert entry["expires"] == "2026-12-22T12:00:00Z"
    assert token not in json.dumps(entry)
    found = parse(json.dumps({"tokens": [entry]})).find(token, NOW)
    assert found
    assert found.bearer.access == Access(frozenset({"*"}), frozenset({"payments"}))


def test_tokens_are_unique() -> None:
    assert len({create_token(wish(), NOW)[0] for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"accounts": ("1",)}, {"owners": ("*", "x")}, {"scopes": ("all",)}]
)
def test_invalid_properties_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"is invalid|cannot be read"):
        create_token(wish(**changes), NOW)


def test_a_new_file_has_mode_0600_and_can_be_extended(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens = []
    for name in ("a", "b"):
        token, entry = create_token(wish(name), NOW)
        tokens.append(token)
        add_entry(entry, path)
        assert path.stat().st_mode & 0o777 == 0o600
    found = parse(FileDocument(path).read())
    assert [found.find(token, NOW).bearer.name for token in tokens] == ["a", "b"]  # type: ignore[union-attr]  # both are there
    assert [one.name for one in tmp_path.iterdir()] == ["tokens.json"]


def test_other_content_of_the_file_is_preserved(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.touch(mode=0o600)
    people = {"T1/U1": {"accounts": ["*"], "owners": ["*"]}}
    path.write_text(json.dumps({"slack": people}))
    add_entry(create_token(wish(), NOW)[1], path)
    assert json.loads(path.read_text())["slack"] == people


def test_a_duplicate_name_or_an_invalid_file_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tokens.json"
    add_entry(create_token(wish(), NOW)[1], path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="two tokens have the same name"):
        add_entry(create_token(wish(), NOW)[1], path)
    assert path.read_bytes() == before
    path.write_text("{")
    with pytest.raises(UsageError, match="not JSON"):
        add_entry(create_token(wish("b"), NOW)[1], path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="other users can access"):
        add_entry(create_token(wish("b"), NOW)[1], path)
    with pytest.raises(StoreUnreadable, match="No such file"):
        add_entry(create_token(wish(), NOW)[1], tmp_path / "nowhere" / "tokens.json")


def test_concurrent_additions_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    entries = [create_token(wish(f"n{n}"), NOW)[1] for n in range(8)]
    threads = [threading.Thread(target=add_entry, args=(entry, path)) for entry in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.bearer.name for entry in parse(path.read_text()).entries} == {
        f"n{n}" for n in range(8)
    }
