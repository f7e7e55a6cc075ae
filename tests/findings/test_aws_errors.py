"""Errors of the AWS SDK are mapped to a few kinds, and a denial names its remedy."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from sre_findings import aws_errors
from sre_findings.aws_errors import failure_of, store_errors
from sre_findings.model.errors import AccessDenied, CredentialsInvalid, StoreUnreadable


def answer(code: str, status: int = 400, message: str = "m", **metadata: Any) -> sdk.ClientError:
    values: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, **metadata},
    }
    return sdk.ClientError(values, "GetObject")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("TooManyRequestsException", 429), aws_errors.THROTTLED),
        (answer("ThrottlingException"), aws_errors.THROTTLED),
        (answer("InternalError", 500), aws_errors.UNAVAILABLE),
        (answer("ExpiredToken"), aws_errors.CREDENTIALS),
        (answer("SignatureDoesNotMatch", 403), aws_errors.CREDENTIALS),
        (answer("AccessDenied"), aws_errors.DENIED),
        (answer("AnythingElse", 403), aws_errors.DENIED),
        (answer("ValidationException"), aws_errors.REJECTED),
        (answer(""), aws_errors.REJECTED),
        (sdk.NoCredentialsError(), aws_errors.NO_CREDENTIALS),
        (sdk.ReadTimeoutError(endpoint_url="x"), aws_errors.NO_ANSWER),
        (ResponseParserError("x"), aws_errors.NO_ANSWER),
        (sdk.ProfileNotFound(profile="p"), aws_errors.SETTINGS),
        (sdk.DataNotFoundError(data_path="p"), aws_errors.SDK),
    ],
)
def test_each_error_has_one_kind(error: Exception, kind: str) -> None:
    found = failure_of(error)
    assert found.kind == kind
    assert found.answered == isinstance(error, sdk.ClientError)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("99999", 600.0), ("soon", None)])
def test_retry_after_is_read_and_bounded(header: str, seconds: float | None) -> None:
    error = answer("ThrottlingException", 429, HTTPHeaders={"retry-after": header})
    assert failure_of(error).retry_after == seconds


def test_an_answer_without_its_parts_is_still_read() -> None:
    found = failure_of(sdk.ClientError({}, "GetObject"))
    assert (found.kind, found.code, found.status) == (aws_errors.REJECTED, "", 0)


def test_only_a_denial_has_a_remedy() -> None:
    denied = failure_of(answer("AccessDenied", 403, "no"))
    assert "s3:GetObject" in denied.remedy("s3", "arn:aws:s3:::b/*")
    assert not failure_of(answer("NoSuchKey", 404)).remedy("s3", "arn:aws:s3:::b/*")
    assert not failure_of(answer("SignatureDoesNotMatch", 403)).remedy("s3")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sdk.NoCredentialsError(), CredentialsInvalid),
        (answer("ExpiredToken"), CredentialsInvalid),
        (answer("AccessDenied", 403), AccessDenied),
        (answer("InternalError", 500), StoreUnreadable),
        (sdk.ReadTimeoutError(endpoint_url="x"), StoreUnreadable),
    ],
)
def test_an_error_of_the_store_says_what_was_done_and_what_to_do(
    error: Exception, kind: type[Exception]
) -> None:
    with (
        pytest.raises(kind, match="cannot read the catalog"),
        store_errors("cannot read the catalog", do="Check the database."),
    ):
        raise error
