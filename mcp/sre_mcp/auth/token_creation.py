"""Making a token: 32 random bytes that are shown once, and the entry that knows them by their
hash."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sre_findings.files import sync, sync_folder
from sre_findings.model.errors import StoreUnreadable
from sre_mcp.auth.documents import FilePlace
from sre_mcp.auth.tokens import parse

PREFIX = "sre_"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new token is to be: its name, what its holder may do and see, and for how many
    days."""

    name: str
    scopes: tuple[str, ...]
    accounts: tuple[str, ...]
    owners: tuple[str, ...]
    days: int
    acts_for: str | None = None


def issue(wish: Wish, now: datetime) -> tuple[str, dict[str, Any]]:
    """A new token, and its entry for the document. Raises UsageError for what no document may
    hold."""
    token = PREFIX + secrets.token_urlsafe(32)
    entry: dict[str, Any] = {
        "name": wish.name,
        "sha256": hashlib.sha256(token.encode()).hexdigest(),
        "scopes": list(wish.scopes),
        "accounts": list(wish.accounts),
        "owners": list(wish.owners),
        "expires": (now + timedelta(days=wish.days))
        .isoformat(timespec="seconds")
        .replace("+00:00", "Z"),
    }
    entry |= {"acts_for": wish.acts_for} if wish.acts_for else {}
    parse(json.dumps({"tokens": [entry]}))
    return token, entry


def add(entry: dict[str, Any], path: Path) -> None:
    """Adds the entry to a document, which appears whole or not at all and is its owner's alone;
    makes it if it is not there.

    Raises UsageError where the document, or what it would be, cannot be read.
    """
    try:
        with _alone(path.parent):
            values: dict[str, Any] = {"tokens": []}
            if path.exists():
                text = FilePlace(path).read()
                parse(text)
                values = json.loads(text)
            values["tokens"] = [*values.get("tokens", []), entry]
            text = json.dumps(values, indent=2) + "\n"
            parse(text)
            _write(text, path)
    except OSError as error:
        raise StoreUnreadable(
            f"cannot write {path}", why=str(error.strerror), do="Check the folder."
        ) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps others who add to a document of the folder waiting."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(text: str, path: Path) -> None:
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            sync(file)
        draft.replace(path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)
