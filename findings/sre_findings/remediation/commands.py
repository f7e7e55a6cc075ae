"""Instructions for a line of the fix plan: always a sentence, and a command where one is safe.

Names and versions come from findings, so they are untrusted input. A command contains only names
and versions that match the package manager's own grammar, each of them quoted. If one of them does
not match, there is no command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from sre_findings.remediation.fix_plan import CODE, FUNCTION, IMAGE, INSTANCE, Line, Package
from sre_findings.remediation.version_order import readable, scheme_of

_NAMED = 3  # packages named in a sentence; the line lists all of them
_LONGEST = 214  # characters of a name: the limit of npm, the longest of all managers
_NUMBER = re.compile(r"[0-9]+")

_ADVICE = {
    INSTANCE: "Upgrade to {}.",
    IMAGE: "Rebuild the image with {}.",
    FUNCTION: "Rebuild and redeploy the function with {}.",
    CODE: "Update the dependency in the repository to {}.",
}


class _Tool(NamedTuple):
    """The words of a command, the names that it accepts, and the form of each argument.

    ``unattended`` has the words with which the tool does not prompt, if it otherwise would.
    """

    words: str
    name: re.Pattern[str]
    form: str = "{name}"
    unattended: str = ""


_RPM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
# apt-get removes a package if its name is followed by a hyphen
_DPKG = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+.]")
_APT = _Tool(
    "apt-get update && apt-get install --only-upgrade",
    _DPKG,
    unattended="apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y"
    " -o Dpkg::Options::=--force-confold --only-upgrade",
)
_APK = _Tool("apk add --update-cache --upgrade", _RPM)
_YUM = _Tool("yum update", _RPM, unattended="yum update -y")
_DNF = _Tool("dnf upgrade", _RPM, unattended="dnf upgrade -y")
# without --releasever, Amazon Linux stays at the release that the instance was built from
_DNF_AMAZON = _Tool(
    "dnf upgrade --releasever=latest", _RPM, unattended="dnf upgrade -y --releasever=latest"
)
_ZYPPER = _Tool("zypper update", _RPM, unattended="zypper --non-interactive update")

_PIP = _Tool(
    "pip install --upgrade",
    re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"),
    "{name}>={version}",
)
_NODE = re.compile(r"(?:@[a-z0-9][a-z0-9._~-]*/)?[A-Za-z0-9][A-Za-z0-9._~-]*")
_NPM = _Tool("npm install", _NODE, "{name}@{version}")
_GO_MODULE = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)+")
_GO = _Tool("go get", _GO_MODULE, "{name}@v{version}")

# Only tools that replace the old version. A gem stays installed beside the new one, and a jar must
# be located first.
_TOOLS = {
    "PIP": _PIP,
    "PYTHON": _PIP,
    "PYTHONPKG": _PIP,
    "NODEPKG": _NPM,
    "NPM": _NPM,
    "PNPM": _Tool("pnpm add", _NODE, "{name}@{version}"),
    "YARN": _Tool("yarn upgrade", _NODE, "{name}@{version}"),
    "GO": _GO,
    "GOMOD": _GO,
}


def command(line: Line, *, unattended: bool = False) -> str | None:
    """The command to run in a POSIX shell on the instance, or None if none is safe.

    Packages of a language must be upgraded in the folder where they are used. An ``unattended``
    command does not prompt.
    """
    if line.kind != INSTANCE or _is_windows(line) or not line.packages:
        return None
    groups = dict[_Tool | None, list[str | None]]()
    for package in line.packages:
        tool = _tool(package.manager, line.platform)
        groups.setdefault(tool, []).append(_word(package, tool, line.platform))
    parts = [_joined(tool, words, unattended) for tool, words in groups.items()]
    sure = [part for part in parts if part is not None]
    return " && ".join(sure) if len(sure) == len(parts) else None


def advice(line: Line) -> str:
    """What to do, as one sentence of plain text on one line.

    The text is not escaped: each renderer escapes it for its own medium.
    """
    if not line.packages:
        return "No fixed version is known."
    what = _listed(line.packages)
    if line.reboot:
        return f"Upgrade to {what}, reboot, then rescan."
    if line.kind == INSTANCE and _is_windows(line):
        return f"Install the update that contains {what}."
    return _ADVICE.get(line.kind, _ADVICE[INSTANCE]).format(what)


def _is_windows(line: Line) -> bool:
    return line.platform.upper().startswith("WINDOWS")


def _tool(manager: str, platform: str) -> _Tool | None:
    if manager.upper() != "OS":
        return _TOOLS.get(manager.upper())
    tools = {"deb": _APT, "apk": _APK, "rpm": _rpm_tool(platform.upper())}
    return tools.get(scheme_of(manager, platform))


def _rpm_tool(platform: str) -> _Tool | None:
    found = _NUMBER.search(platform)
    release = int(found[0]) if found else 0
    if platform.startswith("AMAZON_LINUX"):  # Amazon Linux 1 is 2018.03, and 2 precedes 2023
        return _DNF_AMAZON if release >= 2022 else _YUM
    if platform.startswith(("OPENSUSE", "SLES", "SUSE")):
        return _ZYPPER
    if platform.startswith("PHOTON"):
        return None
    return _DNF if release >= 8 or platform.startswith("FEDORA") else _YUM


def _word(package: Package, tool: _Tool | None, platform: str) -> str | None:
    """The package as an argument of the tool, quoted.

    None if its manager would not accept the name or the version.
    """
    if tool is None or len(package.name) > _LONGEST or not tool.name.fullmatch(package.name):
        return None
    if not readable(package.fixed_in, scheme_of(package.manager, platform)):
        return None
    return shlex.quote(
        tool.form.format(name=package.name, version=package.fixed_in.removeprefix("v"))
    )


def _joined(tool: _Tool | None, words: Sequence[str | None], unattended: bool) -> str | None:
    if tool is None or None in words:
        return None
    first = tool.unattended if unattended and tool.unattended else tool.words
    return " ".join([first, *dict.fromkeys(word for word in words if word)])


def _listed(packages: Sequence[Package]) -> str:
    named = [
        f"{_plain(one.name)} {_plain(one.fixed_in.removeprefix('0:'))}" for one in packages[:_NAMED]
    ]
    if len(packages) > _NAMED:
        more = len(packages) - _NAMED
        return f"{', '.join(named)} and {more} more package{'s' if more > 1 else ''}, or newer"
    return (
        f"{named[0]} or newer"
        if len(named) == 1
        else f"{', '.join(named[:-1])} and {named[-1]}, or newer"
    )


def _plain(text: str) -> str:
    """Untrusted text without line breaks and unprintable characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
