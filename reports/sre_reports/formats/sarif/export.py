"""Findings as one run of SARIF 2.1.0, for code scanning, IDEs and collectors of scan results.

Results are written as they come. Rules, one per vulnerability, follow them, because the highest
score of each is known only at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from sre_findings.model.answers.answer import Proof
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso
from sre_reports.formats.finding_fields import (
    DISTRIBUTION,
    PRODUCT,
    SCANNER,
    SCANNER_URL,
    VENDOR,
    Keys,
    snapshot,
    warnings,
)
from sre_reports.formats.sarif.results import result
from sre_reports.formats.sarif.rules import Rules
from sre_reports.formats.spool import dumped

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )

API_VERSION = "2020-06-08"  # of Inspector's API, from botocore: the service names no other version
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# The limits of GitHub's code scanning for one run: docs.github.com, "SARIF results exceed one or
# more limits".
MOST_RESULTS, MOST_RULES = 25_000, 25_000


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes the log.

    Results beyond GitHub's limits are reported to ``warn`` and written anyway, because other
    readers accept them.
    """
    with Rules() as rules:
        results, keys = 0, Keys()
        file.write(_opened(proof))
        for batch in batches:
            # The run is open here: an array's first element has no comma before it.
            pieces = [dumped(result(row, keys.of(row), *rules.of(row))) for row in batch]
            file.write(b",\n" * bool(results and pieces) + b",\n".join(pieces))
            results += len(pieces)
        file.writelines(_closed(rules))
        for count, most, name in (
            (results, MOST_RESULTS, "results"),
            (rules.count, MOST_RULES, "rules"),
        ):
            if count > most:
                warn(
                    f"GitHub's code scanning takes at most {most:,} {name} of a run, and these are"
                    f" {count:,}: narrow the export."
                )


def _opened(proof: Proof) -> bytes:
    """Returns the document up to the first result, with open brackets."""
    run = {
        "columnKind": "unicodeCodePoints",
        "conversion": {"tool": {"driver": {"name": PRODUCT, "version": version(DISTRIBUTION)}}},
        "originalUriBaseIds": {
            "RESOURCES": {
                "description": {"text": "Not a folder: account, region and id of a resource."}
            }
        },
        "invocations": [_invocation(proof)],
        "properties": {"snapshot": snapshot(proof)},
    }
    head = dumped({"$schema": SCHEMA, "version": "2.1.0"})[:-1]
    return head + b',"runs":[' + dumped(run)[:-1] + b',"results":[\n'


def _invocation(proof: Proof) -> dict[str, Any]:
    """Returns the invocation: whether the scan was complete, and what was not read."""
    notifications = [{"level": "warning", "message": {"text": text}} for text in warnings(proof)]
    ended = {"endTimeUtc": iso(proof.as_of)} if proof.as_of else {}
    complete = proof.state == COMPLETE or (proof.state is None and proof.sure)
    return {"executionSuccessful": complete, **ended, "toolExecutionNotifications": notifications}


def _closed(rules: Rules) -> Iterator[bytes]:
    driver = {
        "name": SCANNER,
        "organization": VENDOR,
        "version": API_VERSION,
        "informationUri": SCANNER_URL,
    }
    yield b'\n],"tool":{"driver":' + dumped(driver)[:-1] + b',"rules":[\n'
    lines = rules.lines()
    yield next(lines, b"")
    yield from chain.from_iterable((b",\n", line) for line in lines)
    yield b"\n]}}}]}\n"
