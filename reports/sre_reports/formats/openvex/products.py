"""The subject of an OpenVEX statement: the resource as a product, its packages as subcomponents.

Each is identified by an ARN or a purl (see ``package_urls``). No identifier is made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.resources.resource import INSTANCE
from sre_reports.formats.package_urls import image_purl, purl_of

_SAFE = ":/$@+=,.;!*'()~"  # allowed in both ARNs and URIs


@dataclass(slots=True)
class Product:
    """A resource and the purls of its packages; ``packages`` is None if a package has no purl."""

    identifier: str
    purl: str | None
    packages: set[str] | None = field(default_factory=set)

    def add(self, packages: Iterable[Package]) -> None:
        """Adds packages of the same vulnerability.

        If one of them has no purl, none is named, because a partial list would be wrong.
        """
        found = {purl_of(package) for package in packages}
        purls = {purl for purl in found if purl}
        self.packages = (
            None if self.packages is None or not purls or None in found else self.packages | purls
        )

    def component(self) -> dict[str, Any]:
        """Returns the OpenVEX component."""
        parts = [
            {"@id": purl, "identifiers": {"purl": purl}} for purl in sorted(self.packages or ())
        ]
        return {
            "@id": self.identifier,
            **({"identifiers": {"purl": self.purl}} if self.purl else {}),
            **({"subcomponents": parts} if parts else {}),
        }


def product_of(finding: Finding) -> Product:
    """Returns the finding's resource, without packages yet.

    It is identified by its ARN, or by a generic purl if it has no ARN.
    """
    resource = finding.resource_id
    if resource.startswith("arn:"):
        return Product(quote(resource, safe=_SAFE), image_purl(resource))
    if finding.resource_type == INSTANCE:
        partition = (
            finding.finding_arn.split(":")[1] if finding.finding_arn.startswith("arn:") else "aws"
        )
        arn = f"arn:{partition}:ec2:{finding.region}:{finding.account_id}:instance/{resource}"
        return Product(quote(arn, safe=_SAFE), None)
    purl = _generic_purl(finding)
    return Product(purl, purl)


def _generic_purl(finding: Finding) -> str:
    """Returns a purl with the exact id and the location of a resource.

    PackageURL would drop leading slashes.
    """
    where = {
        "account_id": finding.account_id,
        "region": finding.region,
        "resource_type": finding.resource_type,
    }
    qualifiers = "&".join(f"{name}={quote(text, safe='')}" for name, text in where.items() if text)
    return f"pkg:generic/{quote(finding.resource_id, safe='')}" + (
        f"?{qualifiers}" if qualifiers else ""
    )
