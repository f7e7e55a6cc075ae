"""Process settings that keep a scan's memory small."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder

import pyarrow as pa

_COLLECT_AFTER = 50_000  # allocations; Python's default of 700 costs 5 % of a scan's CPU time
# The parameters of mallopt in malloc.h, in bytes, and the number of arenas.
_GLIBC = {
    "M_TRIM_THRESHOLD": (-1, 1 << 20),
    "M_MMAP_THRESHOLD": (-3, 1 << 20),
    "M_ARENA_MAX": (-8, 1),
}


def reduce_memory() -> None:
    """Saves 400 ms of CPU time and 40 MB of memory in this process.

    Arrow imports pandas, if it is installed, when it converts its first list. It tries only once,
    so that import is blocked once; ``to_pandas`` still works later. Arrow uses the system's
    allocator, because its own keeps freed pages. The garbage collector runs rarely, because a scan
    creates millions of tuples and no cycles.
    """
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    _tune_malloc()
    pa.set_memory_pool(pa.system_memory_pool())
    if "pandas" not in sys.modules:
        refusal = _NoPandas()
        sys.meta_path.insert(0, refusal)
        try:
            pa.array([0])
        finally:
            sys.meta_path.remove(refusal)


@contextmanager
def sparing_older_objects() -> Iterator[None]:
    """Within it, the garbage collector visits no objects from before, which are mostly modules.

    Visiting them takes 30 ms in each of a scan's five collections. Afterwards it visits them again,
    unless the process exempts objects of its own.
    """
    exempt = gc.get_freeze_count() == 0
    if exempt:
        gc.freeze()
    try:
        yield
    finally:
        if exempt:
            gc.unfreeze()


def release_memory() -> None:
    """Returns free memory to the system, after a step that needed much of it."""
    gc.collect()
    pa.default_memory_pool().release_unused()  # for the system's pool this calls malloc_trim


def _tune_malloc() -> None:
    """Makes glibc return large freed blocks to the system, and use one heap for all threads."""
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for name, value in _GLIBC.values():
            libc.mallopt(name, value)


class _NoPandas(MetaPathFinder):
    """An import hook that reports pandas as not installed."""

    def find_spec(self, fullname: str, path: object = None, target: object = None, /) -> None:  # noqa: ARG002 - the protocol's
        """Leaves all other modules to the next finder."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)
