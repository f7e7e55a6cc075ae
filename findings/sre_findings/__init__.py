"""Core package: domain model, access to Inspector, the store and the queries.

It is also the Python API:

    from sre_findings import open_store
    open_store().summary(by="owner").frame()

Public names are imported on first use, because the scanner, the server and ``sre-cli --help``
import this package too and must start fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sre_findings.api.answers import Answer, NotKnown, UnsureWarning
    from sre_findings.api.store import Store, open_store
    from sre_findings.model.answers.answer import Proof
    from sre_findings.model.errors import SreError, UsageError

__all__ = [
    "Answer",
    "NotKnown",
    "Proof",
    "SreError",
    "Store",
    "UnsureWarning",
    "UsageError",
    "open_store",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would otherwise accept any attribute
    _PLACES = {
        "Answer": "api.answers", "NotKnown": "api.answers", "UnsureWarning": "api.answers",
        "Store": "api.store", "open_store": "api.store",
        "Proof": "model.answers.answer", "SreError": "model.errors", "UsageError": "model.errors",
    }  # fmt: skip

    def __getattr__(name):
        """Imports and returns the public name. Raises AttributeError for any other name."""
        import importlib

        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = found
        return found

    def __dir__():
        """Lists the public names too, for completion."""
        return sorted({*globals(), *__all__})
