"""A message within Slack's limits: parts that do not fit are dropped, least important first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sre_reports.slack import limits

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Blocks that are kept or dropped together.

    ``classic`` blocks replace them in workspaces without the newer block types. If a message is too
    long, parts of the greatest ``weight`` are dropped first.
    """

    blocks: Sequence[Block]
    weight: int = 0
    classic: Sequence[Block] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    ``text`` is for notifications and screen readers; ``classic`` is for workspaces that reject
    ``blocks``.
    """

    text: str
    blocks: Sequence[Block]
    classic: Sequence[Block]

    def payload(self, *, classic: bool = False) -> dict[str, Any]:
        """Returns the arguments of chat.postMessage. Links are not unfurled."""
        blocks = list(self.classic if classic else self.blocks)
        return {"text": self.text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def message(text: str, parts: Sequence[Part]) -> Message:
    """Returns the message with as many parts as fit Slack's limits."""
    fallback = text[: limits.TEXT - 1] + "…" if len(text) > limits.TEXT else text
    rich = [(part.weight, part.blocks) for part in parts]
    plain = [(part.weight, part.blocks if part.classic is None else part.classic) for part in parts]
    return Message(fallback, _fitted(rich), _fitted(plain))


def _fitted(parts: Sequence[tuple[int, Sequence[Block]]]) -> list[Block]:
    """Returns the blocks that fit. Of parts with the same weight, the last is dropped first."""
    kept = list(parts)
    while not _fits([block for _, blocks in kept for block in blocks]):
        place = max(range(len(kept)), key=lambda n: (kept[n][0], n))
        del kept[place]
    return [block for _, blocks in kept for block in blocks]


def _fits(blocks: Sequence[Block]) -> bool:
    return (
        len(blocks) <= limits.BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= limits.WHOLE
    )
