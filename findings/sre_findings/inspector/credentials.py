"""The credentials for Inspector: the process's own, a profile's, or those of an assumed role.

The role is in Inspector's administrator account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sre_findings.aws_errors import first_line
from sre_findings.model.errors import UsageError

if TYPE_CHECKING:
    import botocore.session

    from sre_findings.settings import Settings

_SESSION = "sre-operations-assistant"


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that this process assumes to read Inspector, and the external ID it requires."""

    role: str
    external_id: str = field(default="", repr=False)


Who: TypeAlias = str | Reader | None
"""A profile's name, a reader role, or None for the process's own credentials."""


def reader_of(settings: Settings) -> Reader | None:
    """The reader role in the settings, or None."""
    return (
        Reader(settings.reader_role, settings.reader_external_id) if settings.reader_role else None
    )


def open_session(who: Who) -> botocore.session.Session:
    """Returns a session with these credentials.

    A reader role is assumed on first use, and its credentials are renewed before they expire.
    Raises UsageError if the profile does not exist or its file cannot be parsed.
    """
    import botocore.session

    session = botocore.session.Session(profile=None if isinstance(who, Reader) else who)
    _check_profile(session)
    if isinstance(who, Reader):
        session.get_component("credential_provider").insert_before("env", _provider(who))
    return session


def _check_profile(session: botocore.session.Session) -> None:
    # botocore reads the profile at an unpredictable first use
    from botocore.exceptions import ConfigParseError, ProfileNotFound

    try:
        session.get_scoped_config()
    except (ConfigParseError, ProfileNotFound) as error:
        raise UsageError(
            first_line(error), do="Check --profile, AWS_PROFILE and your AWS settings."
        ) from error


def _provider(reader: Reader) -> object:
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        DeferredRefreshableCredentials,
    )
    from botocore.session import Session

    class Provider(CredentialProvider):
        METHOD = CANONICAL_NAME = "reader"

        def load(self) -> DeferredRefreshableCredentials:
            ours = Session()
            extra = {"ExternalId": reader.external_id} if reader.external_id else {}
            fetcher = AssumeRoleCredentialFetcher(
                ours.create_client,
                ours.get_credentials(),
                reader.role,
                extra_args={"RoleSessionName": _SESSION, **extra},
            )
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    return Provider()
