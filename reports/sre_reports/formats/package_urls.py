"""Package URLs (purls) of packages and container images, for every format that names them.

Inspector's own purl is used where it is valid. Otherwise one is built from the package manager and
the name. None is guessed: an operating system package needs its distribution, which a finding
without Inspector's purl does not contain.
"""

from __future__ import annotations

import re
from functools import lru_cache

from packageurl import PackageURL

from sre_findings.model.findings.finding import Package

# The purl types of Inspector's package managers, from botocore 1.44.8 and recorded findings.
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
# The separator of namespace and name, and whether a namespace is required. Other types have none.
_SEPARATORS = {
    "maven": (":", True),
    "composer": ("/", True),
    "golang": ("/", False),
    "npm": ("/", False),
}
_NAME = re.compile(r"@?\w[\w.+~-]*(?:[/:]\w[\w.+~-]*)*", re.ASCII)
_URL = re.compile(r"pkg:(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_IMAGE = re.compile(r"arn:(aws[a-z-]*):ecr:([^:]+):([^:]*):repository/(.+)/(sha256:[0-9a-f]{64})")
_DOMAINS = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}


@lru_cache(maxsize=1 << 14)
def purl_of(package: Package) -> str | None:
    """Returns Inspector's purl of a package, or one built from its manager and name.

    None if they do not identify the registry.
    """
    return _inspectors(package.purl) or _made(package)


def _inspectors(text: str | None) -> str | None:
    """Returns Inspector's purl; None if it is invalid.

    Characters that URLs do not allow are encoded.
    """
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


def image_purl(arn: str) -> str | None:
    """Returns the purl of an ECR image, as container scanners write it; None for other ARNs."""
    if not (match := _IMAGE.fullmatch(arn)) or match[1] not in _DOMAINS:
        return None
    _, region, account, repository, digest = match.groups()
    where = f"{account}.dkr.ecr.{region}.{_DOMAINS[match[1]]}/{repository}"
    return PackageURL(
        "oci", None, repository.rpartition("/")[2], digest, {"repository_url": where}
    ).to_string()
