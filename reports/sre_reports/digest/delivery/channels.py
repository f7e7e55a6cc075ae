"""The file of channels: which owners' nights go to which channel of Slack. YAML, and every mistake
named with its line.

channels:
  - channel: C0123456789        # the channel's id, as its details show it
    owners: [payments]          # or ["*"] for everything
    page: true                  # @here for a new KEV or exposed critical; default false
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_findings.config.yaml_nodes import LARGEST, Node, brief, parse, wrong
from sre_findings.model.access import ALL
from sre_findings.model.errors import UsageError

_KEYS = ("channel", "owners", "page")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{6,20}")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_ID = (
    "Use the id of the channel, such as C0123456789: Slack shows it at the end of the channel's"
    " details."
)


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, the owners whose nights it gets, and whether it may be woken."""

    channel: str
    owners: tuple[str, ...] = (ALL,)
    page: bool = False


NOWHERE = Route("everything")
"""The night of everything, for who wants to see it before there is a channel."""


def chosen(file: Path | None, channel: str | None, *, unsent: bool = False) -> Sequence[Route]:
    """The channels of a file, or the one that is named; without a file the named one gets
    everything.

    Raises UsageError where there is neither, unless nothing is to be sent; for a channel that the
    file has not, and for a wrong file.
    """
    if file is None:
        if channel is None and unsent:
            return [NOWHERE]
        if channel is None:
            raise UsageError(
                "no channel is known",
                do="Set SRE_SLACK_CHANNELS to a file of channels, or say --channel.",
            )
        return [Route(check_channel(channel))]
    routes = load(file)
    if channel is None:
        return routes
    if not (named := [one for one in routes if one.channel == channel]):
        known = ", ".join(one.channel for one in routes) or "none"
        raise UsageError(
            f"{file} has no channel {brief(channel)}",
            why=f"it has {known}",
            do="Add it, or choose one of these.",
        )
    return named


def check_channel(text: str) -> str:
    """The id of a channel. Raises UsageError for a name, which may change hands."""
    if not _CHANNEL.fullmatch(text):
        raise UsageError(f"{brief(text)} is no id of a channel", do=_ID)
    return text


def load(path: Path) -> list[Route]:
    """The routes of a file, in its order. Raises UsageError that names the line of the first
    mistake."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"{path} cannot be read", why=why, do="Check SRE_SLACK_CHANNELS."
        ) from error
    return parse_routes(content, str(path))


def parse_routes(content: bytes, file: str) -> list[Route]:
    """The same of a file's bytes."""
    root = parse(content, file)
    listed = _map(file, root, ("channels",), "the file").get("channels")
    if listed is None or not isinstance(listed.value, list) or not listed.value:
        raise wrong(
            file,
            (listed or root).line,
            "channels must be a list, each channel beginning with a dash",
        )
    found: dict[str, Route] = {}
    for node in listed.value:
        route = _route(file, node)
        if route.channel in found:
            raise wrong(
                file,
                node.line,
                f"channel {route.channel} is given twice",
                "Give its owners in one place.",
            )
        found[route.channel] = route
    return list(found.values())


def _route(file: str, node: Node) -> Route:
    keys = _map(file, node, _KEYS, "a channel")
    for key in ("channel", "owners"):
        if key not in keys:
            raise wrong(
                file,
                node.line,
                f"{key} is missing",
                _ID if key == "channel" else 'Use ["*"] for everything.',
            )
    channel = _text(file, keys["channel"], "channel")
    if not _CHANNEL.fullmatch(channel):
        raise wrong(file, keys["channel"].line, f"channel {brief(channel)} is no id", _ID)
    return Route(channel, _owners(file, keys["owners"]), _page(file, keys.get("page")))


def _owners(file: str, node: Node) -> tuple[str, ...]:
    items = node.value if isinstance(node.value, list) else [node]
    names = tuple(dict.fromkeys(_text(file, item, "owners") for item in items))
    if not names:
        raise wrong(file, node.line, "owners must not be empty", 'Use ["*"] for everything.')
    if ALL in names and len(names) > 1:
        raise wrong(file, node.line, "owners holds * and names beside it", "Keep one or the other.")
    return names


def _page(file: str, node: Node | None) -> bool:
    if node is None:
        return False
    text = _text(file, node, "page")
    if text.lower() not in _WORDS:
        raise wrong(file, node.line, f"page must be true or false, not {brief(text)}")
    return _WORDS[text.lower()]


def _text(file: str, node: Node, key: str) -> str:
    if not isinstance(node.value, str) or not (text := node.value.strip()):
        raise wrong(file, node.line, f"{key} must be a text")
    return text


def _map(file: str, node: Node, known: Sequence[str], where: str) -> dict[str, Node]:
    """The keys of a map. A mistyped one would send nothing, or to nobody."""
    if not isinstance(node.value, dict):
        raise wrong(file, node.line, f"{where} must have keys: {', '.join(known)}")
    for key, value in node.value.items():
        if key not in known:
            raise wrong(
                file,
                value.line,
                f"{brief(key)} is not a key of {where}",
                f"Use: {', '.join(known)}.",
            )
    return node.value
