"""Python and Arrow as a scan needs them: no pandas, memory given back, and few collections of
garbage."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa

_COLLECT_AFTER = 50_000  # allocations; Python's own 700 cost 5 % of a scan
# malloc.h; bytes, arenas
_GLIBC = {
    "M_TRIM_THRESHOLD": (-1, 1 << 20),
    "M_MMAP_THRESHOLD": (-3, 1 << 20),
    "M_ARENA_MAX": (-8, 1),
}


def be_frugal() -> None:
    """Spares this process 400 ms of CPU and 40 MB.

    Arrow imports pandas, where it is installed, when it makes its first array from a list. It asks
    once, so it is told no this once; whoever calls ``to_pandas`` later still gets it. And its own
    allocator keeps freed pages, the system's does not. A scan makes tuples by the million and no
    cycles, so the collector may look less often.
    """
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    _frugal_malloc()
    pa.set_memory_pool(pa.system_memory_pool())
    if "pandas" not in sys.modules:
        refusal = _NoPandas()
        sys.meta_path.insert(0, refusal)
        try:
            pa.array([0])
        finally:
            sys.meta_path.remove(refusal)


def give_back() -> None:
    """Gives the system what is free, between two steps of which the first took much."""
    gc.collect()
    pa.default_memory_pool().release_unused()  # the system's pool: malloc_trim


def _frugal_malloc() -> None:
    """Tells glibc not to keep large blocks that were freed, as it does by default, and not to make
    a heap a thread."""
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for name, value in _GLIBC.values():
            libc.mallopt(name, value)


class _NoPandas(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, path: object = None, target: object = None, /) -> None:  # noqa: ARG002 - the protocol's
        """Nothing to say about any other module."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)
