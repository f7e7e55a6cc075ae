"""What somebody typed behind ``/sre-vuln-check``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEVERITIES = ("critical", "high", "medium", "low", "informational", "untriaged")
LONGEST = 1024  # characters of an id or a name

HELP = """*/sre-vuln-check* tells how vulnerable a resource is, to you alone.
• `/sre-vuln-check i-0123456789abcdef0` an instance; an ARN, an image with its tag, an IP address or a name work too
• `/sre-vuln-check prod-web-36 critical high` only these severities in the list; the counts are of all
• `/sre-vuln-check prod-web-36 live` asks Inspector itself instead of last night's snapshot
• `/sre-vuln-check` alone tells of everything that you may see"""


@dataclass(frozen=True, slots=True)
class Command:
    """``text`` is a resource's id or name, empty for everything. ``live`` asks Inspector itself.
    ``help`` asks how to ask."""

    text: str = ""
    severities: Sequence[str] = ()
    live: bool = False
    help: bool = False


def parse(text: str) -> Command:
    """The command, in any order and case of its words; what is no word of ours is the resource,
    spaces and all.

    Slack turns addresses and mails into ``<http://x|x>``: what was typed is taken.
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
