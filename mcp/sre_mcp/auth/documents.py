"""Where the document of tokens lies: a file that only its owner can read, or a secret of AWS
Secrets Manager."""

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

_SYNTAX = (
    "Use file:///path/to/tokens.json or secretsmanager://name, with ?region=eu-west-1 if need be."
)
_COARSE = 2.0  # seconds: a file that is younger may change again without its time changing


class Place(Protocol):
    """Where a text lies that changes now and then. ``kept_for`` is how many seconds what was read
    may be used unasked."""

    kept_for: float

    def read(self) -> str:
        """The text as it is now. Raises SreError."""
        ...


class FilePlace:
    """A file, read again when it changed; asking whether it did costs a microsecond."""

    kept_for = 0.0

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._seen: tuple[int, ...] = ()
        self._text = ""

    def read(self) -> str:
        """See Place. Raises UsageError for a file that others can read or write, AccessDenied for
        one that we cannot."""
        try:
            found = self._path.stat()
            seen = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_uid)
            if seen == self._seen and self._clock() - found.st_mtime > _COARSE:
                return self._text
            _check(self._path, found)  # before it is opened, too: a pipe would wait for who writes
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
    """Refuses what somebody else could have written, or can read."""
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is no file", do=_SYNTAX)
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"others can read or change {path}", do=f"Run: chmod 600 {path} (as its owner)."
        )


class SecretPlace:
    """The newest version of a secret, asked for once a minute."""

    kept_for = 60.0

    def __init__(self, name: str, region: str | None = None) -> None:
        do = "Check SRE_TOKENS and secretsmanager:GetSecretValue of your role."
        self._secret = Secret(name, f"the secret {name} cannot be read", do, region)

    def read(self) -> str:
        """See Place. Raises what Secret raises."""
        return self._secret.read()


def place_of(url: str) -> Place:
    """The place that SRE_TOKENS names. Raises UsageError. Nothing is read yet."""
    scheme, _, rest = url.partition("://")
    name, _, query = rest.partition("?")
    if scheme == "file" and name.startswith("/") and not query:
        return FilePlace(Path(unquote(urlsplit(url).path)))
    if scheme == "secretsmanager" and name and (not query or query.startswith("region=")):
        return SecretPlace(name, query.removeprefix("region=") or None)
    raise UsageError("SRE_TOKENS names no place of tokens", do=_SYNTAX)
