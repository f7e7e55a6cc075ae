"""The channels file: which owners' digests go to which Slack channel. Every error names its line.

channels:
  - channel: C0123456789        # the channel's id, as its details show it
    owners: [payments]          # or ["*"] for all resources
    page: true                  # notify @here of findings added to KEV, and of new critical ones on
                                # internet-facing resources; false by default
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_findings.config.yaml_nodes import Node, brief, parse, wrong
from sre_findings.files import user_file
from sre_findings.model.access import ALL
from sre_findings.model.errors import UsageError

_KEYS = ("channel", "owners", "page")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{6,20}")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_ID = "Use the channel's id, such as C0123456789, from the end of its details in Slack."


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, the owners whose digests it gets, and whether it may be notified."""

    channel: str
    owners: tuple[str, ...] = (ALL,)
    page: bool = False


NOWHERE = Route("everything")
"""The digest of all resources, for a preview before any channel is set up."""


def chosen(file: Path | None, channel: str | None, *, unsent: bool = False) -> Sequence[Route]:
    """Returns the routes of the channels file, or only that of ``channel``.

    Without a file, ``channel`` gets the digest of all resources. Raises UsageError for neither a
    file nor a channel (unless ``unsent``, for a preview), for a channel that is not in the file,
    and for an invalid file.
    """
    if file is None:
        if channel is None and unsent:
            return [NOWHERE]
        if channel is None:
            raise UsageError(
                "no Slack channel is configured",
                do="Set SRE_SLACK_CHANNELS to a channels file, or pass --channel.",
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
    """Checks a channel id. Raises UsageError for a name, because names can be reassigned."""
    if not _CHANNEL.fullmatch(text):
        raise UsageError(f"{brief(text)} is not a channel id", do=_ID)
    return text


def load(path: Path) -> list[Route]:
    """Returns the routes of a file in its order.

    Raises UsageError with the line of the first error.
    """
    return parse_routes(user_file(path, "Check SRE_SLACK_CHANNELS."), str(path))


def parse_routes(content: bytes, file: str) -> list[Route]:
    """Parses the routes in the content of a file; ``file`` is its name in errors."""
    root = parse(content, file)
    listed = _map(file, root, ("channels",), "the file").get("channels")
    if listed is None or not isinstance(listed.value, list) or not listed.value:
        raise wrong(
            file,
            (listed or root).line,
            "channels must be a list, each channel starting with a dash",
        )
    found: dict[str, Route] = {}
    for node in listed.value:
        route = _route(file, node)
        if route.channel in found:
            raise wrong(
                file,
                node.line,
                f"channel {route.channel} is given twice",
                "List its owners in one entry.",
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
                _ID if key == "channel" else 'Use ["*"] for all resources.',
            )
    channel = _text(file, keys["channel"], "channel")
    if not _CHANNEL.fullmatch(channel):
        raise wrong(
            file, keys["channel"].line, f"channel {brief(channel)} is not a channel id", _ID
        )
    return Route(channel, _owners(file, keys["owners"]), _page(file, keys.get("page")))


def _owners(file: str, node: Node) -> tuple[str, ...]:
    items = node.value if isinstance(node.value, list) else [node]
    names = tuple(dict.fromkeys(_text(file, item, "owners") for item in items))
    if not names:
        raise wrong(file, node.line, "owners must not be empty", 'Use ["*"] for all resources.')
    if ALL in names and len(names) > 1:
        raise wrong(file, node.line, "owners contains both * and names", "Keep one of the two.")
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
        raise wrong(file, node.line, f"{key} must be text")
    return text


def _map(file: str, node: Node, known: Sequence[str], where: str) -> dict[str, Node]:
    """Returns the keys of a map.

    Unknown keys are errors, because a typo could silence a channel.
    """
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
