"""Calls to AWS that tell something by being allowed, denied or unanswered."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings.inspector.aws_clients import check_asked
from sre_findings.inspector.credentials import Who, open_session
from sre_findings.model.errors import UsageError
from sre_findings.model.permission import Permission, missing
from sre_reports.plain_text import shortened

ALLOWED, DENIED, REFUSED, NO_CREDENTIALS, NO_ANSWER, NOT_ASKED = (
    "allowed", "denied", "refused", "no credentials", "no answer", "not asked",
)  # fmt: skip
_WORDS = 500  # letters of what a service says
_DENIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "ForbiddenException",
        "UnauthorizedOperation",
        "403",
    }
)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "RequestExpired",
        "AuthFailure",
        "RequestTimeTooSkewed",
        "InvalidAccessKeyId",
    }
)


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
        import botocore.exceptions as theirs
        from botocore import xform_name

        service, _, operation = action.partition(":")
        try:
            values = getattr(self._client(service, region), xform_name(operation))(**asked)
        except theirs.ClientError as error:
            return _refused(error, action)
        except (
            theirs.NoCredentialsError,
            theirs.CredentialRetrievalError,
            theirs.TokenRetrievalError,
        ) as error:
            return Said(NO_CREDENTIALS, {}, _line(error))
        except theirs.BotoCoreError as error:
            return Said(NO_ANSWER, {}, _line(error))
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


def _refused(error: Any, action: str) -> Said:
    """An answer that is an error."""
    answer = error.response
    code, status = (
        str(answer["Error"].get("Code", "")),
        answer["ResponseMetadata"].get("HTTPStatusCode", 0),
    )
    words = shortened(" ".join(str(answer["Error"].get("Message") or code).split()), _WORDS)
    if code in _CREDENTIALS:
        return Said(NO_CREDENTIALS, {}, f"{code}: {words}", _date(answer))
    if code in _DENIALS or status == 403:
        return Said(DENIED, {}, words, _date(answer), missing(words, action))
    passing = status >= 500 or status == 429 or "Throttl" in code
    return Said(NO_ANSWER if passing else REFUSED, {}, f"{code}: {words}", _date(answer))


def _date(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
