"""The document of tokens as it is now: a new one counts from its next use on, and a bad one does
not end the old at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sre_findings.model.errors import SreError
from sre_mcp.auth.documents import Place
from sre_mcp.auth.tokens import Tokens, parse

_LOG = logging.getLogger(__name__)
STALE = 900.0  # seconds that a document is believed which nobody could read again
_AGAIN = 5.0  # seconds after a failure until it is tried again


class Rotating:
    """Tokens read from a place. Safe for many threads; one of them reads, the others go on with
    what there is."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock, self._lock = place, clock, threading.Lock()
        self._text: str | None = None
        self._tokens = Tokens()
        self._good_until = self._next = float("-inf")

    def open(self) -> None:
        """Reads them for the first time. Raises SreError where they cannot be read: a server
        without tokens does not start."""
        self._take(self._place.read())

    @property
    def due(self) -> bool:
        """Whether the next ``current`` may wait for a service."""
        return self._place.kept_for > 0 and self._clock() >= self._next

    def current(self) -> Tokens:
        """The newest tokens. Where they cannot be read, the ones before for a while, and then
        none."""
        if self._clock() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._lock.release()
        return self._tokens if self._clock() < self._good_until else Tokens()

    def _renew(self) -> None:
        try:
            self._take(self._place.read())
        except SreError as error:
            self._next = self._clock() + _AGAIN
            _LOG.warning("the tokens are not renewed: %s", error)

    def _take(self, text: str) -> None:
        if text != self._text:
            self._tokens = parse(text)
            self._text = text
            _LOG.info("%d tokens are known", len(self._tokens.entries))
        self._next = self._clock() + self._place.kept_for
        self._good_until = self._clock() + STALE
