"""A resource as a CycloneDX component, with the packages that findings name."""

from __future__ import annotations

from typing import Any

from sre_findings.model.resources.resource import CODE_REPOSITORY, FUNCTION, IMAGE
from sre_reports.formats.finding_fields import (
    Part,
    Row,
    packages,
)
from sre_reports.formats.json_values import present, word
from sre_reports.formats.package_urls import image_purl

_KINDS = {IMAGE: "container", FUNCTION: "application", CODE_REPOSITORY: "application"}
_IDENTITY = ("account_id", "region", "resource_type", "resource_id")
LONGEST_VERSION = 1024  # CycloneDX 1.6, definitions/version


class Component:
    """Collects one resource from its rows.

    Component numbers start at ``number``, the resource's own. References are built from them.
    """

    def __init__(self, row: Row, number: int) -> None:
        self._row, self._number = row, number
        self._packages: dict[tuple[str | None, ...], tuple[int, dict[str, Any]]] = {}

    @property
    def next_number(self) -> int:
        """The next free number."""
        return self._number + 1 + len(self._packages)

    def holds(self, row: Row) -> bool:
        """Returns whether the row is about this resource."""
        return all(row[name] == self._row[name] for name in _IDENTITY)

    def affected(self, row: Row) -> list[tuple[int, str | None]]:
        """Returns the numbers of the affected components, each with its fixed version.

        The components are the packages of the row, or the resource if it names none.
        """
        found = [
            (self._package(one), one.package.fixed_in)
            for one in packages(row["packages"])
            if one.package.name
        ]
        return found or [(self._number, None)]

    def _package(self, one: Part) -> int:
        arch = word(one.wire.get("arch"))
        package = one.package
        key = (package.name, package.version, package.path, package.manager, arch)
        if key not in self._packages:
            number = self.next_number
            more = properties(path=package.path, manager=package.manager, arch=arch)
            version = package.version if len(package.version) <= LONGEST_VERSION else None
            self._packages[key] = (
                number,
                {
                    "type": "library",
                    "bom-ref": reference(number),
                    "name": package.name,
                    **present(version=version, purl=one.purl, properties=more),
                },
            )
        return self._packages[key][0]

    def to_json(self) -> dict[str, Any]:
        """Returns the component, including its packages."""
        row = self._row
        names = (*_IDENTITY, "owner")
        return {
            "type": _KINDS.get(row["resource_type"] or "", "platform"),
            "bom-ref": reference(self._number),
            "name": row["resource_name"] or row["resource_id"] or "",
            **present(
                purl=image_purl(row["resource_id"] or ""),
                components=[package for _, package in self._packages.values()],
                properties=properties(**{name: row[name] for name in names}),
            ),
        }


def reference(number: int) -> str:
    """Returns the reference of a component within the document."""
    return f"component-{number}"


def properties(**values: object) -> list[dict[str, str]]:
    """Returns CycloneDX properties with the prefix ``sre:``.

    Absent values are left out, and True is ``true``.
    """
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in present(**values).items()
    }
    return [{"name": f"sre:{name}", "value": text} for name, text in texts.items()]
