"""Replays a Dockerfile without a container engine: ``python containers/replay.py scanner FOLDER``.

Every instruction is read from the Dockerfile and done in a folder, each RUN in a sandbox of
bubblewrap with that folder as its root. What is not the same as with an engine:

- the base image: a copy of a Python of this machine in /usr/local, and this machine's Debian for
  everything else in /usr
- pip keeps its cache, so that nothing is downloaded twice

It needs Linux, root, and ``bwrap``.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[1]
BASE = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
# the base image's Python knows where its library is
_STAND_IN = {"LD_LIBRARY_PATH": "/usr/local/lib"}
_LINKS = ("bin", "sbin", "lib", "lib64")
_MOUNTED = ("etc", "proc", "dev", "tmp", "opt", "cache")
_NOT_IN_A_BASE = shutil.ignore_patterns(
    "test", "__pycache__", "*.a", "config-*", "idlelib", "tkinter", "turtledemo", "lib2to3"
)


class Unknown(Exception):
    """An instruction that cannot be replayed, named in the message."""


@dataclass(frozen=True)
class Image:
    """A stage after its instructions. ``root`` is its file system without the base image's."""

    root: Path
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def sandbox(
        self, command: Sequence[str], volumes: Path, env: Mapping[str, str], *, network: bool = True
    ) -> list[str]:
        """The command line that runs a command in the image as a container engine does with a
        read-only root file system.

        Volumes are in the folder ``volumes``, which can be reused. Without a network there is a
        separate loopback.
        """
        uid, gid = self.user.split(":")
        places = [(_volume(volumes, self, path), path) for path in self.volumes]
        binds = [word for place, path in places for word in ("--bind", str(place), path)]
        rights = [
            "setpriv",
            f"--reuid={uid}",
            f"--regid={gid}",
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all",
        ]
        own = [] if network else ["--unshare-net"]
        return [
            *_bwrap(self, "--ro-bind", {**self.env, **env}),
            *binds,
            *own,
            "--chdir",
            self.workdir,
            "--",
            *rights,
            *command,
        ]


def _volume(folder: Path, image: Image, path: str) -> Path:
    """Creates a volume as an engine does: with the owner and permissions that the image has at its
    path."""
    place, there = folder / path.strip("/"), (image.root / path.strip("/")).stat()
    if not place.exists():
        place.mkdir(parents=True)
        os.chown(place, there.st_uid, there.st_gid)
        place.chmod(there.st_mode & 0o7777)
    return place


def _bwrap(image: Image, bind: str, env: Mapping[str, str]) -> list[str]:
    words = [
        "bwrap",
        "--die-with-parent",
        "--unshare-pid",
        "--unshare-ipc",
        "--new-session",
        "--clearenv",
    ]
    words += [
        bind,
        str(image.root),
        "/",
        "--ro-bind",
        "/usr",
        "/usr",
        bind,
        str(image.root / "usr/local"),
        "/usr/local",
    ]
    words += ["--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev"]
    for name, value in {**_STAND_IN, **env}.items():
        words += ["--setenv", name, value]
    return words


def replay(
    dockerfile: Path, folder: Path, python: Path, arguments: Mapping[str, str] | None = None
) -> Image:
    """Builds the image in a new folder, with the Python installation ``python`` (a prefix) as the
    base image's."""
    steps = [
        one
        for one in DockerfileParser(path=str(dockerfile)).structure
        if one["instruction"] != "COMMENT"
    ]
    given, stages, stage = dict(arguments or {}), dict[str, Image](), ""
    scope: dict[str, str] = {}
    for word, value in ((one["instruction"], one["value"]) for one in steps):
        if word == "FROM":
            named = re.search(r" AS (\w+)$", value)
            stage, scope = named[1] if named else str(len(stages)), dict(BASE)
            stages[stage] = _base(folder / stage, python)
        elif word == "ARG":  # arguments before the first stage are only used in FROM
            name, default = _pair(value)
            scope[name] = given.get(name, default)
        else:
            stages[stage] = _do(stages[stage], word, value, scope, stages)
            scope |= stages[stage].env
    return stages[stage]


def _base(folder: Path, python: Path) -> Image:
    """The base image as far as it is available here: Python in /usr/local, with its pip."""
    local = folder / "usr" / "local"
    local.mkdir(parents=True)
    for name in _MOUNTED:
        (folder / name).mkdir()
    (folder / "tmp").chmod(0o1777)
    for name in _LINKS:
        (folder / name).symlink_to(f"usr/{name}")
    for name in ("bin", "lib"):
        shutil.copytree(python / name, local / name, symlinks=True, ignore=_left_out(python))
    return Image(folder, dict(BASE))


