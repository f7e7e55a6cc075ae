"""Clients of other AWS services, for what they know beside Inspector: brief, and never past an
overridden endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sre_findings.inspector.credentials import Who, open_session
from sre_findings.model.errors import UsageError

Make = Callable[[str], Any]
"""A client of the service of this name."""


class NotAsked(UsageError):
    """Nothing is sent to this service: the settings lead Inspector's requests elsewhere without it,
    or lead nowhere."""


def check_asked(service: str, environ: Mapping[str, str]) -> None:
    """Raises NotAsked for a service that must be left alone, because Inspector's endpoint is
    overridden and its own is not."""
    overridden = "AWS_ENDPOINT_URL_INSPECTOR2" in environ and "AWS_ENDPOINT_URL" not in environ
    if overridden and f"AWS_ENDPOINT_URL_{service.upper()}" not in environ:
        raise NotAsked("not queried, because Inspector's endpoint is overridden and its own is not")


def clients(profile: Who, region: str, environ: Mapping[str, str], *, read_timeout: float) -> Make:
    """Makes clients that give up soon and try once; for a service that must not be asked making one
    raises NotAsked.

    Where Inspector's endpoint is overridden and a service's own is not, it is left alone:
    credentials of a simulator or of a private endpoint are not for AWS at large. One session serves
    all, so that a role is assumed, and a person asked for a code, once.
    """
    import botocore.config

    config = botocore.config.Config(
        connect_timeout=3,
        read_timeout=read_timeout,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    session, one_at_a_time = open_session(profile), threading.Lock()

    def make(service: str) -> Any:
        check_asked(service, environ)
        # botocore's sessions are not safe to use from several threads; its clients are
        with one_at_a_time:
            try:
                return session.create_client(service, region_name=region, config=config)
            except (
                ValueError
            ) as error:  # how botocore says that an endpoint of the settings is no address
                raise NotAsked(f"not asked: {error}") from error

    return make
