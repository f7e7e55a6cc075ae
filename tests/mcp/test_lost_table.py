"""A table deleted under a server: its answers and those of the command line keep their numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_cli.main import main


def printed(capfd: Any, *arguments: str) -> dict[str, Any]:
    capfd.readouterr()
    with pytest.raises(SystemExit):
        main([*arguments, "--output", "json"])
    values: dict[str, Any] = json.loads(capfd.readouterr().out)
    return values


def numbers(values: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in values.items() if name not in ("notes", "age_seconds")}


def test_a_table_deleted_under_a_server_changes_no_number(
    demo_store: Path,
    tmp_path: Path,
    connect: Callable[..., Any],
    open_store: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: Any,
) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo_store, store)
    monkeypatch.setenv("SRE_STORE", str(store))
    tools = ("summarize", "sla", "trend")
    commands = ("summary", "sla", "trend")
    with connect(open_store(store)) as call:
        told = [call(name).structured_content for name in tools]
        said = [printed(capfd, name) for name in commands]
        (store / "table.db").unlink()
        for name, before in zip(tools, told, strict=True):
            after = call(name).structured_content
            assert numbers(after) == numbers(before)
            assert "counted from" in str(after["notes"])
        for name, before in zip(commands, said, strict=True):
            after = printed(capfd, name)
            assert numbers(after) == numbers(before)
            assert "counted from" in str(after["notes"])
