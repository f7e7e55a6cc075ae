"""Calls to AWS that tell something by being allowed, denied or unanswered."""

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

ALLOWED, DENIED, REFUSED, NO_CREDENTIALS, NO_ANSWER, NOT_ASKED = (
    "allowed", "denied", "refused", "no credentials", "no answer", "not asked",
)  # fmt: skip
_WORDS = 500  # letters of what a service says


@dataclass(frozen=True, slots=True)
class Said:
    """How a call ended: one of the words above, AWS's answer or its own words, and the Date of its
    answer.

    ``permission`` is what a denial names; None where a service refuses for a reason of its own.
    """

    outcome: str
    values: Mapping[str, Any]
    words: str = ""
    date: str = ""
    permission: Permission | None = None


class Aws:
    """Clients by service and region, made once, that try once and give up soon. Safe between
    threads."""

    def __init__(self, who: Who, environ: Mapping[str, str], seconds: float = 10.0) -> None:
        import botocore.config

        self._environ, self._clients = environ, dict[tuple[str, str], Any]()
        self._config = botocore.config.Config(
            connect_timeout=min(3.0, seconds),
            read_timeout=seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        self._session, self._one_at_a_time = open_session(who), threading.Lock()

    def has_credentials(self) -> bool:
        """Whether there are any. Raises CredentialsInvalid where they cannot be had, as of a
        session that expired."""
        from sre_findings.inspector.client import mapped_errors

        with mapped_errors(), self._one_at_a_time:
            return self._session.get_credentials() is not None

    def ask(self, action: str, region: str, **asked: Any) -> Said:
        """Calls the operation that ``action`` (``ec2:DescribeRegions``) allows, once."""
        from botocore import xform_name

        service, _, operation = action.partition(":")
        try:
            values = getattr(self._client(service, region), xform_name(operation))(**asked)
        except sdk_errors() as error:
            return _refused(failure_of(error), action)
        except UsageError as error:
            return Said(NOT_ASKED, {}, error.what)
        return Said(ALLOWED, values, date=_date(values))

    def _client(self, service: str, region: str) -> Any:
        check_asked(service, self._environ)
        # botocore's sessions are not safe to use from several threads; its clients are
        with self._one_at_a_time:
            if (service, region) not in self._clients:
                made = self._session.create_client(service, region_name=region, config=self._config)
                self._clients[service, region] = made
            return self._clients[service, region]


def _refused(failure: Failure, action: str) -> Said:
    """A call that ended with an error of the SDK."""
    if not failure.answered:
        unknown = failure.kind == aws_errors.NO_CREDENTIALS
        return Said(NO_CREDENTIALS if unknown else NO_ANSWER, {}, failure.message)
    words = shortened(" ".join((failure.message or failure.code).split()), _WORDS)
    date = str((failure.headers or {}).get("date", ""))
    if failure.kind == aws_errors.DENIED:
        return Said(DENIED, {}, words, date, missing(words, action))
    outcomes = {
        aws_errors.CREDENTIALS: NO_CREDENTIALS,
        aws_errors.THROTTLED: NO_ANSWER,
        aws_errors.UNAVAILABLE: NO_ANSWER,
    }
    return Said(outcomes.get(failure.kind, REFUSED), {}, f"{failure.code}: {words}", date)


def _date(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
