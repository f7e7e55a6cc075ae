"""What a statement of OpenVEX is about: the resource of a finding as a product, its packages as
subcomponents.

Each has an identifier that others can know it by: a package Inspector's own purl, where it gives a
valid one. Where none can be known, none is made up: a package of an operating system has a purl
only with its distribution, which a finding without Inspector's purl does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from packageurl import PackageURL

from sre_findings.model.finding import Finding, Package
from sre_findings.model.resource import INSTANCE

# Inspector's package managers (botocore 1.44.8, and what recorded findings say) by the purl types
# of their registries.
_TYPES = {
    "BUNDLER": "gem",
    "CARGO": "cargo",
    "COMPOSER": "composer",
    "DOTNET_CORE": "nuget",
    "GEMSPEC": "gem",
    "GO": "golang",
    "GOBINARY": "golang",
    "GOMOD": "golang",
    "JAR": "maven",
    "NODEPKG": "npm",
    "NPM": "npm",
    "NUGET": "nuget",
    "PIP": "pypi",
    "PIPENV": "pypi",
    "POETRY": "pypi",
    "POM": "maven",
    "PYTHON": "pypi",
    "PYTHONPKG": "pypi",
    "YARN": "npm",
}
# What stands between namespace and name, and whether there must be one; types without it have no
# namespace.
_SEPARATORS = {
    "maven": (":", True),
    "composer": ("/", True),
    "golang": ("/", False),
    "npm": ("/", False),
}
_NAME = re.compile(r"@?\w[\w.+~-]*(?:[/:]\w[\w.+~-]*)*", re.ASCII)
_SAFE = ":/$@+=,.;!*'()~"  # what an ARN may hold and a URI allows
_URL = re.compile(r"pkg:(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_IMAGE = re.compile(r"arn:(aws[a-z-]*):ecr:([^:]+):([^:]*):repository/(.+)/(sha256:[0-9a-f]{64})")
_DOMAINS = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}


@dataclass(slots=True)
class Product:
    """A resource, and the purls of the packages that findings name in it; None once one of them has
    no purl."""

    identifier: str
    purl: str | None
    packages: set[str] | None = field(default_factory=set)

    def add(self, packages: Iterable[Package]) -> None:
        """More packages of the same vulnerability. To name some of them only would say too
        little."""
        found = {purl_of(package) for package in packages}
        purls = {purl for purl in found if purl}
        self.packages = (
            None if self.packages is None or not purls or None in found else self.packages | purls
        )

    def component(self) -> dict[str, Any]:
        """The component of OpenVEX."""
        parts = [
            {"@id": purl, "identifiers": {"purl": purl}} for purl in sorted(self.packages or ())
        ]
        return {
            "@id": self.identifier,
            **({"identifiers": {"purl": self.purl}} if self.purl else {}),
            **({"subcomponents": parts} if parts else {}),
        }


def product_of(finding: Finding) -> Product:
    """The finding's resource, without packages yet: by its ARN, or by a generic purl where it has
    none."""
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


@lru_cache(maxsize=1 << 14)
def purl_of(package: Package) -> str | None:
    """Inspector's purl of a package, else one made of its manager and name; None where these do not
    tell the registry."""
    return _inspectors(package.purl) or _made(package)


def _inspectors(text: str | None) -> str | None:
    """The purl as Inspector writes it, encoded where it has what no URL may have; None where it is
    none."""
    if not text:
        return None
    try:
        found = PackageURL.from_string(text)
    except ValueError:
        return None
    return text if _URL.fullmatch(text) else found.to_string()


def _made(package: Package) -> str | None:
    kind = _TYPES.get(package.manager or "", "")
    separator, needed = _SEPARATORS.get(kind, ("\0", False))
    namespace, found, name = package.name.rpartition(separator)
    if (
        not kind
        or not _NAME.fullmatch(package.name)
        or {"/", ":"} & set(name)
        or (needed and not found)
    ):
        return None
    return PackageURL(kind, namespace or None, name, package.version).to_string()


def _generic_purl(finding: Finding) -> str:
    """Where a resource is, and its id to the letter: PackageURL would drop the slashes that it
    begins with."""
    where = {
        "account_id": finding.account_id,
        "region": finding.region,
        "resource_type": finding.resource_type,
    }
    qualifiers = "&".join(f"{name}={quote(text, safe='')}" for name, text in where.items() if text)
    return f"pkg:generic/{quote(finding.resource_id, safe='')}" + (
        f"?{qualifiers}" if qualifiers else ""
    )


def image_purl(arn: str) -> str | None:
    """An image of ECR as scanners of containers name it."""
    if not (match := _IMAGE.fullmatch(arn)) or match[1] not in _DOMAINS:
        return None
    _, region, account, repository, digest = match.groups()
    where = f"{account}.dkr.ecr.{region}.{_DOMAINS[match[1]]}/{repository}"
    return PackageURL(
        "oci", None, repository.rpartition("/")[2], digest, {"repository_url": where}
    ).to_string()
