"""As who Inspector is asked: this process's own credentials, a profile's, or a role in Inspector's
administrator account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import botocore.session

    from sre_findings.settings import Settings

_SESSION = "sre-operations-assistant"


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that this process takes to read Inspector, and the external id that the role asks
    for."""

    role: str
    external_id: str = field(default="", repr=False)


Who: TypeAlias = str | Reader | None
"""A profile's name, a reader, or None: the credentials that this process has."""


def reader_of(settings: Settings) -> Reader | None:
    """The reader of the settings, where one is set."""
    return (
        Reader(settings.reader_role, settings.reader_external_id) if settings.reader_role else None
    )


def open_session(who: Who) -> botocore.session.Session:
    """A session with these credentials; those of a reader are asked for when they are first used,
    and renewed in time."""
    import botocore.session

    if not isinstance(who, Reader):
        return botocore.session.Session(profile=who)
    session = botocore.session.Session()
    session.get_component("credential_provider").insert_before("env", _provider(who))
    return session


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
