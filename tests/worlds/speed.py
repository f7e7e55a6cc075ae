"""Cheaper scans and queries for tiny worlds. What they compute is the same.

A scan opens several instances of DuckDB, each with a memory limit of its own; here they share one.
A scan also collects garbage to return memory that a tiny world never needed: a sixth of the time.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import sre_scanner.commit
from sre_findings.engine import databases
from sre_scanner.history import lifecycle


@functools.cache
def _instance() -> Any:
    import duckdb

    return duckdb.connect(config={"threads": "1", "disabled_optimizers": "join_order"})


def _cursor(_folder: Path) -> closing[Any]:
    return closing(_instance().cursor())


@contextmanager
def shared_databases() -> Iterator[None]:
    """Within it, scans and queries share instances with one thread."""
    one_thread = functools.partial(databases._connect, threads="1")
    with (
        mock.patch.object(databases, "_connect", one_thread),
        mock.patch.object(sre_scanner.commit, "bounded", return_value=databases.SHARED),
        mock.patch.object(lifecycle, "_connection", _cursor),
        mock.patch.object(gc, "collect", return_value=0),
    ):
        yield
