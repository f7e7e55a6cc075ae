"""Every error that this product raises on purpose.

    SreError                    what happened, why, and what to do
    ├── UsageError              the request is wrong
    │   ├── AmbiguousName       several resources have this name
    │   └── NoSnapshot          there is no snapshot yet
    ├── Unreadable              denied, unreachable or not configured: nothing can be read
    │   ├── AccessDenied        AWS denied the request
    │   │   └── Forbidden       the product denied it: the caller lacks access
    │   ├── CredentialsInvalid  expired, unknown or missing credentials
    │   ├── Throttled           the service throttled until the deadline
    │   ├── Unreachable         network errors, timeouts, responses that cannot be used
    │   ├── Rejected            the service rejected the request
    │   ├── InspectorDisabled   Inspector is not enabled there
    │   └── StoreUnreadable     the folder, bucket or table cannot be read or written
    ├── CommitLost              another scan committed first
    └── Interrupted             the user stopped it

Errors of libraries (botocore, OSError, sqlite3, duckdb) are mapped to these where they are caught.
Only an entry point catches SreError and picks an exit code, a Slack text or an MCP error.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from sre_findings.model.text import Text, joined, ours, phrase, without_stop


class SreError(Exception):
    """An error with ``what`` happened, ``why``, and what to ``do`` about it.

    Each of them is a Text, or else taken for text from outside by the clients that tell them apart.
    """

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.do = what, why, do

    @property
    def reason(self) -> str:
        """What happened and why, on one line and without a full stop."""
        line = f"{self.what}: {self.why}" if self.why else self.what
        return " ".join(line.splitlines()).rstrip(".")

    @property
    def text(self) -> Text:
        """What, why, and what to do, with the parts that are text from outside."""
        line = self._line()
        return phrase("{}. {}", without_stop(line), self.do) if self.do else line

    @property
    def brief(self) -> Text:
        """The same as ``reason``, with the parts that are text from outside."""
        return without_stop(self._line())

    def _line(self) -> Text:
        return phrase("{}: {}", self.what, self.why) if self.why else phrase("{}", self.what)

    def __str__(self) -> str:
        """One line to show to users: what, why, and what to do."""
        line = f"{self.what}: {self.why}" if self.why else self.what
        line = f"{line.rstrip('.')}. {self.do}" if self.do else line
        return " ".join(line.splitlines())


class UsageError(SreError):
    """The request is wrong and must be changed."""


class AmbiguousName(UsageError):
    """Several resources have this name, and the product does not guess which is meant.

    ``candidates`` are the IDs to use instead.
    """

    def __init__(
        self, what: str, *, why: str = "", do: str = "", candidates: Sequence[str] = ()
    ) -> None:
        super().__init__(what, why=why, do=do)
        self.candidates = tuple(candidates)

    @classmethod
    def of(
        cls, name: str, candidates: Sequence[str], called: Sequence[str] = (), total: int = 0
    ) -> AmbiguousName:
        """Returns the error for a name.

        ``called`` tell the candidates apart: their names or places. ``total`` is the number of
        matches, which can exceed the number of candidates.
        """
        total = max(total, len(candidates))
        examples = [
            phrase("{} ({})", one, title) if title and title not in (one, name) else one
            for one, title in zip_longest(candidates, called[: len(candidates)], fillvalue="")
        ]
        more = [phrase("and {} more", total - len(candidates))] if total > len(candidates) else []
        return cls(
            phrase("{} resources are named {!r}", total, name),
            why=joined(", ", [*examples, *more]),
            do=phrase("Use one of these IDs."),
            candidates=candidates,
        )


class NoSnapshot(UsageError):
    """There is no snapshot yet.

    ``store`` is its address, for a user of this machine; clients of a server do not see it.
    """

    def __init__(self, store: str = "") -> None:
        what = phrase("there is no snapshot yet")
        super().__init__(
            phrase("{} in {}", what, store) if store else what,
            do=phrase("Run: sre-cli scan (or sre-cli demo)."),
        )


class Unreadable(SreError):
    """Nothing of what was requested could be read."""


class AccessDenied(Unreadable):
    """AWS denied the request."""


class Forbidden(AccessDenied):
    """The product denied the request, not AWS. Its text may be shown to the client."""


class CredentialsInvalid(Unreadable):
    """There are no credentials, or AWS does not accept them."""


class Throttled(Unreadable):
    """The service throttled requests until the deadline."""


class Unreachable(Unreadable):
    """No usable response arrived before the deadline.

    Causes are connection errors, timeouts, and truncated or unreadable bodies.
    """


class Rejected(Unreadable):
    """The service understood the request and rejected it."""


class InspectorDisabled(Unreadable):
    """Inspector is not enabled in any of the accounts and regions."""


class StoreUnreadable(Unreadable):
    """The store or the table could not be read or written."""


class CommitLost(SreError):
    """Another scan committed this sequence number first. Nothing of this scan is visible."""


class Interrupted(SreError):
    """The user stopped the command. Nothing unfinished is kept."""

    def __init__(self) -> None:
        super().__init__("interrupted; nothing was committed")


def kind_of(error: SreError) -> str:
    """The kind of an error as text, for other processes: ``usage``, ``access_denied`` and so on.

    A class that is not in _KINDS has the kind of its nearest base class there.
    """
    # Forbidden has the kind of AccessDenied and differs only in its text.
    classes = (AccessDenied,) if isinstance(error, Forbidden) else type(error).__mro__
    return next((word for one in classes if (word := _word(one)) in _KINDS), _word(type(error)))


def _word(kind: type) -> str:
    name = kind.__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip(
        "_"
    )


def of_kind(kind: str, what: str, why: str, do: str) -> SreError:
    """The error of a kind from :func:`kind_of`.

    An unknown kind gives a plain SreError, which exits as an internal error.
    """
    return _KINDS.get(kind, SreError)(what, why=why, do=do)


_KINDS: dict[str, type[SreError]] = {
    "ambiguous_name": AmbiguousName,
    "timeout": Unreachable,
    "usage": UsageError,
    "access_denied": AccessDenied,
    "credentials_invalid": CredentialsInvalid,
    "throttled": Throttled,
    "unreachable": Unreachable,
    "rejected": Rejected,
    "inspector_disabled": InspectorDisabled,
    "store_unreadable": StoreUnreadable,
    "unreadable": Unreadable,
}


_LOG = "The server's log has details."
_OUTWARD: dict[type[Unreadable], tuple[str, str]] = {
    AccessDenied: (
        "AWS denies this server access to Inspector",
        f"Its role needs AmazonInspector2ReadOnlyAccess. {_LOG}",
    ),
    CredentialsInvalid: (
        "AWS does not accept this server's credentials",
        f"Renew them. {_LOG}",
    ),
    Throttled: ("Inspector is throttling requests", "Try again in a minute."),
    Unreachable: (
        "Inspector gave no usable response in time",
        f"Try again in a few minutes. {_LOG}",
    ),
    Rejected: ("Inspector rejected the request", _LOG),
    InspectorDisabled: (
        "Inspector is not enabled in this account and region",
        "Enable it there.",
    ),
    StoreUnreadable: (
        "the snapshots or their table cannot be read",
        f"Try again in a minute. {_LOG}",
    ),
    Unreadable: ("the data cannot be read", _LOG),
}


def outward(error: SreError) -> SreError:
    """The error in a form that a client of the server may see.

    A message from AWS can name roles, accounts and stores, so an Unreadable is replaced by a fixed
    text for its kind. Any other error concerns the request and is returned unchanged.
    """
    if isinstance(error, Forbidden) or not isinstance(error, Unreadable):
        return error
    kind = next(kind for kind in _OUTWARD if isinstance(error, kind))
    what, do = _OUTWARD[kind]
    return kind(ours(what), do=ours(do))
