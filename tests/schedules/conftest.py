from __future__ import annotations

from pathlib import Path

import pytest

from sre_findings.store.records.table import SqliteTable, Table


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return SqliteTable(tmp_path / "table.db")
