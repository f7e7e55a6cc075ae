"""Records without provenance, as a table, JSON, NDJSON or CSV: schedules, pruned snapshots."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sre_cli.render.table import Column, lines
from sre_cli.render.terminal import colour_of
from sre_cli.render.terminal import columns as terminal_columns


def render_records(
    records: Sequence[Mapping[str, Any]], columns: Sequence[Column], output: str
) -> str:
    """Returns the records in the format ``output``: table, json, ndjson or csv.

    A table shows only ``columns``; a column's title in lower case is the key of its values. The
    other formats have every key.
    """
    if output == "json":
        return json.dumps(records, indent=2)
    if output == "ndjson":
        return "\n".join(map(json.dumps, records))
    keys = [column.title.lower() for column in columns]
    if output == "csv":
        return _csv(records, keys)
    width = terminal_columns(sys.stdout, forced="COLUMNS" in os.environ)
    rows = [[str(record[key] or "") for key in keys] for record in records]
    return "\n".join(lines(columns, rows, width, colour_of(sys.stdout.isatty(), os.environ)))


def _csv(records: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]) if records else keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().rstrip("\n")
