"""Why a snapshot is not complete, as data.

Fields, never the text of a sentence, determine what a client with limited access may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sre_findings.model.access import Access

UNKNOWN = "unknown"
"""The kind of a reason that an older version stored only as a sentence."""
INCOMPLETE = "incomplete"
"""The kind of a redacted reason, for a client with limited access."""
_UNREAD = "not all of it could be read"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. ``statement`` is a clause that names no account except ``account``.

    ``account`` is empty if the reason concerns a whole region; ``region`` is empty if it concerns
    no single region. ``detail`` is the message from AWS, which may name anything.
    """

    kind: str
    statement: str
    region: str = ""
    account: str = ""
    detail: str = ""

    @property
    def text(self) -> str:
        """The sentence, without a full stop: ``region: statement (detail)``."""
        start = f"{self.region}: " if self.region else ""
        return f"{start}{self.statement}" + (f" ({self.detail})" if self.detail else "")

    def __str__(self) -> str:
        """The same as ``text``."""
        return self.text

    def to_json(self) -> dict[str, str]:
        """The JSON object, with every field."""
        return asdict(self)


def texts(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """The sentences of reasons, in order."""
    return tuple(one.text for one in reasons)


def to_json(reasons: Sequence[Reason]) -> dict[str, Any]:
    """The keys of a stored certificate or commit.

    ``reasons`` has the sentences. ``causes`` has the data and is omitted if there are none, because
    older versions of the product reject unknown keys.
    """
    data = {"causes": [one.to_json() for one in reasons]} if reasons else {}
    return {"reasons": list(texts(reasons))} | data


def from_json(values: Mapping[str, Any]) -> tuple[Reason, ...]:
    """The reasons of a stored certificate or commit.

    They come from ``causes``, or from the sentences in ``reasons`` if an older version stored it.
    """
    if "causes" in values:
        return tuple(Reason(**one) for one in values["causes"])
    return tuple(Reason(UNKNOWN, text) for text in values["reasons"])


def visible(reasons: Sequence[Reason], access: Access) -> tuple[Reason, ...]:
    """The reasons that concern an access, each once, in the form that its client may see.

    A reason about an account is kept, without its detail, if the account is allowed, and omitted
    otherwise. Any other reason may concern every account, so only its region is kept. The default
    is deny: of a reason of unknown kind, only its existence is kept.
    """
    return tuple(dict.fromkeys(_visible(reasons, access)))


def outward(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The reasons for readers without the scan's credentials, each once.

    They lack the messages from AWS, which can name roles. Of a reason of unknown kind, only its
    existence is kept.
    """
    return tuple(
        dict.fromkeys(
            Reason(INCOMPLETE, _UNREAD) if one.kind == UNKNOWN else replace(one, detail="")
            for one in reasons
        )
    )


def _visible(reasons: Sequence[Reason], access: Access) -> Iterator[Reason]:
    for one in reasons:
        if one.kind == UNKNOWN or not one.account:
            yield Reason(INCOMPLETE, _UNREAD, "" if one.kind == UNKNOWN else one.region)
        elif access.allows_account(one.account):
            yield Reason(one.kind, one.statement, one.region, one.account)
