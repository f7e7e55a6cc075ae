"""Calls to AWS of which the outcome (allowed, denied, no answer) is the result."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings import aws_errors
from sre_findings.aws_errors import Failure, failure_of, sdk_errors
from sre_findings.inspector.aws_clients import check_asked
from sre_findings.inspector.credentials import Who, open_session
from sre_findings.model.errors import UsageError
from sre_findings.model.permission import Permission, missing
from sre_reports.plain_text import shortened

ALLOWED, DENIED, REFUSED = "allowed", "denied", "refused"
NO_CREDENTIALS, NO_ANSWER, NOT_ASKED = "no credentials", "no answer", "not asked"
_WORDS = 500  # characters of an error message


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of a call.

    ``outcome`` is one of the constants above. ``values`` is the response, empty unless the call was
    allowed. ``words`` is the error message, and ``date`` the Date header. ``permission`` is the
    permission named in a denial, if any.
    """

    outcome: str
    values: Mapping[str, Any]
    words: str = ""
    date: str = ""
    permission: Permission | None = None


class Aws:
    """Clients by service and region. Can be used from several threads.

    Each call is tried once, for at most ``seconds``.
    """

    def __init__(self, who: Who, environ: Mapping[str, str], seconds: float = 10.0) -> None:
        import botocore.config

        self._environ, self._clients = environ, dict[tuple[str, str], Any]()
        self._config = botocore.config.Config(
            connect_timeout=min(3.0, seconds),
            read_timeout=seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        self._session, self._lock = open_session(who), threading.Lock()

    def has_credentials(self) -> bool:
        """Returns whether there are credentials.

        Raises CredentialsInvalid if loading them fails, for example because the session has
        expired.
        """
        from sre_findings.inspector.client import mapped_errors

        with mapped_errors(), self._lock:
            return self._session.get_credentials() is not None

    def call(self, action: str, region: str, **arguments: Any) -> Reply:
        """Calls the operation of an IAM action (``ec2:DescribeRegions``) once."""
        from botocore import xform_name

        service, _, operation = action.partition(":")
        try:
            values = getattr(self._client(service, region), xform_name(operation))(**arguments)
        except sdk_errors() as error:
            return _refused(failure_of(error), action)
        except UsageError as error:
            return Reply(NOT_ASKED, {}, error.what)
        return Reply(ALLOWED, values, date=_date(values))

    def _client(self, service: str, region: str) -> Any:
        check_asked(service, self._environ)
        # Clients of botocore can be used from several threads, sessions cannot.
        with self._lock:
            if (service, region) not in self._clients:
                made = self._session.create_client(service, region_name=region, config=self._config)
                self._clients[service, region] = made
            return self._clients[service, region]


def _refused(failure: Failure, action: str) -> Reply:
    """Returns the outcome of a call that raised an error of the SDK."""
    if not failure.answered:
        unknown = failure.kind == aws_errors.NO_CREDENTIALS
        return Reply(NO_CREDENTIALS if unknown else NO_ANSWER, {}, failure.message)
    words = shortened(" ".join((failure.message or failure.code).split()), _WORDS)
    date = str((failure.headers or {}).get("date", ""))
    if failure.kind == aws_errors.DENIED:
        return Reply(DENIED, {}, words, date, missing(words, action))
    outcomes = {
        aws_errors.CREDENTIALS: NO_CREDENTIALS,
        aws_errors.THROTTLED: NO_ANSWER,
        aws_errors.UNAVAILABLE: NO_ANSWER,
    }
    return Reply(outcomes.get(failure.kind, REFUSED), {}, f"{failure.code}: {words}", date)


def _date(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
