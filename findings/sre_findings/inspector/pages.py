"""The rules of paging, in one place. Each was paid for by somebody: see docs/architecture.md,
"Paging".

Only an absent, null or empty token ends a listing: empty and short pages are normal, and so is a
token that leads to nothing. The query is the same on every page, to the letter. A token that comes
twice is an error, not a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from sre_findings.model.errors import Unreachable

EMPTY_PAGES_LIMIT = 1000  # in a row; far beyond what was ever seen, but a listing must end


class Page(Protocol):
    """What paging needs to know of a page."""

    @property
    def nextToken(self) -> str | None:  # noqa: N802 - the wire's name
        """The token of the next page; None or empty on the last."""
        ...


P = TypeVar("P", bound=Page)


def pages(
    ask: Callable[[Mapping[str, Any]], P], query: Mapping[str, Any], size: Callable[[P], int]
) -> Iterator[P]:
    """Every page of a query, the last one recognised by its missing token alone.

    ``ask`` gets the whole request body of one page and repeats it by itself where that helps;
    ``size`` counts a page's items. Raises Unreachable on a token that was given before, or when
    nothing but empty pages come.
    """
    body, seen, empty = dict(query), set[int](), 0
    while True:
        page = ask(body)
        yield page
        empty = 0 if size(page) else empty + 1
        token = page.nextToken
        if not token:
            return
        if hash(token) in seen or empty > EMPTY_PAGES_LIMIT:
            raise Unreachable(
                "Inspector's pagination does not end",
                why="the same next token was returned twice"
                if hash(token) in seen
                else f"{empty} empty pages in a row",
                do="Scan again; if it persists, contact AWS Support.",
            )
        seen.add(hash(token))
        body = {**query, "nextToken": token}
