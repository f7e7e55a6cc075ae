"""Sentences with text from outside: what counts as ours is written in the source, and only there.

``pyright`` checks the same with ``LiteralString``; this test is quicker, and counts the exceptions.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ("findings", "scanner", "reports", "mcp", "lambda", "cli", "schedules")
MODULE = "from sre_findings.model.text import"
# Each of these passes names from our code, or texts that it has compared with ours.
EXCEPTIONS = {
    "findings/sre_findings/model/coverage/reasons.py": 2,
    "findings/sre_findings/model/errors.py": 2,
    "findings/sre_findings/model/quantity.py": 1,
    "findings/sre_findings/queries/changes.py": 2,
    "findings/sre_findings/queries/findings.py": 1,
    "findings/sre_findings/sources/places.py": 3,
    "mcp/sre_mcp/resources.py": 3,
    "mcp/sre_mcp/tools/answers.py": 2,
    "mcp/sre_mcp/execution.py": 2,
    "mcp/sre_mcp/tools/calls.py": 3,
    "mcp/sre_mcp/tools/results.py": 2,
    "reports/sre_reports/wording.py": 6,
}


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for component in COMPONENTS:
        for path in (ROOT / component).rglob("*.py"):
            source = path.read_text()
            if MODULE not in source:
                continue
            for node in ast.walk(ast.parse(source)):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                if node.func.id == name:
                    yield path.relative_to(ROOT), node


def is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return is_literal(node.body) and is_literal(node.orelse)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_the_template_of_a_sentence_is_a_literal() -> None:
    found = list(calls("phrase"))
    assert len(found) > 100
    assert [f"{path}:{one.lineno}" for path, one in found if not is_literal(one.args[0])] == []
    separators = [(path, one) for path, one in calls("joined") if not is_literal(one.args[0])]
    assert [str(path) for path, _ in separators] == []


def test_text_is_declared_ours_in_few_known_places() -> None:
    assert Counter(str(path) for path, _ in calls("ours")) == EXCEPTIONS
