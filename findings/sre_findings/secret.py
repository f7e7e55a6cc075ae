"""A secret of AWS Secrets Manager as text, and its failures in words that tell nothing of it."""

from __future__ import annotations

from typing import Any

from sre_findings.model.errors import AccessDenied, CredentialsInvalid, Unreachable
from sre_findings.model.permission import Permission


class Secret:
    """One secret by its name or ARN. ``what`` and ``do`` are how its errors begin and end. Nothing
    is asked yet."""

    def __init__(self, name: str, what: str, do: str, region: str | None = None) -> None:
        self._name, self._what, self._do, self._region = name, what, do, region
        self._client: Any = None

    def read(self) -> str:
        """Its newest text. Raises AccessDenied, CredentialsInvalid for one that holds bytes, and
        Unreachable for all else."""
        import botocore.exceptions as theirs

        try:
            text = self._connected().get_secret_value(SecretId=self._name).get("SecretString")
        except theirs.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "an error without a code"))
            if code.startswith("AccessDenied"):
                raise AccessDenied(self._what, why=code, do=self._permission().remedy) from error
            # its message may hold more than anybody should read
            raise Unreachable(self._what, why=code, do=self._do) from error
        except theirs.BotoCoreError as error:
            raise Unreachable(self._what, why=type(error).__name__, do=self._do) from error
        if not isinstance(text, str):
            raise CredentialsInvalid(
                self._what, why="it holds bytes and no text", do="Store it as a secret string."
            )
        return text

    def _permission(self) -> Permission:
        """What reading it needs. Its full name has six letters at the end that nobody chose."""
        place = f"arn:{self._connected().meta.partition}:secretsmanager:{self._region or '*'}:*:secret:{self._name}-*"
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
