"""Divides a listing into pages, regularly or in the irregular ways that the service has shown."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from sre_simulator.inspector.tokens import Place, Tokens
from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
Mode = Literal["clean", "sparse", "loop"]


class Listing(NamedTuple, Generic[T]):
    """A list that can be paged.

    It returns at most a number of items after a position, and the position of each.
    """

    beyond: Callable[[Any, int], Iterable[T]]
    position: Callable[[T], Any]


class Asked(NamedTuple):
    """The paging fields of a request. `looped` makes this response repeat the request's token."""

    query: bytes
    token: str
    limit: int
    looped: bool = False


class Pager:
    """Cuts pages in a mode. `bound` is the maximum page size, whatever the request.

    The modes are:

    - clean: full pages, no token on the last
    - sparse: random empty and short pages, and a last token with nothing behind it
      (aws-sdk-go-v2 #3303)
    - loop: the token of the second page again and again
    """

    def __init__(
        self, tokens: Tokens, mode: Mode = "clean", bound: int | None = None, seed: int = 1
    ) -> None:
        self._tokens = tokens
        self._mode = mode
        self._bound = bound
        self._dice = Dice("pages", seed)

    def page(self, asked: Asked, listing: Listing[T], now: float) -> tuple[list[T], str | None]:
        """Returns the requested page, and the token of the next."""
        place = self._tokens.read(asked.token, asked.query, now) if asked.token else Place()
        if place.ended:
            return [], None
        size = self._size(asked.limit)
        found = list(islice(listing.beyond(place.position, size + 1), size + 1))
        page, more = found[:size], len(found) > size
        if asked.token and (asked.looped or self._mode == "loop"):
            return page, asked.token
        position = listing.position(page[-1]) if page else place.position
        if more or (self._mode == "sparse" and page):
            return page, self._tokens.issue(asked.query, Place(position, ended=not more), now)
        return page, None

    def _size(self, limit: int) -> int:
        most = min(limit, self._bound or limit)
        if self._mode != "sparse":
            return most
        return self._dice.weighted(((most, 0.5), (self._dice.below(most) + 1, 0.3), (0, 0.2)))
