"""Shell completion of hosts, owners, accounts, regions, snapshots and vulnerabilities.

The words are those of a file in the user's cache directory, one for each store: opening a snapshot
takes too long for a completion, and so would some imports. Each line is a kind and a word. The
first line has the newest snapshot and the store; the file of another is not used. It is written
after a scan, and after a question in a terminal.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sre_findings import settings as product

if TYPE_CHECKING:
    from sre_findings.settings import Settings

HOST, OWNER, ACCOUNT, REGION = "host", "owner", "account", "region"
SNAPSHOT, VULNERABILITY = "snapshot", "vulnerability"
MOST = 200  # words offered at a time
_FIXED = {OWNER: ("unassigned",), SNAPSHOT: ("yesterday",)}

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def completing(kind: str) -> Complete:
    """Returns what click calls for the words of a kind that begin with the input.

    Of a list with commas, the last value is completed.
    """

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        done, comma, last = incomplete.rpartition(",")
        return [f"{done}{comma}{word}" for word in words(kind, last, context.params)]

    return complete


def words(kind: str, start: str, given: Mapping[str, Any]) -> list[str]:
    """Returns the first known words of a kind with this start.

    ``given`` are the options of the command. There are no words of the store if its file is missing
    or outdated.
    """
    fixed = [*_FIXED.get(kind, ())]
    if kind == VULNERABILITY:
        from sre_findings.model.findings.nicknames import NAMES

        fixed += NAMES
    found = [word for word in fixed if word.startswith(start)]
    # whatever is wrong with a file or a setting: the command will tell
    with contextlib.suppress(Exception):
        found += _of_store(f"{kind} ", start, given)
    return found[:MOST]


def _of_store(kind: str, start: str, given: Mapping[str, Any]) -> Iterator[str]:
    text, place = _current(given), 0
    for _ in range(MOST):
        place = text.find(f"\n{kind}{start}", place) + 1
        if not place:
            return
        yield text[place + len(kind) : text.index("\n", place)]


def _current(given: Mapping[str, Any]) -> str:
    """Returns the file of the store; empty if it is not of the newest snapshot."""
    if os.environ.get(product.REMOTE):  # the settings are in a bucket
        return ""
    chosen = {name: given.get(name) for name in ("store", "table")}
    settings = product.load(os.environ, Path.cwd(), **chosen)
    if settings.server:
        return ""
    text = _file(settings).read_text(encoding="utf-8")
    newest, _, store = text.partition("\n")[0].partition(" ")
    return text if (newest, store) == (_newest(settings) or newest, settings.store) else ""


def _file(settings: Settings) -> Path:
    name = f"{zlib.crc32(settings.store.encode()):08x}.txt"
    return product.cache_folder() / "completion" / name


def _newest(settings: Settings) -> str:
    """Returns the name of the newest commit in a folder; "" for a bucket, which is not asked."""
    if settings.store.startswith("s3://"):
        return ""
    commits = Path(settings.store.removeprefix("file://")) / "commits"
    return max(one.name for one in commits.iterdir())


def renew(settings: Settings) -> None:
    """Writes the file of the store if it is missing or outdated. Errors are ignored.

    Only a store in a folder is read: nothing is downloaded for a completion.
    """
    if settings.server or settings.engine != "duckdb" or settings.store.startswith("s3://"):
        return
    with contextlib.suppress(Exception):  # the command is done: this must not make it fail
        file, first = _file(settings), f"{_newest(settings)} {settings.store}"
        if not file.exists() or not file.read_text(encoding="utf-8").startswith(f"{first}\n"):
            _write(file, [first, *_lines(settings)])


def _lines(settings: Settings) -> Iterable[str]:
    import re

    from sre_findings.service.factory import open_sources
    from sre_findings.sources.sources import find

    # The shell inserts a word as it is: one with any other character could be a command.
    plain = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,255}", re.ASCII)
    sources = open_sources(settings)
    for row in find(sources, None).engine.rows("completion_words"):
        if plain.fullmatch(row["word"]):
            yield f"{row['kind']} {row['word']}"
    for commit in reversed(sources.stores.snapshots.commits()):
        yield f"{SNAPSHOT} {commit.snapshot_id}"


def _write(file: Path, lines: Iterable[str]) -> None:
    """Replaces the file as a whole, so that no reader sees a part of it. Only its user reads it."""
    from sre_findings.files import draft

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with draft(file) as new:
        new.touch(mode=0o600)
        new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        new.replace(file)
