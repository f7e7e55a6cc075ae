"""The paging rules. docs/architecture.md, "Paging", explains each of them.

Only a missing, null or empty token ends a listing. Empty and short pages are normal, and so is a
token that leads to an empty page. The query is identical on every page. A token that is returned
twice is an error, not a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from sre_findings.model.errors import Unreachable

EMPTY_PAGES_LIMIT = 1000  # consecutive; far more than ever observed, but a listing must end


class Page(Protocol):
    """The part of a page that paging reads."""

    @property
    def nextToken(self) -> str | None:  # noqa: N802 - the wire's name
        """The token of the next page; None or empty on the last page."""
        ...


P = TypeVar("P", bound=Page)


def pages(
    ask: Callable[[Mapping[str, Any]], P], query: Mapping[str, Any], size: Callable[[P], int]
) -> Iterator[P]:
    """Yields every page of a query, until a page has no next token.

    ``ask`` takes the request body of one page and handles retries; ``size`` counts a page's items.
    Raises Unreachable if a token is returned twice, or after too many consecutive empty pages.
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
