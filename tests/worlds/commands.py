"""What commands print, and their exit codes. A sample, because they take longer than queries."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from unittest import mock

from tests.worlds.check import Check, Untruth, number
from tests.worlds.truth import Scope
from tests.worlds.verdicts import passed

from sre_cli.main import main

SHARE = 0.2  # of the nights


def run(check: Check, *arguments: str) -> tuple[int, str]:
    """The exit code of a command and its output, in this process."""
    store, out = check.sources.stores.snapshots.blobs.url, io.StringIO()
    check.asked += 1
    with (
        mock.patch.dict(os.environ, {"SRE_STORE": store, "SRE_TABLE": ""}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        try:
            main(list(arguments))
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def commands(check: Check) -> Iterator[Untruth]:
    """Commands say the same numbers, and pass a gate only where nothing worse can be."""
    if check.share < 1 and check.rng.random() > SHARE:
        return
    night, scope = check.night, Scope()
    at = ("--as-of", night.snapshot_id)  # as of then, it is not stale on any day
    true = number(night.counts(scope))
    code, text = run(check, "summary", "--output", "json", *at)
    said = json.loads(text)["counts"]["total"] if code in (0, 3, 6) else None
    if said != true:
        yield check.untruth(
            "summary of the command line", "sre-cli summary", f"exit {code}, {said}", true
        )
    code, _ = run(check, "summary", "--fail-on", "low", *at)
    if code == 0:
        yield from passed(check, scope, "sre-cli summary --fail-on low", "low")
    for arguments in (("trend",), ("changes",), ("sla",), ("where", "openssl"), ("coverage",)):
        yield from _rows(check, arguments, at)
    for place in list(night.owners)[:1]:
        code, _ = run(check, "vulnerabilities", "-i", place.id, "--cached", "--fail-on", "low", *at)
        if code == 0:
            yield from passed(
                check,
                Scope(None, *place),
                f"sre-cli vulnerabilities -i {place.id} --fail-on low",
                "low",
            )


def _rows(check: Check, arguments: tuple[str, ...], at: tuple[str, ...]) -> Iterator[Untruth]:
    """The rows of a list as CSV are those of its JSON, and neither command fails."""
    code, text = run(check, *arguments, "--output", "csv", *at)
    other, values = run(check, *arguments, "--output", "json", *at)
    if code != other or code not in (0, 3, 6):
        yield check.untruth(
            "exit codes of a command",
            f"sre-cli {' '.join(arguments)}",
            f"csv {code}, json {other}",
            "the same, and no error",
        )
        return
    listed = next(
        (
            v
            for v in json.loads(values).values()
            if isinstance(v, list) and v and isinstance(v[0], dict)
        ),
        [],
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    if arguments[0] != "coverage" and len(rows) != len(listed):
        yield check.untruth(
            "rows of a command",
            f"sre-cli {' '.join(arguments)}",
            f"csv {len(rows)}",
            f"json {len(listed)}",
        )
