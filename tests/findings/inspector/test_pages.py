"""The rules of paging, tested with a model of every observed behavior of Inspector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.pages import EMPTY_PAGES_LIMIT, pages
from sre_findings.model.errors import Unreachable

QUERY = {
    "maxResults": 100,
    "filterCriteria": {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]},
}


@dataclass
class Page:
    items: Sequence[int]
    nextToken: str | None = None  # noqa: N815 - the name in the API


class Service:
    """Serves a list of pages by their tokens, and records every request body."""

    def __init__(self, served: Sequence[Page]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._by_token = dict(
            zip([None, *(page.nextToken for page in served)], served, strict=False)
        )

    def __call__(self, body: Mapping[str, Any]) -> Page:
        self.bodies.append(dict(body))
        return self._by_token[body.get("nextToken")]


def read(service: Any) -> list[Page]:
    return list(pages(service, QUERY, lambda page: len(page.items)))


def chain(sizes: Sequence[int], end: str | None) -> list[Page]:
    """Pages of these sizes, each with its own token except the last."""
    tokens = [*(f"token-{n}" for n in range(1, len(sizes))), end]
    return [Page(list(range(size)), token) for size, token in zip(sizes, tokens, strict=True)]


SIZES = st.lists(st.integers(0, 3), min_size=1, max_size=30)


@given(SIZES, st.sampled_from([None, ""]))
def test_every_page_is_read_once_and_in_order_however_short_or_empty(
    sizes: list[int], end: str | None
) -> None:
    served = chain(sizes, end)
    assert read(Service(served)) == served


@given(SIZES)
def test_the_query_is_the_same_on_every_page_and_the_token_is_the_last_pages(
    sizes: list[int],
) -> None:
    service = Service(chain(sizes, None))
    read(service)
    tokens = [body.pop("nextToken", None) for body in service.bodies]
    assert service.bodies == [QUERY] * len(sizes)
    assert tokens == [None, *(f"token-{n}" for n in range(1, len(sizes)))]


def test_a_trailing_token_that_leads_to_nothing_is_followed() -> None:
    assert [len(page.items) for page in read(Service(chain([100, 0], None)))] == [100, 0]


def test_a_full_page_without_a_token_is_the_last_and_a_short_one_with_a_token_is_not() -> None:
    assert len(read(Service([Page(range(100))]))) == 1
    assert len(read(Service([Page([1], "more"), Page(range(100))]))) == 2


def test_nothing_is_asked_before_somebody_wants_the_page() -> None:
    service = Service(chain([1, 1, 1], None))
    taken = list(islice(pages(service, QUERY, lambda page: len(page.items)), 2))
    assert len(taken) == len(service.bodies) == 2


@given(st.integers(1, 20), st.data())
def test_a_cycle_of_tokens_of_any_length_is_an_error_after_each_page_was_read_once(
    length: int, data: Any
) -> None:
    back = data.draw(st.integers(1, length))
    served = [Page([n], f"token-{n + 1}") for n in range(length)]
    bodies: list[Any] = []

    def ask(body: Mapping[str, Any]) -> Page:
        bodies.append(body)
        place = int(str(body.get("nextToken", "token-0")).removeprefix("token-"))
        return served[place] if place < length else Page([place], f"token-{back}")

    with pytest.raises(Unreachable, match="the same next token was returned twice"):
        read(ask)
    assert len(bodies) == length + 1


def test_a_token_that_repeats_at_once_is_an_error_and_no_loop() -> None:
    with pytest.raises(Unreachable, match="does not end: the same next token was returned twice"):
        read(lambda _: Page([1], "again"))


@pytest.mark.parametrize("before", [0, 5])
def test_endless_empty_pages_are_an_error_even_with_ever_new_tokens(before: int) -> None:
    count = 0

    def ask(_: Mapping[str, Any]) -> Page:
        nonlocal count
        count += 1
        return Page([1] if count <= before else [], f"token-{count}")

    with pytest.raises(Unreachable, match=f"{EMPTY_PAGES_LIMIT + 1} empty pages in a row"):
        read(ask)
    assert count == before + EMPTY_PAGES_LIMIT + 1


def test_empty_pages_are_counted_in_a_row_only() -> None:
    sizes = [*[0] * EMPTY_PAGES_LIMIT, 1, *[0] * EMPTY_PAGES_LIMIT, 0]
    assert len(read(Service(chain(sizes, None)))) == len(sizes)


def test_what_the_asking_raises_comes_through() -> None:
    def ask(_: Mapping[str, Any]) -> Page:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        read(ask)


def test_the_callers_query_is_left_as_it_is() -> None:
    query = {"maxResults": 1}
    list(pages(Service(chain([1, 1], None)), query, lambda page: len(page.items)))
    assert query == {"maxResults": 1}
