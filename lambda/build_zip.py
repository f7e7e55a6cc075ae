"""``make zip``: the deployment package of the Slack function, ``dist/sre-slack.zip``.

The package is reproducible byte for byte. It contains our modules that the function imports, and
the libraries of the extra ``slack`` from the environment that ``make setup`` installed from
requirements.lock. Each file is verified against the checksum in its wheel, each version against the
lock. Nothing is downloaded. Libraries with compiled parts are refused, so that the zip runs on both
processor architectures. Of botocore's 440 service descriptions it contains only the one that is
used.

Unchecked bytecode is stored beside each source: Lambda's disk is read-only, so every cold start
would otherwise compile the sources again. Another version of Python than the one that builds the
zip ignores the bytecode, and starts more slowly.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import py_compile
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from importlib.metadata import Distribution, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = {"sre_slack": "lambda", "sre_reports": "reports", "sre_findings": "findings"}
BY_NAME = "sre_findings.model.answers"  # its ``list_types`` imports the others by their names
SERVICES = ("dynamodb",)
_LEFT_OUT = re.compile(
    rf"botocore/data/(?!(?:{'|'.join(SERVICES)})/|[^/]+\.json)|boto3/data/(?!dynamodb/)|boto3/examples/"
    r"|.*(?:\.pyi|/py\.typed|\.pyc)$|\.\./|[^/]+\.dist-info/(?!METADATA$|licenses/|LICENSE|NOTICE)|distutils-precedence\.pth"
)
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
_WORD = re.compile(r"[A-Za-z0-9._-]+")


class Unfit(Exception):
    """Something must not be deployed. The message has the problem and the remedy."""


def main() -> None:
    """Builds the zip at the path in the first argument, or in dist."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "sre-slack.zip"
    try:
        files = dict(sorted({**our_files(), **library_files()}.items()))
    except Unfit as error:
        raise SystemExit(f"build_zip: {error}") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, files | bytecode(files))
    sys.stdout.write(
        f"{target}: {target.stat().st_size / 1e6:.1f} MB, for Python 3.{sys.version_info.minor}\n"
    )


def our_files() -> dict[str, bytes]:
    """Returns our modules by their path in the zip.

    They are those of sre_slack and of BY_NAME, and all modules that these import, inside functions
    too.
    """
    wanted = [
        _name(path, package)
        for package in ("sre_slack", BY_NAME)
        for path in ROOT.joinpath(OURS[package.split(".")[0]], *package.split(".")).glob("*.py")
    ]
    found: dict[str, bytes] = {}
    while wanted:
        path = _source(wanted.pop())
        if path is None:
            continue
        place = path.relative_to(ROOT).as_posix().split("/", 1)[1]
        if place not in found:
            found[place] = path.read_bytes()
            wanted += _imported(ast.parse(found[place]))
            wanted += _packages(place)
    return found


def _name(path: Path, package: str) -> str:
    return package if path.stem == "__init__" else f"{package}.{path.stem}"


def _source(module: str) -> Path | None:
    """Returns the file of one of our modules; None for any other name."""
    parts = module.split(".")
    if parts[0] not in OURS:
        return None
    base = ROOT.joinpath(OURS[parts[0]], *parts)
    return next(
        (one for one in (base / "__init__.py", base.with_suffix(".py")) if one.is_file()), None
    )


def _packages(place: str) -> list[str]:
    parts = place.split("/")[:-1]
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yields the names that a module imports, except for type checking."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imported(node)


def library_files() -> dict[str, bytes]:
    """Returns the files of all required libraries by their path in the zip.

    They are the libraries that the extra requires, directly or indirectly. Raises Unfit.
    """
    config, locked = ConfigParser(), _locked()
    config.read(ROOT / "setup.cfg")
    wanted, found = (
        _names(config["options.extras_require"]["slack"].splitlines()),
        dict[str, Distribution](),
    )
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = _checked(name, locked)
            wanted += _names(found[name].requires or [])
    return {path: held for one in found.values() for path, held in _held(one)}


def _names(requirements: list[str]) -> list[str]:
    """Returns the names of the requirements, without optional ones (extras)."""
    plain = [line.strip() for line in requirements if line.strip() and "extra ==" not in line]
    return [_normal(word[0]) for line in plain if (word := _WORD.match(line))]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked() -> Mapping[str, str]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        _normal(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    }


def _checked(name: str, locked: Mapping[str, str]) -> Distribution:
    found = distribution(name)
    if found.version != locked.get(name):
        raise Unfit(
            f"{name} {found.version} is installed, {locked.get(name)} is locked. Run make setup."
        )
    if "Root-Is-Purelib: true" not in (found.read_text("WHEEL") or ""):
        raise Unfit(
            f"{name} has compiled parts, which run on one architecture only. Remove it from the"
            " extra slack."
        )
    return found


def _held(library: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yields the required files of a library, each as it was in the wheel. Raises Unfit."""
    for file in library.files or ():
        path = file.as_posix()
        if _LEFT_OUT.match(path):
            continue
        held = file.read_binary()
        if file.hash and file.hash.value != _sum(file.hash.mode, held):
            raise Unfit(
                f"{path} has changed since it was installed. Remove .venv and run make setup."
            )
        yield path, held


def _sum(mode: str, held: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.new(mode, held).digest()).rstrip(b"=").decode()


def bytecode(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns the bytecode of each source, by the path at which Python looks for it."""
    unchecked, made = py_compile.PycInvalidationMode.UNCHECKED_HASH, {}
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "source.py", Path(name) / "made.pyc"
        for path, held in files.items():
            if path.endswith(".py"):
                source.write_bytes(held)
                py_compile.compile(
                    str(source),
                    str(target),
                    f"/var/task/{path}",
                    doraise=True,
                    invalidation_mode=unchecked,
                )
                made[importlib.util.cache_from_source(path)] = target.read_bytes()
    return made


def write(target: Path, files: Mapping[str, bytes]) -> None:
    """Writes a zip whose bytes depend only on the files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path, held in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _TIME)
            entry.compress_type, entry.external_attr, entry.create_system = (
                zipfile.ZIP_DEFLATED,
                0o644 << 16,
                3,
            )
            made.writestr(entry, held)


if __name__ == "__main__":
    main()
