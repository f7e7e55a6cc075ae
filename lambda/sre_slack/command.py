"""The arguments of ``/sre-vuln-check``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEVERITIES = ("critical", "high", "medium", "low", "informational", "untriaged")
LONGEST = 1024  # characters of an id or a name

HELP = """\
*/sre-vuln-check* shows how vulnerable a resource is. Only you see the answer.
• `/sre-vuln-check i-0123456789abcdef0`: one resource, by ID, ARN, image and tag, IP or name
• `/sre-vuln-check prod-web-36 critical high`: list only these severities; counts cover all
• `/sre-vuln-check prod-web-36 live`: query Amazon Inspector now instead of the latest snapshot
• `/sre-vuln-check`: a summary of all resources that you can see"""


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed command.

    ``text`` is the ID or name of a resource, empty for all resources. ``live`` queries Inspector
    instead of the snapshot. ``help`` shows the usage.
    """

    text: str = ""
    severities: Sequence[str] = ()
    live: bool = False
    help: bool = False


def parse(text: str) -> Command:
    """Parses keywords in any order and case; all other words, with their spaces, are the resource.

    Slack turns addresses into ``<http://x|x>``: the part that was typed is used.
    """
    words = [_typed(word) for word in text.split()]
    if [word.lower() for word in words] in (["help"], ["-h"], ["--help"], ["?"]):
        return Command(help=True)
    named, severities, live = [], [], False
    for word in words:
        if word.lower() == "live":
            live = True
        elif word.lower() in SEVERITIES:
            severities.append(word.upper())
        else:
            named.append(word)
    return Command(" ".join(named)[:LONGEST], tuple(dict.fromkeys(severities)), live)


def _typed(word: str) -> str:
    inner = word[1:-1] if word.startswith("<") and word.endswith(">") else ""
    typed = inner.rpartition("|")[2] if inner else word
    return typed.strip("`\u201c\u201d\"'")
