"""Clients of AWS services other than Inspector, with short timeouts and without retries.

They never bypass an overridden endpoint.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sre_findings.inspector.credentials import Who, open_session
from sre_findings.model.errors import UsageError

Make = Callable[[str], Any]
"""Creates a client of the named service."""


class NotAsked(UsageError):
    """Nothing is sent to this service, because of the AWS settings.

    Inspector's endpoint is overridden and this service's is not, or its endpoint is invalid.
    """


def check_asked(service: str, environ: Mapping[str, str]) -> None:
    """Raises NotAsked if Inspector's endpoint is overridden and this service's is not."""
    overridden = "AWS_ENDPOINT_URL_INSPECTOR2" in environ and "AWS_ENDPOINT_URL" not in environ
    if overridden and f"AWS_ENDPOINT_URL_{service.upper()}" not in environ:
        raise NotAsked("not queried, because Inspector's endpoint is overridden and its own is not")


def clients(profile: Who, region: str, environ: Mapping[str, str], *, read_timeout: float) -> Make:
    """Returns a factory of clients with short timeouts and one attempt per request.

    The factory raises NotAsked for a service that must not be called. If Inspector's endpoint is
    overridden and a service's is not, that service is not called: credentials of a simulator or of
    a private endpoint must not be sent to AWS. All clients share one session, so a role is assumed,
    and an MFA code requested, only once.
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
        # botocore's sessions are not thread-safe; its clients are.
        with one_at_a_time:
            try:
                return session.create_client(service, region_name=region, config=config)
            except (
                ValueError
            ) as error:  # botocore's error for an invalid endpoint URL in the settings
                raise NotAsked("not asked", why=str(error)) from error

    return make
