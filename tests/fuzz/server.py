"""Random requests to the server: no 5xx, no traceback, and nothing that no client may see.

Half of the inputs are sent to a server with authentication.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import anyio
from starlette.types import ASGIApp
from tests.fuzz.requests import HttpInput, http_input
from tests.fuzz.target import INPUT, Answer, Broken, Errors, ask, files, problem_of, started

from sre_findings.service.factory import open_sources
from sre_findings.settings import load
from sre_findings.sources.sources import LiveSources
from sre_mcp.app import make_app
from sre_mcp.auth.guard import open_guard
from sre_mcp.trusted_names import Names

AT_ONCE = 8


@dataclass(frozen=True)
class Target:
    """The application, the tokens that it accepts, and texts that no response contains."""

    app: ASGIApp
    tokens: tuple[str, ...]
    secrets: tuple[str, ...]


def make_target(store: Path, folder: Path, *, auth: bool) -> Target:
    """Returns the server over a store. ``folder`` is for the document of the tokens."""
    sources = open_sources(load({"SRE_STORE": str(store)}, Path("/nonexistent")))
    tokens = tuple(f"sre_{name:-<43}" for name in ("all", "some", "none", "slack"))
    path = folder / "tokens.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"tokens": [*map(_entry, tokens)]}))
    guard = open_guard(path.as_uri(), "", None) if auth else None
    app = make_app(replace(sources, live=LiveSources()), Names(), guard)
    hidden = (str(store), str(folder))
    return Target(app, tokens if auth else (), (*hidden, *tokens))


def _entry(token: str) -> dict[str, object]:
    name = token[4:].strip("-")
    everything = name in ("all", "slack")
    return {
        "name": name,
        "sha256": hashlib.sha256(token.encode()).hexdigest(),
        "scopes": [
            "findings:read",
            *(["operations:read", "live:query", "claims:write"] if everything else []),
        ],
        "accounts": ["*"] if everything else ["111122223333"] if name == "some" else [],
        "owners": [] if name == "none" else ["*"],
        "expires": (datetime.now(UTC) + timedelta(days=9)).isoformat(),
        **({"acts_for": "slack"} if name == "slack" else {}),
    }


def run(target: Target, seed: int, numbers: Sequence[int]) -> Counter[int]:
    """Sends the inputs with these numbers, and counts their statuses. Raises Broken."""
    counts, failures = Counter[int](), list[str]()

    async def worker(left: Iterator[int], errors: Errors) -> None:
        while not failures and (number := next(left, None)) is not None:
            given = make_input(target, seed, number)
            answer, problem = Answer(), ""
            INPUT.set(number)
            try:
                await ask(target.app, given, answer)
            except Exception as error:  # noqa: BLE001 - any of them is a failure
                problem = repr(error)
            problem = (
                problem or problem_of(given, answer, target.secrets) or errors.of.get(number, "")
            )
            if problem:
                failures.append(f"seed {seed}, input {number}: {problem}\n{given!r:.4000}")
                return
            counts[int(answer.status)] += 1

    async def everything() -> None:
        left = iter(numbers)
        with _errors() as errors:
            async with started(target.app), anyio.create_task_group() as group:
                for _ in range(AT_ONCE):
                    group.start_soon(worker, left, errors)
            if not failures:
                failures.extend(f"seed {seed}: {text}" for text in errors.of.values())

    anyio.run(everything)
    if failures:
        raise Broken("\n\n".join(failures))
    return counts


def make_input(target: Target, seed: int, number: int) -> HttpInput:
    """Returns one input, which depends on the seed and its number only."""
    return http_input(Random(f"{seed}:{number}"), target.tokens)


@contextmanager
def _errors() -> Iterator[Errors]:
    errors, root = Errors(), logging.getLogger()
    root.addHandler(errors)
    try:
        yield errors
    finally:
        root.removeHandler(errors)


def check(store: Path, seed: int, numbers: range) -> None:
    """Sends each input to one of two servers. Raises Broken, also if files have changed."""
    before = files(store.parent)
    for auth in (True, False):
        target = make_target(store, store.parent, auth=auth)
        mine = [number for number in numbers if (number % 2 == 0) is auth]
        counts = run(target, seed, mine)
        print(f"{'with' if auth else 'without'} authentication: {dict(counts.most_common())}")
    if changed := files(store.parent) ^ before:
        raise Broken(f"seed {seed}: files have changed: {changed}")
