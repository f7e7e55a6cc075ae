"""The lock files install the locked versions despite newer releases.

Tested with the pip of each supported Python.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PYTHONS = os.environ.get("SRE_PYTHONS", f"{sys.base_prefix}/bin/python3").split(os.pathsep)

BACKEND = """
import pathlib, shutil, warnings
def build_wheel(directory, *_):
    warnings.warn("as setuptools does")
    shutil.copy("built.whl", pathlib.Path(directory) / "built-1.0-py3-none-any.whl")
    return "built-1.0-py3-none-any.whl"
build_editable = build_wheel
"""


def wheel(name: str, number: str, *requires: str, source: str = "") -> bytes:
    """A wheel with one module."""
    info = f"{name}-{number}.dist-info"
    lines = [f"Requires-Dist: {one}\n" for one in requires]
    files = {
        f"{name}.py": source,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\nProvides-Extra:"
            f" more\n{''.join(lines)}"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    sums = [f"{path},sha256={_sum(text.encode())},{len(text)}\n" for path, text in files.items()]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        for path, text in {
            **files,
            f"{info}/RECORD": "".join([*sums, f"{info}/RECORD,,\n"]),
        }.items():
            made.writestr(path, text)
    return written.getvalue()


def _sum(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def sdist() -> bytes:
    """A source distribution whose build requires the newest release of ``backend``."""
    files = {
        "pyproject.toml": b'[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n',
        "PKG-INFO": b"Metadata-Version: 2.1\nName: built\nVersion: 1.0\n",
        "built.whl": wheel("built", "1.0"),
    }
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"built-1.0/{name}")
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return written.getvalue()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two locks and an index.

    The index has newer releases of the locked packages, all of which are broken.
    """
    folder = tmp_path_factory.mktemp("the world")
    files = {
        "asks-1.0-py3-none-any.whl": wheel("asks", "1.0", "asked[more]"),
        "asked-1.0-py3-none-any.whl": wheel("asked", "1.0"),
        "backend-1.0-py3-none-any.whl": wheel("backend", "1.0", source=BACKEND),
        "built-1.0.tar.gz": sdist(),
        "asks-2.0-py3-none-any.whl": wheel("asks", "2.0", "asked[more]", "absent"),
        "asked-2.0-py3-none-any.whl": wheel("asked", "2.0", "absent"),
        "backend-2.0-py3-none-any.whl": wheel(
            "backend", "2.0", source="raise SystemExit('the newest release is broken')"
        ),
    }
    for name, content in files.items():
        project = folder / "simple" / name.split("-")[0]
        project.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(content)
    for project in (folder / "simple").iterdir():
        links = [f'<a href="{one.name}">{one.name}</a>' for one in project.iterdir()]
        (project / "index.html").write_text(
            f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
        )
    pinned = [
        f"{name.split('-')[0]}==1.0 --hash=sha256:{hashlib.sha256(held).hexdigest()}"
        for name, held in files.items()
        if "-1.0" in name
    ]
    (folder / "requirements-build.lock").write_text(
        "".join(f"{one}\n" for one in pinned if one.startswith("backend"))
    )
    (folder / "all.lock").write_text(
        "".join(f"{one}\n" for one in pinned if not one.startswith("backend"))
    )
    (folder / "without source.lock").write_text(
        "".join(f"{one}\n" for one in pinned if one.startswith("ask"))
    )
    with tarfile.open(folder / "simple" / "built" / "built-1.0.tar.gz") as source:
        source.extractall(folder, filter="data")
    return folder


def bundled(python: str) -> str:
    """The wheel of pip that ``python -m venv`` installs."""
    find = (
        "import ensurepip, pathlib; print(*(pathlib.Path(ensurepip.__file__).parent /"
        " '_bundled').glob('pip-*.whl'))"
    )
    return subprocess.run(
        [python, "-c", find], check=True, capture_output=True, text=True
    ).stdout.strip()


def install(
    world: Path, folder: Path, python: str, pip: str, lock: str = "all.lock", *more: str
) -> subprocess.CompletedProcess[str]:
    """Runs install-lock.sh in an environment whose only pip is the one in ``pip``."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    settings |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (world / "simple").as_uri(),
        "PYTHONPATH": pip,
    }
    command: list[str | Path] = [
        "sh",
        ROOT / "install-lock.sh",
        folder / "bin" / "python",
        world / lock,
        *more,
    ]
    return subprocess.run(
        command, cwd=world, env=settings, capture_output=True, text=True, check=False
    )


def installed(folder: Path) -> dict[str, str]:
    """The installed versions by name."""
    found = folder.glob("lib/python*/site-packages/*.dist-info")
    pairs = (one.name.removesuffix(".dist-info").partition("-") for one in found)
    return {name: number for name, _, number in pairs}


@pytest.mark.parametrize("python", PYTHONS)
def test_each_pythons_pip_installs_the_locked_versions_despite_newer_releases(
    world: Path, tmp_path: Path, python: str
) -> None:
    ran = install(world, tmp_path / "with a space", python, bundled(python))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert installed(tmp_path / "with a space") == {
        "asks": "1.0",
        "asked": "1.0",
        "backend": "1.0",
        "built": "1.0",
    }


@pytest.fixture
def newest_pip(tmp_path: Path) -> str:
    """A path with only the locked pip, which was the newest when the lock was made."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip").symlink_to(Path(str(distribution("pip").locate_file("pip"))))
    return str(tmp_path / "pip")


