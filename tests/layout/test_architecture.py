"""The diagrams in docs/architecture.md show the layers that the import contracts check."""

from __future__ import annotations

import ast
import configparser
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("*/sre_*/__init__.py"))
LARGEST_ROOM = 25  # modules in a folder; the largest folder has one for each command


def layers(contract: str) -> list[str]:
    """The layers of an import contract, without the name of their common package."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    text = setup[f"importlinter:contract:{contract}"]["layers"]
    return [line.replace("sre_findings.", "").strip() for line in text.strip().splitlines()]


def drawings() -> list[list[str]]:
    """The diagrams of the page: blocks whose lines have only package names and separators."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    blocks = [
        block.strip("\n").splitlines() for block in re.findall(r"```\n(.*?)```", page, re.DOTALL)
    ]
    return [
        [line.strip() for line in lines]
        for lines in blocks
        if all(re.fullmatch(r"\s*\w+( [|:] \w+)*", line) for line in lines)
    ]


@pytest.mark.parametrize(("place", "contract"), [(0, "components"), (1, "findings")])
def test_a_drawing_shows_the_layers_of_its_contract(place: int, contract: str) -> None:
    assert drawings()[place] == layers(contract)


def test_every_package_of_the_core_is_in_its_drawing() -> None:
    core = ROOT / "findings" / "sre_findings"
    names = {path.stem for path in core.glob("*.py")} | {
        path.parent.name for path in core.glob("*/__init__.py")
    }
    drawn = set(re.findall(r"\w+", " ".join(layers("findings"))))
    assert names - {"__init__"} == drawn


def modules() -> dict[str, Path]:
    """Every module of the product by its name."""
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for package in PACKAGES
        for path in package.rglob("*.py")
    }


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The product's modules that a file imports, including late imports and those for types."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield from [inner] if inner in known else [node.module][: node.module in known]


def test_no_module_is_part_of_an_import_cycle() -> None:
    known = modules()
    graph = {name: set(imported(path, known)) - {name} for name, path in known.items()}
    assert len(graph) > 400
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_no_folder_has_too_many_modules_to_overlook() -> None:
    sizes: dict[Path, int] = {}
    for path in modules().values():
        sizes[path.parent] = sizes.get(path.parent, 0) + (path.name != "__init__.py")
    assert {folder.name: size for folder, size in sizes.items() if size > LARGEST_ROOM} == {}
