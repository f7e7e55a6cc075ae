"""A message that Slack takes, whatever is in it: made of parts that say how much they matter, and
fitted to the limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sre_reports.slack import limits

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Blocks that stand or fall together. ``classic`` say the same where Slack does not take the
    newer blocks.

    Where the message is too long, parts of the greatest ``weight`` go first; weight 0 stays.
    """

    blocks: Sequence[Block]
    weight: int = 0
    classic: Sequence[Block] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` is what notifications and screen readers say. ``classic`` are for a Slack that
    refuses ``blocks``."""

    text: str
    blocks: Sequence[Block]
    classic: Sequence[Block]

    def payload(self, *, classic: bool = False) -> dict[str, Any]:
        """What is sent. Nothing in it is unfurled."""
        blocks = list(self.classic if classic else self.blocks)
        return {"text": self.text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def message(text: str, parts: Sequence[Part]) -> Message:
    """The parts within every limit of Slack, each either whole or not there."""
    said = text[: limits.TEXT - 1] + "…" if len(text) > limits.TEXT else text
    rich = [(part.weight, part.blocks) for part in parts]
    plain = [(part.weight, part.blocks if part.classic is None else part.classic) for part in parts]
    return Message(said, _fitted(rich), _fitted(plain))


def _fitted(parts: Sequence[tuple[int, Sequence[Block]]]) -> list[Block]:
    """What fits. Of parts of one weight the last goes first."""
    kept = list(parts)
    while not _fits([block for _, blocks in kept for block in blocks]):
        place = max(range(len(kept)), key=lambda n: (kept[n][0], n))
        del kept[place]
    return [block for _, blocks in kept for block in blocks]


def _fits(blocks: Sequence[Block]) -> bool:
    return (
        len(blocks) <= limits.BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= limits.WHOLE
    )
