"""Creation of tokens: 32 random bytes, shown once, and an entry with their hash."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sre_findings.files import output
from sre_findings.model.errors import StoreUnreadable
from sre_mcp.auth.documents import FileDocument
from sre_mcp.auth.tokens import parse

PREFIX = "sre_"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The properties of a new token: name, scopes, access scope, and validity in days."""

    name: str
    scopes: tuple[str, ...]
    accounts: tuple[str, ...]
    owners: tuple[str, ...]
    days: int
    acts_for: str | None = None


def create_token(request: TokenRequest, now: datetime) -> tuple[str, dict[str, Any]]:
    """Returns a new token, and its entry for the document.

    Raises UsageError for invalid properties.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    entry: dict[str, Any] = {
        "name": request.name,
        "sha256": hashlib.sha256(token.encode()).hexdigest(),
        "scopes": list(request.scopes),
        "accounts": list(request.accounts),
        "owners": list(request.owners),
        "expires": (now + timedelta(days=request.days))
        .isoformat(timespec="seconds")
        .replace("+00:00", "Z"),
    }
    entry |= {"acts_for": request.acts_for} if request.acts_for else {}
    parse(json.dumps({"tokens": [entry]}))
    return token, entry


def add_entry(entry: dict[str, Any], path: Path) -> None:
    """Adds the entry to a document, atomically. A new document has mode 0600.

    Raises UsageError for an invalid document or entry, StoreUnreadable if it cannot be written.
    """
    try:
        with _alone(path.parent):
            values: dict[str, Any] = {"tokens": []}
            if path.exists():
                text = FileDocument(path).read()
                parse(text)
                values = json.loads(text)
            values["tokens"] = [*values.get("tokens", []), entry]
            text = json.dumps(values, indent=2) + "\n"
            parse(text)
            with output(path, 0o600) as file:
                file.write(text.encode())
    except OSError as error:
        raise StoreUnreadable(
            f"cannot write {path}", why=str(error.strerror), do="Check the folder."
        ) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Locks the folder, so that concurrent additions do not overwrite each other."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
