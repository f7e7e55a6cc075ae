"""A token is shown once; what is kept of it is a hash, in a file that is its owner's alone."""

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
from sre_mcp.auth.documents import FilePlace
from sre_mcp.auth.token_creation import Wish, add, issue
from sre_mcp.auth.tokens import is_token, parse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def wish(name: str = "ci", **changes: Any) -> Wish:
    return Wish(
        **{
            "name": name,
            "scopes": ("findings:read",),
            "accounts": ("*",),
            "owners": ("payments",),
            "days": 30,
            **changes,
        }
    )


def test_a_new_token_is_found_by_its_entry_for_as_long_as_was_said() -> None:
    token, entry = issue(wish(), NOW)
    assert is_token(token)
    assert re.fullmatch(r"sre_[\w-]{43}", token)
    assert entry["expires"] == "2026-12-22T12:00:00Z"
    assert token not in json.dumps(entry)
    found = parse(json.dumps({"tokens": [entry]})).find(token, NOW)
    assert found
    assert found.bearer.access == Access(frozenset({"*"}), frozenset({"payments"}))


def test_no_two_tokens_are_alike() -> None:
    assert len({issue(wish(), NOW)[0] for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"accounts": ("1",)}, {"owners": ("*", "x")}, {"scopes": ("all",)}]
)
def test_a_wish_that_no_document_may_hold_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        issue(wish(**changes), NOW)


def test_a_file_is_made_and_added_to_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens = []
    for name in ("a", "b"):
        token, entry = issue(wish(name), NOW)
        tokens.append(token)
        add(entry, path)
        assert path.stat().st_mode & 0o777 == 0o600
    found = parse(FilePlace(path).read())
    assert [found.find(token, NOW).bearer.name for token in tokens] == ["a", "b"]  # type: ignore[union-attr]  # both are there
    assert [one.name for one in tmp_path.iterdir()] == ["tokens.json"]


def test_what_else_is_in_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.touch(mode=0o600)
    people = {"T1/U1": {"accounts": ["*"], "owners": ["*"]}}
    path.write_text(json.dumps({"slack": people}))
    add(issue(wish(), NOW)[1], path)
    assert json.loads(path.read_text())["slack"] == people


def test_a_second_token_of_a_name_and_a_file_that_cannot_be_read_change_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tokens.json"
    add(issue(wish(), NOW)[1], path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="two tokens have the same name"):
        add(issue(wish(), NOW)[1], path)
    assert path.read_bytes() == before
    path.write_text("{")
    with pytest.raises(UsageError, match="not JSON"):
        add(issue(wish("b"), NOW)[1], path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="others can read"):
        add(issue(wish("b"), NOW)[1], path)
    with pytest.raises(StoreUnreadable, match="No such file"):
        add(issue(wish(), NOW)[1], tmp_path / "nowhere" / "tokens.json")


def test_who_adds_at_the_same_time_adds_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    entries = [issue(wish(f"n{n}"), NOW)[1] for n in range(8)]
    threads = [threading.Thread(target=add, args=(entry, path)) for entry in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.bearer.name for entry in parse(path.read_text()).entries} == {
        f"n{n}" for n in range(8)
    }
