"""Messages that the documentation quotes for troubleshooting exist in the code."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("findings", "scanner", "reports", "mcp", "lambda", "cli", "schedules")
SECTIONS = {
    "operations.md": "## Troubleshooting",
    "slack.md": "## Troubleshooting",
    "runbook.md": "## ScanFailed",
}
OF_SLACK = {"not_in_channel"}


@functools.cache
def literals() -> str:
    """Every string literal of the product, one per line."""
    trees = (
        ast.parse(path.read_text())
        for folder in SOURCES
        for path in (ROOT / folder).rglob("sre_*/**/*.py")
    )
    nodes = (node for tree in trees for node in ast.walk(tree))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return "\n".join(text for text in texts if isinstance(text, str))


def quoted(page: str) -> list[str]:
    """The messages in the first column of the section's table, cut where values are inserted."""
    text = (ROOT / "docs" / page).read_text().split(f"\n{SECTIONS[page]}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    messages = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    parts = [part.strip() for message in messages for part in re.split(r"…|: ", message)]
    return [part for part in parts if part and part not in OF_SLACK and not part.startswith("--")]


@pytest.mark.parametrize("page", SECTIONS)
def test_a_message_that_a_page_quotes_is_in_the_code(page: str) -> None:
    messages = quoted(page)
    assert len(messages) > 4
    assert [message for message in messages if message not in literals()] == []
