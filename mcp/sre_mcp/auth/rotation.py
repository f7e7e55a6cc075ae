"""The current tokens.

Changes of the document take effect without a restart, and an invalid document does not invalidate
the tokens at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sre_findings.model.errors import SreError
from sre_mcp.auth.documents import Document
from sre_mcp.auth.tokens import Tokens, parse

_LOG = logging.getLogger(__name__)
STALE = 900.0  # seconds that tokens stay valid while the document cannot be read
_AGAIN = 5.0  # seconds between attempts after a failure


class Rotating:
    """Tokens from a document. Thread-safe: one thread reads, the others use the previous tokens."""

    def __init__(self, document: Document, clock: Callable[[], float] = time.monotonic) -> None:
        self._document, self._clock, self._lock = document, clock, threading.Lock()
        self._text: str | None = None
        self._tokens = Tokens()
        self._good_until = self._next = float("-inf")

    def open(self) -> None:
        """Reads the tokens for the first time.

        Raises SreError if that fails, so that the server does not start.
        """
        self._take(self._document.read())

    @property
    def due(self) -> bool:
        """Whether the next ``current`` may block on a service."""
        return self._document.kept_for > 0 and self._clock() >= self._next

    @property
    def lost(self) -> bool:
        """Whether the tokens could not be read for so long that none is valid."""
        return self._clock() >= self._good_until

    def current(self) -> Tokens:
        """Returns the current tokens.

        While they cannot be read, returns the previous ones for STALE seconds, then none.
        """
        if self._clock() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._lock.release()
        return Tokens() if self.lost else self._tokens

    def _renew(self) -> None:
        try:
            self._take(self._document.read())
        except SreError as error:
            self._next = self._clock() + _AGAIN
            _LOG.warning("the tokens cannot be renewed: %s", error)

    def _take(self, text: str) -> None:
        if text != self._text:
            self._tokens = parse(text)
            self._text = text
            _LOG.info("%d tokens loaded", len(self._tokens.entries))
        self._next = self._clock() + self._document.kept_for
        self._good_until = self._clock() + STALE
