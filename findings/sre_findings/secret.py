"""Reads a secret from AWS Secrets Manager. Errors never contain any of the secret."""

from __future__ import annotations

from typing import Any

from sre_findings.aws_errors import failure_of, sdk_errors
from sre_findings.model.errors import AccessDenied, CredentialsInvalid, Unreachable
from sre_findings.model.permission import Permission


class Secret:
    """One secret, identified by its name or ARN, and read on demand.

    Errors begin with ``what`` and end with ``do``.
    """

    def __init__(self, name: str, what: str, do: str, region: str | None = None) -> None:
        self._name, self._what, self._do, self._region = name, what, do, region
        self._client: Any = None

    def read(self) -> str:
        """The text of the secret's current version.

        Raises AccessDenied, CredentialsInvalid if the secret is binary, and Unreachable for any
        other failure.
        """
        try:
            text = self._connected().get_secret_value(SecretId=self._name).get("SecretString")
        except sdk_errors() as error:
            # AWS's message is omitted, because it can name secrets and roles.
            code = _code(error)
            if code.startswith("AccessDenied"):
                raise AccessDenied(self._what, why=code, do=self._permission().remedy) from error
            raise Unreachable(self._what, why=code, do=self._do) from error
        if not isinstance(text, str):
            raise CredentialsInvalid(
                self._what, why="it is binary and not text", do="Store it as a secret string."
            )
        return text

    def _permission(self) -> Permission:
        """The permission to read the secret. AWS appends six random characters to its name."""
        service = f"arn:{self._connected().meta.partition}:secretsmanager:{self._region or '*'}"
        place = f"{service}:*:secret:{self._name}-*"
        return Permission(
            "secretsmanager:GetSecretValue", self._name if self._name.startswith("arn:") else place
        )

    def _connected(self) -> Any:
        import boto3
        import botocore.config

        if self._client is None:
            config = botocore.config.Config(
                connect_timeout=2,
                read_timeout=3,
                retries={"total_max_attempts": 2, "mode": "standard"},
            )
            self._client = boto3.client("secretsmanager", region_name=self._region, config=config)
        return self._client


def _code(error: Exception) -> str:
    """AWS's error code, or the class name of an error without a response."""
    failure = failure_of(error)
    return failure.code or ("an error without a code" if failure.answered else type(error).__name__)
