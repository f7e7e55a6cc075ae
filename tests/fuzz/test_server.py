"""A short form of ``make fuzz``, and proof that it notices each kind of failure."""

from __future__ import annotations

import logging
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from tests.fuzz.server import Target, check, make_input, run
from tests.fuzz.target import Broken
from tests.support.shared_stores import copied_demo

INPUTS = 600


def test_random_requests_break_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    check(copied_demo(tmp_path_factory), random.getrandbits(32), range(INPUTS))


def application(failure: Any) -> Target:
    """A target whose application fails in one way."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for state in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{state}.complete"})
            return
        await failure(send)

    return Target(app, (), ("/the/store",))


async def answer(send: Send, status: int, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def raises(_send: Send) -> None:
    raise ZeroDivisionError


async def answers_500(send: Send) -> None:
    await answer(send, 500)


async def answers_nothing(_send: Send) -> None:
    return


async def answers_twice(send: Send) -> None:
    await answer(send, 200)
    await answer(send, 200)


async def leaks_a_path(send: Send) -> None:
    await answer(send, 200, b"cannot open /the/store/table.db")


async def leaks_a_traceback(send: Send) -> None:
    await answer(send, 400, b"Traceback (most recent call last)")


async def logs_an_error(send: Send) -> None:
    logging.getLogger("any").error("failed")
    await answer(send, 200)


@pytest.mark.parametrize(
    "failure",
    [raises, answers_500, answers_nothing, answers_twice, leaks_a_path, leaks_a_traceback, logs_an_error],
)  # fmt: skip
def test_each_kind_of_failure_is_noticed_with_its_seed(failure: Any) -> None:
    with pytest.raises(Broken, match="seed 7, input 3"):
        run(application(failure), 7, [3])


def test_an_input_depends_on_its_seed_and_number_only() -> None:
    target = application(raises)
    assert make_input(target, 7, 3) == make_input(target, 7, 3)
    assert make_input(target, 7, 3) != make_input(target, 7, 4)


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def writes(*_: object) -> Counter[int]:
        (store / "new").touch()
        return Counter()

    store = tmp_path / "store"
    store.mkdir()
    monkeypatch.setattr("tests.fuzz.server.run", writes)
    with pytest.raises(Broken, match="files have changed"):
        check(store, 7, range(2))
