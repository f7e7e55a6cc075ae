"""Findings as a CycloneDX 1.6 VDR: resources with vulnerable packages, and vulnerabilities.

Each vulnerability lists the components that it affects. A resource is written when its rows end,
since they are adjacent. Vulnerabilities follow at the end, because each may occur until the last
row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

from sre_findings.model.answers.answer import Proof
from sre_findings.model.timestamps import iso
from sre_reports.formats.cyclonedx.components import Component, properties
from sre_reports.formats.cyclonedx.vulnerabilities import Vulnerabilities
from sre_reports.formats.finding_fields import (
    PRODUCT,
    SCANNER,
    VENDOR,
    snapshot,
    warnings,
)
from sre_reports.formats.json_values import present
from sre_reports.formats.spool import dumped

if TYPE_CHECKING:
    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes the document."""
    with Vulnerabilities() as found:
        file.write(_opened(proof))
        file.writelines(_joined(_components(batches, found)))
        file.write(b'\n],"vulnerabilities":[\n')
        file.writelines(_joined(found.lines()))
        file.write(b'\n],"properties":' + dumped(properties(findings=found.findings)) + b"}\n")


def _components(batches: Batches, found: Vulnerabilities) -> Iterator[bytes]:
    """Yields each resource when its rows end, and collects its vulnerabilities."""
    component = None
    for row in chain.from_iterable(batches):
        if component is None or not component.holds(row):
            if component:
                yield dumped(component.to_json())
            component = Component(row, component.next_number if component else 0)
        found.add(row, component.affected(row))
    if component:
        yield dumped(component.to_json())


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield next(pieces, b"")
    yield from chain.from_iterable((b",\n", piece) for piece in pieces)


def _opened(proof: Proof) -> bytes:
    """Returns the document up to the first component, with open brackets."""
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid4()}",
        "version": 1,
        "metadata": _metadata(proof),
    }
    return dumped(head)[:-1] + b',"components":[\n'


def _metadata(proof: Proof) -> dict[str, Any]:
    tools = [
        {"type": "application", "name": PRODUCT},
        {"type": "application", "publisher": VENDOR, "name": SCANNER},
    ]
    values = snapshot(proof)
    certificate = values.pop("certificate", {})
    plain = properties(**values, state=certificate.get("state"), claim=certificate.get("claim"))
    warned = [one for text in warnings(proof) for one in properties(warning=text)]
    return {
        **present(timestamp=iso(proof.as_of)),
        "lifecycles": [{"phase": "operations"}],
        "tools": {"components": tools},
        "properties": [*plain, *warned],
    }
