"""The errors of the wire.

Refusal              any answer that is not 200: HTTP status, x-amzn-ErrorType, message
└── Invalid          400 ValidationException, with its reason and fields

Shapes and statuses are those of the botocore model. Those that it lacks are the responses of API
Gateway and IAM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Problem(NamedTuple):
    """A member that violates a constraint: its path, and the constraint."""

    path: str
    constraint: str

    @property
    def text(self) -> str:
        """The message in the Coral framework's wording (seen in boto/boto3 #4179)."""
        return f"Value at '{self.path}' failed to satisfy constraint: {self.constraint}"


class Refusal(Exception):
    """An error response; `retry_after` is the value of its header, in seconds."""

    def __init__(
        self, status: int, code: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    @property
    def body(self) -> bytes:
        """The body of the response."""
        return msgspec.json.encode({"message": self.message} | self._members())

    @property
    def headers(self) -> dict[str, str]:
        """The headers that an error adds."""
        headers = {"x-amzn-ErrorType": self.code}
        return (
            headers
            if self.retry_after is None
            else headers | {"Retry-After": f"{self.retry_after:g}"}
        )

    def _members(self) -> dict[str, Any]:
        return {}


class Invalid(Refusal):
    """A request that violates the model."""

    def __init__(self, message: str, reason: str = "OTHER", fields: Sequence[Problem] = ()) -> None:
        super().__init__(400, "ValidationException", message)
        self.reason = reason
        self.fields = fields

    def _members(self) -> dict[str, Any]:
        fields = [{"name": problem.path, "message": problem.constraint} for problem in self.fields]
        return {"reason": self.reason, "fields": fields} if fields else {"reason": self.reason}


def broken(problems: Sequence[Problem]) -> Invalid:
    """Returns the error response for a request with these problems."""
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
    return Invalid(
        count + "; ".join(problem.text for problem in problems), "FIELD_VALIDATION_FAILED", problems
    )


def throttled(retry_after: float | None) -> Refusal:
    """Returns 429, with the seconds to wait."""
    return Refusal(429, "ThrottlingException", "Rate exceeded", retry_after)


def denied(account: str, region: str, operation: str, path: str) -> Refusal:
    """Returns 403 in IAM's exact wording."""
    caller = f"arn:aws:sts::{account}:assumed-role/inspector-reader/session"
    resource = f"arn:aws:inspector2:{region}:{account}:{path}"
    message = (
        f"User: {caller} is not authorized to perform: inspector2:{operation} on resource:"
        f" {resource}"
    )
    return Refusal(403, "AccessDeniedException", message)
