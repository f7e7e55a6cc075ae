"""Errors as clients may see them. Details from AWS and stores are logged with the request ID."""

from __future__ import annotations

import logging

from sre_findings.model.errors import SreError, outward

_LOG = logging.getLogger(__name__)


def log_details(text: str) -> None:
    """Logs details that the client does not get."""
    _LOG.warning("not shown to the client: %s", text)


def public_error(error: SreError) -> SreError:
    """Returns the error without details that the client may not see; those are logged."""
    public = outward(error)
    if public is not error:
        log_details(str(error))
    return public
