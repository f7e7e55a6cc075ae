"""Texts returns every text by its number, even with little memory."""

from __future__ import annotations

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from sre_scanner.spool.texts import NOTHING, Texts


@given(st.lists(st.binary(max_size=40), max_size=60), st.sampled_from([0, 500, 1 << 20]))
def test_every_number_returns_its_text_even_after_forgetting(
    texts: list[bytes], memory: int
) -> None:
    with closing(Texts(memory)) as kept:
        numbers = [kept[text] for text in texts]
        assert kept.read(numbers) == texts
        kept.release()
        assert kept.read(numbers) == texts
        if memory == 1 << 20:
            assert len(set(numbers)) == len(set(texts))


def test_an_empty_text_has_the_number_nothing() -> None:
    with closing(Texts()) as kept:
        assert kept[b""] == NOTHING
        assert kept.read([NOTHING]) == [b""]


def test_texts_can_be_added_after_they_were_read() -> None:
    with closing(Texts()) as kept:
        first = kept[b"one"]
        assert kept.read([first]) == [b"one"]
        second = kept[b"another"]
        assert kept.read([first, second]) == [b"one", b"another"]
