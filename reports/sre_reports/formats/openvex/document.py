"""Accepted risks as an OpenVEX 0.2.0 document, for scanners and auditors.

A statement claims no more than its rule. It names the resources of the findings that the rule
covers. A rule without such findings is stated only if it applies everywhere. Its statement has no
products: the enclosing document then names them, as an attestation does. Expired rules are not
stated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sre_findings.model.errors import UsageError
from sre_findings.model.findings.finding import Finding
from sre_findings.model.findings.suppression import (
    AFFECTED,
    NOT_AFFECTED,
    Suppression,
    Suppressions,
)
from sre_findings.model.timestamps import iso
from sre_reports.formats.openvex.products import Product, product_of

CONTEXT = "https://openvex.dev/ns/v0.2.0"
# OpenVEX, "Public IRI Namespaces", for authors without a namespace.
NAMESPACE = "https://openvex.dev/docs/public"

Products = dict[str, Product]


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenVEX document.

    ``body`` is the OpenVEX object; ``left_out`` are valid rules that could not be stated.
    """

    body: Mapping[str, Any]
    left_out: tuple[Suppression, ...]

    def to_text(self) -> str:
        """Returns the document as JSON.

        ASCII only, so that control characters of terminals are escaped.
        """
        return json.dumps(self.body, indent=2) + "\n"


def document(
    suppressions: Suppressions,
    *,
    author: str,
    timestamp: datetime,
    matched: Iterable[tuple[Suppression, Finding]] = (),
    namespace: str = NAMESPACE,
) -> Document:
    """Returns the document by ``author``, issued at ``timestamp``.

    ``matched`` are rules with findings that they cover. The same rules, findings, author and time
    give the same bytes in any order: ``@id`` is the namespace and the SHA-256 of the rest. Raises
    UsageError if nothing can be stated, because an empty document is invalid.
    """
    if not author.strip():
        raise UsageError(
            "an OpenVEX document needs an author", do="Give a name, an address or an IRI."
        )
    today = timestamp.astimezone(UTC).date()
    found = _by_rule(matched)
    stated = {
        rule: list(_statements(rule, found.get(rule.index)))
        for rule in suppressions
        if rule.is_live(today)
    }
    unique = {_canonical(one): one for statements in stated.values() for one in statements}
    if not unique:
        raise UsageError(
            "no accepted risk can be stated",
            why="no valid rule covers a finding or applies everywhere",
        )
    statements = [
        unique[text]
        for text in sorted(unique, key=lambda text: (unique[text]["vulnerability"]["name"], text))
    ]
    return Document(
        _body(author, timestamp, statements, namespace),
        tuple(rule for rule, problem in stated.items() if not problem),
    )


def _body(
    author: str, timestamp: datetime, statements: list[dict[str, Any]], namespace: str
) -> dict[str, Any]:
    """Returns the body. Every document has version 1, because any change gives another ``@id``."""
    rest = {
        "author": author,
        "timestamp": iso(timestamp),
        "version": 1,
        "tooling": "SRE Operations Assistant",
        "statements": statements,
    }
    digest = sha256(_canonical({"@context": CONTEXT, **rest}).encode()).hexdigest()
    return {"@context": CONTEXT, "@id": f"{namespace.rstrip('/')}/vex-{digest}", **rest}


def _by_rule(matched: Iterable[tuple[Suppression, Finding]]) -> dict[int, dict[str, Products]]:
    """Returns the products of each rule's vulnerabilities.

    A finding without a vulnerability or resource has no statement.
    """
    found: dict[int, dict[str, Products]] = {}
    for rule, finding in matched:
        if finding.vulnerability_id and finding.resource_id:
            products = found.setdefault(rule.index, {}).setdefault(finding.vulnerability_id, {})
            product = product_of(finding)
            products.setdefault(product.identifier, product).add(finding.packages)
    return found


def _statements(
    rule: Suppression, found: Mapping[str, Products] | None
) -> Iterator[dict[str, Any]]:
    if found is not None:
        for vulnerability_id, products in found.items():
            components = [products[identifier].component() for identifier in sorted(products)]
            yield {
                "vulnerability": {"name": vulnerability_id},
                "products": components,
                **_status(rule),
            }
    elif rule.packages.boundless and rule.reach.boundless:
        for vulnerability_id in rule.vulnerabilities.exact or ():
            yield {"vulnerability": {"name": vulnerability_id}, **_status(rule)}


def _status(rule: Suppression) -> dict[str, str]:
    """Returns the status with the fields that OpenVEX requires, and when the acceptance expires."""
    answer = f"until {rule.expires} by {rule.owner}: {rule.reason}"
    if rule.status == AFFECTED:
        return {"status": AFFECTED, "action_statement": f"accepted {answer}"}
    fields = (
        {"justification": rule.justification, "impact_statement": rule.impact}
        if rule.status == NOT_AFFECTED
        else {}
    )
    return {
        "status": rule.status,
        "status_notes": f"suppressed {answer}",
        **{key: text for key, text in fields.items() if text},
    }


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