def _left_out(python: Path) -> Any:
    def ignore(folder: str, names: list[str]) -> set[str]:
        away = set(_NOT_IN_A_BASE(folder, names))
        if folder.endswith("site-packages"):
            away |= {name for name in names if not name.startswith("pip")}
        if Path(folder) == python / "bin":
            away |= {name for name in names if not re.fullmatch(r"(python|pip)[0-9.]*", name)}
        return away

    return ignore


def _do(
    image: Image, name: str, value: str, scope: Mapping[str, str], stages: Mapping[str, Image]
) -> Image:
    if name == "EXPOSE":
        return image
    if name == "RUN":
        _run(image, value)
        return image
    if name == "COPY":
        _copy(image, value, stages)
        return image
    if name == "WORKDIR":
        (image.root / value.strip("/")).mkdir(parents=True, exist_ok=True)
    changed: dict[str, Any] = {
        "ENV": lambda: {"env": {**image.env, **_pairs(value, scope)}},
        "LABEL": lambda: {"labels": {**image.labels, **_pairs(value, scope)}},
        "WORKDIR": lambda: {"workdir": value},
        "USER": lambda: {"user": value},
        "VOLUME": lambda: {"volumes": (*image.volumes, *json.loads(value))},
        "HEALTHCHECK": lambda: {
            "healthcheck": () if value == "NONE" else tuple(json.loads(value.partition("CMD")[2]))
        },
        "ENTRYPOINT": lambda: {"entrypoint": tuple(json.loads(value)), "command": ()},
        "CMD": lambda: {"command": tuple(json.loads(value))},
    }
    if name not in changed:
        raise Unknown(f"{name} {value}")
    return replace(image, **changed[name]())


def _pair(text: str) -> tuple[str, str]:
    name, _, value = shlex.split(text)[0].partition("=")
    return name, value


def _pairs(text: str, scope: Mapping[str, str]) -> dict[str, str]:
    found = (word.partition("=") for word in shlex.split(text.replace("\\\n", " ")))
    return {name: string.Template(value).substitute(scope) for name, _, value in found}


def _run(image: Image, command: str) -> None:
    """One RUN as root, with this machine's pip settings and cache."""
    pip = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    env = {**pip, **image.env, "HOME": "/root", "PIP_CACHE_DIR": "/cache"}
    env.pop("PIP_NO_CACHE_DIR", None)
    cache = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "pip"
    cache.mkdir(parents=True, exist_ok=True)
    words = [*_bwrap(image, "--bind", env), "--bind", str(cache), "/cache"]
    done = subprocess.run(
        [*words, "--chdir", image.workdir, "--", "sh", "-c", command],
        env=BASE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"RUN {command}\n{done.stdout}{done.stderr}")


def _copy(image: Image, value: str, stages: Mapping[str, Image]) -> None:
    words = shlex.split(value)
    *sources, target = [word for word in words if not word.startswith("--")]
    place = image.root / (Path(image.workdir) / target).as_posix().strip("/")
    if words[0].startswith("--from="):
        origin = stages[words[0].removeprefix("--from=")].root
        shutil.copytree(origin / sources[0].strip("/"), place, symlinks=True, copy_function=os.link)
        return
    for path in context():
        if any(path == Path(source) or source == "." for source in sources):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, place / path, follow_symlinks=False)


def context() -> Iterator[Path]:
    """The files that .dockerignore lets into the build, relative to the checkout. Only the forms
    used in ours are supported."""
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    let, kept_out = (
        [line[1:] for line in lines if line.startswith("!")],
        [line[3:] for line in lines if line.startswith("**/")],
    )
    if lines[0] != "*" or len(lines) != 1 + len(let) + len(kept_out):
        raise Unknown(f".dockerignore {lines}")
    for name in let:
        found = (
            [ROOT / name]
            if (ROOT / name).is_file()
            else (path for path in (ROOT / name).rglob("*") if path.is_file())
        )
        for path in found:
            if not set(path.parts) & set(kept_out):
                yield path.relative_to(ROOT)


def size(folder: Path) -> int:
    """The size of the files in a folder in bytes, each counted once."""
    found = {
        (one.st_dev, one.st_ino): one.st_size
        for one in (p.lstat() for p in folder.rglob("*"))
        if one.st_mode & 0o100000
    }
    return sum(found.values())


if __name__ == "__main__":
    made = replay(ROOT / sys.argv[1] / "Dockerfile", Path(sys.argv[2]), Path(sys.base_prefix))
    sys.stdout.write(
        f"{made.root}: {size(made.root) / 1e6:.0f} MB, of which packages"
        f" {size(made.root / 'opt') / 1e6:.0f} MB\n"
    )
