"""Classifies errors of the AWS SDK: kind, AWS's code and message, and how to fix a denial.

This is the only module that reads SDK errors. Codes come from the services' API references. The
SDK is imported when an error is read, not before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sre_findings.model.errors import AccessDenied, CredentialsInvalid, StoreUnreadable
from sre_findings.model.permission import action_of, missing

DENIED, CREDENTIALS, THROTTLED, UNAVAILABLE, REJECTED = (
    "denied", "credentials", "throttled", "unavailable", "rejected",
)  # fmt: skip
"""Kinds of errors that the service returned."""
NO_CREDENTIALS, NO_ANSWER, SETTINGS, SDK = "no_credentials", "no_answer", "settings", "sdk"
"""Kinds of failures without a response. SDK is any other error of the SDK."""

_CREDENTIAL_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# Denials that an IAM policy statement can lift. S3 answers a denied HEAD with the status alone.
_POLICY_CODES = frozenset({"AccessDenied", "AccessDeniedException", "403"})
_DENIED_CODES = _POLICY_CODES | {
    "AuthorizationError",
    "ForbiddenException",
    "OptInRequired",
    "UnauthorizedOperation",
}


# EC2 appends about a kilobyte that only STS can decode.
_ENCODED = "Encoded authorization failure message:"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of the SDK. Without a response, ``code`` is empty and ``status`` is 0.

    ``message`` is AWS's message, or the first line of the SDK's. ``retry_after`` is in seconds, or
    None without that header. ``attempts`` counts the SDK's retries of the request.
    """

    kind: str
    message: str
    code: str = ""
    status: int = 0
    operation: str = ""
    retry_after: float | None = None
    attempts: int = 0
    headers: Mapping[str, str] | None = None

    @property
    def answered(self) -> bool:
        """Whether the service responded with this error."""
        return self.headers is not None

    def remedy(self, service: str = "", resource: str = "*") -> str:
        """The policy statement that lifts a denial.

        ``service`` and ``resource`` are used if AWS's message does not name them. The result is
        empty if this is not a denial, or if no permission is known.
        """
        if self.code not in _POLICY_CODES:
            return ""
        found = missing(self.message, action_of(service, self.operation), resource)
        return found.remedy if found.action.partition(":")[0] else ""


def sdk_errors() -> tuple[type[Exception], ...]:
    """The SDK's error classes, for an ``except`` clause, which evaluates this only on an error."""
    import botocore.exceptions as sdk

    return sdk.ClientError, sdk.BotoCoreError


def failure_of(error: BaseException) -> Failure:
    """Classifies an error. An unknown error is of kind SDK, with its first line as the message."""
    import botocore.exceptions as sdk
    import botocore.parsers

    if isinstance(error, sdk.ClientError):
        return _answered(error)
    message = first_line(error)
    if isinstance(error, sdk.NoCredentialsError):
        return Failure(NO_CREDENTIALS, message)
    unanswered = sdk.HTTPClientError | sdk.ConnectionError | sdk.ResponseStreamingError
    if isinstance(error, unanswered | botocore.parsers.ResponseParserError):
        return Failure(NO_ANSWER, message)
    settings = sdk.ProfileNotFound | sdk.NoRegionError | sdk.InvalidRegionError
    if isinstance(error, settings | sdk.ParamValidationError):
        return Failure(SETTINGS, message)
    renewal = sdk.CredentialRetrievalError | sdk.TokenRetrievalError
    return Failure(NO_CREDENTIALS if isinstance(error, renewal) else SDK, message)


def _answered(error: Any) -> Failure:
    """Converts an error response. Some AWS emulators omit parts of it."""
    answer, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, status = str(answer.get("Code", "")), int(metadata.get("HTTPStatusCode", 0))
    headers = metadata.get("HTTPHeaders", {})
    return Failure(
        _kind(code, status),
        str(answer.get("Message") or "").partition(_ENCODED)[0].rstrip(),
        code,
        status,
        error.operation_name,
        _retry_after(headers),
        int(metadata.get("RetryAttempts", 0)),
        headers,
    )


def _kind(code: str, status: int) -> str:
    if status == 429 or "Throttl" in code or code == "TooManyRequestsException":
        return THROTTLED
    if status >= 500:
        return UNAVAILABLE
    if code in _CREDENTIAL_CODES:
        return CREDENTIALS
    return DENIED if status == 403 or code in _DENIED_CODES else REJECTED


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from the Retry-After header, which the SDK ignores; at most ten minutes."""
    header = str(headers.get("retry-after", ""))
    return min(float(header), 600.0) if header.isdecimal() else None


@contextlib.contextmanager
def store_errors(doing: str, *, do: str) -> Iterator[None]:
    """Maps errors of the SDK in the block to errors of the product.

    Raises AccessDenied, CredentialsInvalid or, for any other error of the SDK, StoreUnreadable. The
    message starts with ``doing`` and ends with the missing permission, or else with ``do``.
    """
    try:
        yield
    except sdk_errors() as error:
        failure = failure_of(error)
        if failure.kind == NO_CREDENTIALS:
            raise CredentialsInvalid(doing, why=failure.message, do=LOG_IN) from error
        kinds = {DENIED: AccessDenied, CREDENTIALS: CredentialsInvalid}
        kind = kinds.get(failure.kind, StoreUnreadable)
        why = failure.message or first_line(error)
        raise kind(doing, why=why, do=failure.remedy() or do) from error


LOG_IN = "Run: aws configure sso, or set AWS_PROFILE."


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its class name if it has no message."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
