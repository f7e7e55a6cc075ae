"""The identity of findings without a vulnerability."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sre_findings.inspector.subject import subject_of

PORT = {"openPortRange": {"begin": 22, "end": 22}, "protocol": "TCP", "networkPath": {"steps": []}}
FLAW = {
    "detectorId": "python/sql-injection@v1.0",
    "filePath": {"fileName": "a.py", "filePath": "src/a.py", "startLine": 3},
}


@pytest.mark.parametrize(
    ("network", "code", "subject"),
    [
        (PORT, None, "tcp/22-22"),
        (None, FLAW, "python/sql-injection@v1.0@src/a.py"),
        (None, {**FLAW, "filePath": {"fileName": "a.py"}}, "python/sql-injection@v1.0@a.py"),
        (None, None, None),
        ([1], None, None),
        (None, "text", None),
    ],
)
def test_a_port_or_a_file_is_what_it_is_about(network: Any, code: Any, subject: str | None) -> None:
    raw = [json.dumps(one).encode() if one is not None else b"" for one in (network, code)]
    assert subject_of(*raw) == subject


def test_the_line_is_no_part_of_it_for_code_above_it_moves() -> None:
    moved = {**FLAW, "filePath": {**FLAW["filePath"], "startLine": 90}}  # type: ignore[dict-item]  # a path is a mapping
    assert subject_of(b"", json.dumps(moved).encode()) == subject_of(b"", json.dumps(FLAW).encode())
