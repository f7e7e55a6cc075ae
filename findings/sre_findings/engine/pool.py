"""A pool of the most recently used engines, limited in number and memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from sre_findings.engine.databases import SHARED

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine

MOST = 64  # maximum number of engines
MEMORY = 256 * 1024**2  # bytes of tables that engines hold in memory


class EnginePool:
    """Engines by access scope and snapshots.

    The least recently used engines are released if there are too many or if their tables are
    too large. A released engine ends with its last query. Thread-safe.
    """

    def __init__(
        self, most: int = MOST, memory: int = MEMORY, held: Callable[[], int] = SHARED.held
    ) -> None:
        self._most, self._memory, self._held = most, memory, held
        self._engines: OrderedDict[Hashable, Engine] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Engine]) -> Engine:
        """Returns the engine with this key. It is created if it does not exist."""
        with self._lock:
            engine = self._engines.get(key)
            if engine is not None:
                self._engines.move_to_end(key)
                return engine
            while self._engines and self._too_much():
                self._engines.popitem(last=False)
            engine = self._engines[key] = make()
        return engine

    def __len__(self) -> int:
        return len(self._engines)

    def _too_much(self) -> bool:
        return len(self._engines) >= self._most or self._held() > self._memory
