"""The sources of the tokens document and the OIDC file.

A document is a file that only its owner can access, or a secret in AWS Secrets Manager.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from sre_findings.model.errors import AccessDenied, UsageError
from sre_findings.secret import Secret
from sre_mcp.auth.tokens import LARGEST

_SYNTAX = "Use file:///path/to/tokens.json or secretsmanager://name (optionally ?region=eu-west-1)."
_COARSE = 2.0  # seconds: a file changed more recently may change again with the same timestamp


class Document(Protocol):
    """A text that can change. ``kept_for`` is how many seconds a read text may be cached."""

    kept_for: float

    def read(self) -> str:
        """Returns the current text. Raises SreError."""
        ...


class FileDocument:
    """A file that is read again after a change. The check takes a microsecond."""

    kept_for = 0.0

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._seen: tuple[int, ...] = ()
        self._text = ""

    def read(self) -> str:
        """Reads the file; see Document.

        Raises UsageError for a file that other users can access, AccessDenied for one that cannot
        be read.
        """
        try:
            found = self._path.stat()
            seen = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_uid)
            if seen == self._seen and self._clock() - found.st_mtime > _COARSE:
                return self._text
            _check(self._path, found)  # also before it is opened: a pipe would block
            with self._path.open("rb") as file:
                _check(self._path, os.fstat(file.fileno()))
                self._text, self._seen = file.read(LARGEST + 1).decode(), seen
        except OSError as error:
            what = f"the tokens in {self._path} cannot be read"
            raise AccessDenied(what, why=str(error.strerror), do="Check SRE_TOKENS.") from error
        except UnicodeDecodeError as error:
            raise UsageError(
                f"the tokens in {self._path} cannot be read", why="it is not UTF-8"
            ) from error
        return self._text


def _check(path: Path, found: os.stat_result) -> None:
    """Raises UsageError for a file that other users can read or write."""
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a regular file", do=_SYNTAX)
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"other users can access {path}", do=f"As its owner, run: chmod 600 {path}"
        )


class SecretDocument:
    """The newest version of a secret, cached for a minute."""

    kept_for = 60.0

    def __init__(self, name: str, region: str | None = None) -> None:
        do = "Check SRE_TOKENS, and allow secretsmanager:GetSecretValue for the role."
        self._secret = Secret(name, f"the secret {name} cannot be read", do, region)

    def read(self) -> str:
        """Reads the secret; see Document. Raises the errors of Secret."""
        return self._secret.read()


def open_document(url: str) -> Document:
    """Returns the document at a URL, not read yet. Raises UsageError for an invalid URL."""
    scheme, _, rest = url.partition("://")
    name, _, query = rest.partition("?")
    if scheme == "file" and name.startswith("/") and not query:
        return FileDocument(Path(unquote(urlsplit(url).path)))
    if scheme == "secretsmanager" and name and (not query or query.startswith("region=")):
        return SecretDocument(name, query.removeprefix("region=") or None)
    raise UsageError("the URL of a document is invalid (SRE_TOKENS or SRE_OIDC)", do=_SYNTAX)
