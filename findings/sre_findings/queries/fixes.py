"""The fix plan over a snapshot's open findings, and the plan by machine image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sre_findings.engine.catalogue import Engine
from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.findings.ranking import risk_parameters
from sre_findings.model.findings.severity import OTHER
from sre_findings.model.quantity import quantity
from sre_findings.model.resources import resource
from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import phrase
from sre_findings.queries import resource_lookup
from sre_findings.queries.resource_lookup import optional_in
from sre_findings.questions.remediation import Fixes, ImageFixes
from sre_findings.remediation.commands import advice, command
from sre_findings.remediation.fix_plan import (
    CODE,
    FUNCTION,
    IMAGE,
    INSTANCE,
    Line,
    Need,
    Package,
    plan,
)
from sre_findings.remediation.single_upgrade import single_line
from sre_findings.sources.places import place_of, within
from sre_findings.sources.sources import Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.fixes import (
        Fix,
        FixesAnswer,
        FixesFacts,
        Host,
        ImageFix,
        ImageFixesAnswer,
        ImageFixesFacts,
    )

HOSTS_NAMED = 50  # resources listed for each line; the count includes all
KINDS = {
    resource.INSTANCE: INSTANCE,
    resource.IMAGE: IMAGE,
    resource.FUNCTION: FUNCTION,
    resource.CODE_REPOSITORY: CODE,
    "Microsoft.Web/sites": FUNCTION,
    "cloudfunctions.googleapis.com/Function": FUNCTION,
    "Microsoft.ContainerRegistry/registry/containerImage": IMAGE,
    "artifactregistry.googleapis.com/DockerImage": IMAGE,
}
_FIELDS = (
    "place",
    "advice",
    "command",
    "kind",
    "platform",
    "packages",
    "resources",
    "findings",
    "critical",
    "high",
    "kev",
    "risk",
    "reboot",
    "hosts",
)
_SHOWN = (
    Shown("place", "", "number"),
    Shown("what", "Update", "wide"),
    Shown("resources", "Resources", "number"),
    Shown("findings", "Resolves", "number"),
    Shown("critical", "Critical", "number"),
    Shown("kev", "KEV", "number"),
    Shown("advice", "", "sentence"),
    Shown("command", "", "command"),
)
_IMAGES = (
    "image_id",
    "owner",
    "account_id",
    "region",
    "platform",
    "instances",
    "findings",
    "critical",
    "high",
    "kev",
    "advice",
)
_IMAGES_SHOWN = (
    Shown("image_id", "Rebuild"),
    Shown("owner", "Owner"),
    Shown("platform", "Platform"),
    Shown("instances", "Instances", "number"),
    Shown("findings", "Resolves", "number"),
    Shown("critical", "Critical", "number"),
    Shown("kev", "KEV", "number"),
)
Key = tuple[str, int]
"""Region and number of a package list."""


def fixes(question: Fixes, sources: Sources) -> FixesAnswer:
    """The fewest upgrades that resolve every fixable finding, KEV and then highest risk first."""
    found = find(sources, question.as_of)
    found = within(found, place_of(question.filters, question.types))
    wanted = parameters(types=question.types) | question.filters.parameters()
    filters = resource_lookup.narrowed(wanted, optional_in(found, question.resource))
    needs, lists = needs_of(found.engine, {**risk_parameters(sources.policy), **filters})
    lines = plan(needs)
    shown = lines[: question.count or None]
    hosts = _hosts(found.engine, shown, lists, filters)
    items = [_item(place, line, hosts[place - 1]) for place, line in enumerate(shown, 1)]
    removed = sum(line.findings for line in lines)
    summary: FixesFacts = {
        "removable": removed,
        "kev": sum(line.kev for line in lines),
        "upgrades": sum(len(line.packages) for line in lines),
    }
    words = f" of {question.resource}" if question.resource else question.filters.words()
    headline = _headline(lines, shown, words)
    return ListAnswer(headline, "lines", items, len(lines), _FIELDS, _SHOWN, found.proof, summary)


def single_fix(engine: Engine, row: Mapping[str, Any]) -> tuple[str | None, str]:
    """The command and the advice that resolve one finding, from its place and packages.

    Without a fixed version there is no command.
    """
    key = (row["region"], int(row["packages_id"]))
    packages = _packages(engine, [key[1]]).get(key, ())
    kind = KINDS.get(row["resource_type"], INSTANCE)
    line = single_line(kind, row["platform"], packages)
    return (command(line), advice(line)) if line else (None, "No fixed version is known.")


def _headline(lines: Sequence[Line], shown: Sequence[Line], words: str) -> str:
    if not lines:
        return phrase("No upgrade{} resolves a finding.", words)
    total, part = (sum(line.findings for line in some) for some in (lines, shown))
    all_of_them = phrase(
        "{}{} {} {}",
        quantity(len(lines), "upgrade"),
        words,
        (phrase("resolves") if len(lines) == 1 else phrase("resolve")),
        quantity(total, "finding"),
    )
    if len(shown) == len(lines):
        return phrase("{}.", all_of_them)
    first = phrase("one resolves") if len(shown) == 1 else phrase("{:,} resolve", len(shown))
    return phrase("{}; the first {} {:,}.", all_of_them, first, part)


def needs_of(
    engine: Engine, parameters: Mapping[str, Any]
) -> tuple[list[Need], dict[int, list[Key]]]:
    """Open findings grouped by the packages that they need, and the package lists of each need."""
    rows = engine.rows("fix_findings", **parameters)
    one = parameters["resource_id"] is not None
    packages = _packages(engine, sorted({int(row["packages_id"]) for row in rows}) if one else None)
    sums: dict[tuple[str, str, tuple[Package, ...]], list[Any]] = {}
    lists: dict[tuple[str, str, tuple[Package, ...]], set[Key]] = defaultdict(set)
    for row in rows:
        key = (row["region"], int(row["packages_id"]))
        place = (KINDS.get(row["resource_type"], INSTANCE), row["platform"], packages.get(key, ()))
        total = sums.setdefault(place, [0, 0, [0] * (OTHER + 1), 0.0])
        total[0] += int(row["findings"])
        total[1] += int(row["kev"])
        total[2][min(int(row["severity_rank"]), OTHER)] += int(row["findings"])
        total[3] += float(row["risk"])
        lists[place].add(key)
    needs = [
        Need(n, *place, findings, kev, tuple(counts), risk)
        for n, (place, (findings, kev, counts, risk)) in enumerate(sums.items())
    ]
    return needs, {n: sorted(lists[place]) for n, place in enumerate(sums)}


def _packages(engine: Engine, lists: Sequence[int] | None) -> dict[Key, tuple[Package, ...]]:
    """The packages of each of these lists, or of all lists for None, without duplicates."""
    found: dict[Key, set[Package]] = defaultdict(set)
    for row in engine.rows("fix_packages", lists=lists):
        found[row["region"], int(row["packages_id"])].add(
            Package(row["manager"] or "", row["name"], row["fixed_in"] or "")
        )
    return {key: tuple(sorted(packages)) for key, packages in found.items()}


def _hosts(
    engine: Engine,
    lines: Sequence[Line],
    lists: Mapping[int, Sequence[Key]],
    filters: Mapping[str, Any],
) -> list[list[Host]]:
    """The affected resources of each line."""
    line_of = {
        (line.kind, line.platform, key): place
        for place, line in enumerate(lines)
        for need in line.needs
        for key in lists[need]
    }
    wanted = sorted({key[1] for _, _, key in line_of})
    hosts: list[dict[tuple[str, str, str], Host]] = [{} for _ in lines]
    for row in engine.rows("fix_resources", lists=wanted, **filters) if wanted else []:
        place = line_of.get(
            (
                KINDS.get(row["resource_type"], INSTANCE),
                row["platform"],
                (row["region"], int(row["packages_id"])),
            )
        )
        if place is not None:
            hosts[place][row["account_id"], row["region"], row["resource_id"]] = {
                "resource_id": row["resource_id"],
                "name": row["name"],
                "account_id": row["account_id"],
                "region": row["region"],
            }
    return [list(found.values()) for found in hosts]


def _item(place: int, line: Line, hosts: Sequence[Host]) -> Fix:
    return {
        "place": place,
        "what": _what(line),
        "advice": advice(line),
        "command": command(line),
        "kind": line.kind,
        "platform": line.platform or None,
        "packages": [
            {"manager": one.manager, "name": one.name, "fixed_in": one.fixed_in}
            for one in line.packages
        ],
        "resources": len(hosts),
        "findings": line.findings,
        "critical": line.counts[0],
        "high": line.counts[1],
        "kev": line.kev,
        "risk": line.risk,
        "reboot": line.reboot,
        "hosts": hosts[:HOSTS_NAMED],
    }


def _what(line: Line) -> str:
    """The first package, and the number of the others."""
    first, *rest = line.packages
    return f"{first.name} +{len(rest)}" if rest else first.name


def images(question: ImageFixes, sources: Sources) -> ImageFixesAnswer:
    """Machine images, each with the findings that a rebuild resolves on its instances."""
    found = find(sources, question.as_of)
    found = within(found, place_of(question.filters, question.types))
    filters = parameters(types=question.types) | question.filters.parameters()
    rows = found.engine.rows("fix_images", count=None, **filters)
    items = [_image(row) for row in rows]
    headline = (
        phrase(
            "{}{} with fixable findings.",
            quantity(len(items), "machine image"),
            question.filters.words(),
        )
        if items
        else phrase("No machine images{} with fixable findings.", question.filters.words())
    )
    summary: ImageFixesFacts = {"removable": sum(item["findings"] for item in items)}
    return ListAnswer(
        headline,
        "images",
        items[: question.count or None],
        len(items),
        _IMAGES,
        _IMAGES_SHOWN,
        found.proof,
        summary,
    )


def _image(row: Mapping[str, Any]) -> ImageFix:
    owner = f" of {row['owner']}" if row["owner"] else ""
    what = phrase(
        "Rebuild {}{} and replace {} to resolve {}.",
        row["image_id"],
        owner,
        quantity(row["instances"], "instance"),
        quantity(row["findings"], "finding"),
    )
    return {
        "image_id": row["image_id"],
        "owner": row["owner"],
        "account_id": row["account_id"],
        "region": row["region"],
        "platform": row["platform"],
        "instances": row["instances"],
        "findings": row["findings"],
        "critical": row["critical"],
        "high": row["high"],
        "kev": row["kev"],
        "advice": what,
    }
