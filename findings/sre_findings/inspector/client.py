"""One attempt at one Inspector operation, sent by botocore, with the raw body as the result.

Errors are mapped to the errors of the product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sre_findings import aws_errors
from sre_findings.aws_errors import Failure, failure_of
from sre_findings.inspector.credentials import Who, open_session
from sre_findings.inspector.retry import Transient
from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    SreError,
    UsageError,
)
from sre_findings.model.permission import Permission, missing

Call = Callable[[str, Mapping[str, Any]], bytes]
"""``(operation, request body) -> raw response body``: one attempt."""

_BODY = "RawBody"


def connect(
    region: str, *, profile: Who = None, connections: int = 4, read_timeout: float = 65
) -> Call:
    """Returns a function that calls Inspector in one region with the standard AWS settings.

    Retries are implemented in ``retry``, so botocore's are off. Raises CredentialsInvalid if there
    are no credentials, and UsageError if the AWS settings are invalid.
    """
    import botocore.config

    with mapped_errors():
        session = open_session(profile)
        config = botocore.config.Config(
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=connections,
            parameter_validation=False,
            # botocore rebuilds its default user agent for each request
            user_agent=f"sre-operations-assistant Botocore/{botocore.__version__}",
        )
        try:
            client = session.create_client("inspector2", region_name=region, config=config)
        except ValueError as error:  # botocore's error for an invalid AWS_ENDPOINT_URL
            raise UsageError(str(error), do="Check your AWS settings.") from error
        if session.get_credentials() is None:
            raise CredentialsInvalid(
                "no AWS credentials were found", do="Run: aws configure sso, or set AWS_PROFILE."
            )
    client.meta.events.register("before-parse.inspector2", keep_body)
    return caller(client)


def keep_body(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Saves the body of a successful response and gives botocore's parser an empty object.

    The parser is slow and drops fields. botocore also accepts a truncated body as complete and
    fails on an error page that is not UTF-8; both are handled here. Raises Transient if the body is
    truncated.
    """
    body, length = response_dict["body"], str(response_dict["headers"].get("Content-Length", ""))
    if length.isdecimal() and len(body) < int(length):
        raise Transient(f"the response ended after {len(body)} of {length} bytes")
    if response_dict["status_code"] < 300:
        customized_response_dict[_BODY], response_dict["body"] = body, b"{}"
    else:
        response_dict["body"] = body.decode(errors="replace").encode()


def caller(client: Any) -> Call:
    """Wraps a client's operations in one function."""

    def call(operation: str, body: Mapping[str, Any]) -> bytes:
        with mapped_errors():
            answer: bytes = client._make_api_call(operation, dict(body))[_BODY]  # noqa: SLF001 - the operation is data here
            return answer

    return call


class mapped_errors:  # noqa: N801 - reads as a word where it is used
    """Maps errors of the SDK in the block; errors of other libraries pass unchanged.

    Raises Transient for an error that a retry can resolve, and an SreError for any other.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if (
            error is None
            or isinstance(error, SreError)
            or not type(error).__module__.startswith("botocore")
        ):
            return
        raise _mapped(failure_of(error)) from error


def _mapped(failure: Failure) -> Exception:
    if failure.answered:
        return _answered(failure)
    if failure.kind == aws_errors.NO_ANSWER:
        return Transient(failure.message)
    if failure.kind == aws_errors.SETTINGS:
        return UsageError(failure.message, do="Check --profile, --region and your AWS settings.")
    return CredentialsInvalid(failure.message, do="Run: aws sso login, or check your AWS settings.")


def _answered(failure: Failure) -> Exception:
    """The error for an error response."""
    message = failure.message or failure.code
    if failure.kind == aws_errors.THROTTLED:
        return Transient(message, throttled=True, retry_after=failure.retry_after)
    if failure.kind == aws_errors.UNAVAILABLE:
        return Transient(f"{failure.code}: {message}", retry_after=failure.retry_after)
    if failure.kind == aws_errors.CREDENTIALS:
        return CredentialsInvalid(
            "AWS does not accept the credentials",
            why=message,
            do="Renew them (aws sso login), then try again.",
        )
    if failure.kind == aws_errors.DENIED:
        permission = missing(message, f"inspector2:{failure.operation}")
        return AccessDenied("AWS denied it", why=message, do=_allow(permission))
    return Rejected("Inspector rejected the request", why=message)


def _allow(permission: Permission) -> str:
    """How to fix a denial."""
    if permission.barred_by or not permission.action.startswith("inspector2:"):
        return permission.remedy
    return (
        "Attach AmazonInspector2ReadOnlyAccess to the role, or add to its policy:"
        f" {permission.statement}"
    )
