"""Random worlds are scanned night by night, and every answer is held against the truth.

SRE_WORLDS is the number of fresh worlds, and SRE_WORLD the first seed; by default it is the clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from tests.worlds.kept import KEPT
from tests.worlds.play import play
from tests.worlds.shrinking import shrink
from tests.worlds.world import Finding, Incident, Resource, World, make

pytestmark = pytest.mark.slow

WORLDS = int(os.environ.get("SRE_WORLDS", "20"))
FIRST = int(os.environ.get("SRE_WORLD", "0")) or int(time.time()) * 1000


def new(world: World) -> Iterator[str]:
    """The untruths of a world that are not known."""
    return (str(one) for one in play(world).untruths)


@pytest.mark.parametrize("number", range(WORLDS))
def test_what_is_said_of_a_fresh_world_is_true(number: int) -> None:
    seed = FIRST + number
    print(f"SRE_WORLD={seed} SRE_WORLDS=1 repeats this world")
    wrong = next((one for one in play(make(seed), share=0.5).untruths), None)
    if wrong:
        pytest.fail(f"seed {seed}: {wrong}\n\nsmaller:\n{shrink(make(seed), wrong.kind, tries=30)}")


@pytest.mark.parametrize("name", KEPT)
def test_what_is_said_of_a_world_that_failed_once_is_true(name: str) -> None:
    assert not list(new(KEPT[name]))


def test_a_world_is_printed_as_python_that_makes_it_again() -> None:
    names = {"World": World, "Resource": Resource, "Finding": Finding, "Incident": Incident}
    for seed in range(20):
        assert eval(str(make(seed)), names) == make(seed)


def test_the_same_seed_makes_the_same_world() -> None:
    assert make(7) == make(7)
    assert make(7) != make(8)
