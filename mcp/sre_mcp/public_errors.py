"""What AWS and the stores say of a failure goes into the log, under the id of the request; callers
get a sentence of ours."""

from __future__ import annotations

import logging

from sre_findings.model.errors import SreError, outward

_LOG = logging.getLogger(__name__)


def aside(words: str) -> None:
    """Keeps words for whoever runs the server."""
    _LOG.warning("not told to the caller: %s", words)


def told(error: SreError) -> SreError:
    """The error as a caller may know it; the rest of it goes aside."""
    known = outward(error)
    if known is not error:
        aside(str(error))
    return known