def test_the_newest_pip_installs_the_locked_versions(
    world: Path, tmp_path: Path, newest_pip: str
) -> None:
    ran = install(
        world,
        tmp_path / "venv",
        PYTHONS[0],
        newest_pip,
        "without source.lock",
        "--editable",
        "built-1.0",
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (
        0,
        "",
        "",
    ), "no warning of a build tool is shown either"
    assert installed(tmp_path / "venv") == {
        "asks": "1.0",
        "asked": "1.0",
        "backend": "1.0",
        "built": "1.0",
    }


def test_a_file_without_the_locked_hash_is_refused(
    world: Path, tmp_path: Path, newest_pip: str
) -> None:
    (world / "other.lock").write_text(
        re.sub("[0-9a-f]{64}", "0" * 64, (world / "all.lock").read_text())
    )
    ran = install(world, tmp_path / "venv", PYTHONS[0], newest_pip, "other.lock")
    assert ran.returncode != 0
    assert "DO NOT MATCH THE HASHES" in ran.stderr
    assert "asks" not in installed(tmp_path / "venv")


def test_an_incomplete_lock_is_refused(world: Path, tmp_path: Path, newest_pip: str) -> None:
    kept = [
        line
        for line in (world / "all.lock").read_text().splitlines()
        if not line.startswith("asked")
    ]
    (world / "short.lock").write_text("\n".join(kept))
    ran = install(world, tmp_path / "venv", PYTHONS[0], newest_pip, "short.lock")
    assert ran.returncode != 0
    assert "asks 1.0 requires asked, which is not installed" in ran.stdout + ran.stderr


def locked(*names: str) -> dict[str, str]:
    """The version of each distribution that these lock files pin for this platform."""
    lines = [
        line
        for name in names
        for line in (ROOT / name).read_text().splitlines()
        if re.match(r"[a-z0-9]", line)
    ]
    found = [Requirement(line.removesuffix("\\").strip()) for line in lines]
    here = [one for one in found if one.marker is None or one.marker.evaluate()]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in here}


def test_the_installed_versions_are_the_locked_ones() -> None:
    pinned = locked("requirements-build.lock", "requirements.lock")
    assert {name: version(name) for name in pinned} == pinned


def needs(lines: list[str], extras: set[str]) -> list[Requirement]:
    """The requirements with these extras that apply on this platform."""
    found = [Requirement(line) for line in lines]
    return [
        one
        for one in found
        if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""})
    ]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", "cli slack dev"),
        ("requirements-scanner.lock", "scanner"),
        ("requirements-server.lock", "cli otel"),
        ("requirements-notebooks.lock", "notebooks"),
    ],
)
def test_a_lock_has_all_dependencies_of_its_extras(lock: str, extras: str) -> None:
    config, pinned, seen = configparser.ConfigParser(), locked(lock), set[str]()
    config.read(ROOT / "setup.cfg")
    lines = [
        line
        for extra in extras.split()
        for line in config["options.extras_require"][extra].splitlines()
        if line
    ]
    wanted = needs(lines, set())
    while wanted:
        one = wanted.pop()
        assert one.specifier.contains(pinned[canonicalize_name(one.name)], prereleases=True), one
        key = f"{one.name} {sorted(one.extras)}"
        if key not in seen:
            seen.add(key)
            wanted += needs(distribution(one.name).requires or [], one.extras)


def test_nothing_else_installs_from_an_index() -> None:
    """Every installation uses install-lock.sh with a committed lock, or npm ci.

    Covers the Makefile, the images and CI.
    """
    files = [
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
        *(ROOT / name / "Dockerfile" for name in ("scanner", "mcp")),
    ]
    text = "\n".join(path.read_text() for path in files)
    assert not re.findall(r"pip3? install|npm install|npx |uv (?:sync|pip install)", text)
    named = set(re.findall(r"requirements[a-z-]*\.lock", text))
    assert named == {path.name for path in ROOT.glob("requirements*.lock")}
