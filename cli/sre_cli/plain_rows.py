"""Rows of plain data as a table, JSON, NDJSON or CSV: for commands whose answers carry no proof."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sre_cli.table import Column, lines
from sre_cli.terminal import colour_of


def render_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], output: str) -> str:
    """The rows in the chosen form. A table shows ``columns``, whose titles in lower case are the
    keys; other forms show all."""
    if output == "json":
        return json.dumps(rows, indent=2)
    if output == "ndjson":
        return "\n".join(map(json.dumps, rows))
    keys = [column.title.lower() for column in columns]
    if output == "csv":
        return _csv(rows, keys)
    tty = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if tty or "COLUMNS" in os.environ else None
    return "\n".join(
        lines(
            columns,
            [[str(row[key] or "") for key in keys] for row in rows],
            width,
            colour_of(tty, os.environ),
        )
    )


def _csv(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")
