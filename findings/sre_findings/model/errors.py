"""Every error that this product raises on purpose, and what each tells a person.

    SreError                    what happened, why, and what to do
    ├── UsageError              the question itself is wrong
    │   └── AmbiguousName       a name fits several resources
    ├── Unreadable              denied, unreachable or not configured: no answer can be given
    │   ├── AccessDenied        AWS said no
    │   │   └── Forbidden       we said no: the caller may not see or do it
    │   ├── CredentialsInvalid  expired, unknown or missing credentials
    │   ├── Throttled           the service's limit outlasted our patience
    │   ├── Unreachable         network, time-outs, answers that are not answers
    │   ├── Rejected            the service refused the request itself
    │   ├── InspectorDisabled   Inspector is off where it was asked
    │   └── StoreUnreadable     the folder, bucket or table cannot be read or written
    ├── CommitLost              another scan committed first
    └── Interrupted             somebody asked it to stop

Foreign errors (botocore, OSError, sqlite3, duckdb) are mapped to these at the seam where they
enter. Only an entry point catches the root and picks an exit code, a Slack text or an MCP error.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest


class SreError(Exception):
    """An error that explains itself: ``what`` happened, ``why``, and what to ``do`` about it."""

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.do = what, why, do

    @property
    def reason(self) -> str:
        """What happened and why, on one line and without a full stop."""
        line = f"{self.what}: {self.why}" if self.why else self.what
        return " ".join(line.splitlines()).rstrip(".")

    def __str__(self) -> str:
        """One line for a person: what: why. What to do."""
        line = f"{self.what}: {self.why}" if self.why else self.what
        line = f"{line.rstrip('.')}. {self.do}" if self.do else line
        return " ".join(line.splitlines())


class UsageError(SreError):
    """The question cannot be asked like this."""


class AmbiguousName(UsageError):
    """A name that several resources have, which is never guessed.

    ``candidates`` can each be asked with in its place; ``called`` is what each is called. Of
    ``total`` some may be left out.
    """

    def __init__(
        self, name: str, candidates: Sequence[str], called: Sequence[str] = (), total: int = 0
    ) -> None:
        total = max(total, len(candidates))
        told = [
            f"{one} ({title})" if title and title not in (one, name) else one
            for one, title in zip_longest(candidates, called[: len(candidates)], fillvalue="")
        ]
        more = [f"and {total - len(candidates)} more"] if total > len(candidates) else []
        super().__init__(
            f"{total} resources are named {name!r}",
            why=", ".join([*told, *more]),
            do="Ask with one of these ids.",
        )
        self.candidates = tuple(candidates)


class Unreadable(SreError):
    """What was asked for could not be read at all."""


class AccessDenied(Unreadable):
    """The caller may not do this."""


class Forbidden(AccessDenied):
    """We refuse it, and not AWS: the words are ours, and whoever asked may read them."""


class CredentialsInvalid(Unreadable):
    """No credentials, or credentials that AWS does not accept (any more)."""


class Throttled(Unreadable):
    """The service kept refusing for its rate limit until our deadline passed."""


class Unreachable(Unreadable):
    """No usable answer arrived: connection, time-out, truncated or unreadable bodies, until our
    deadline passed."""


class Rejected(Unreadable):
    """The service understood the request and refused it."""


class InspectorDisabled(Unreadable):
    """Inspector is not enabled in any account and region that was asked."""


class StoreUnreadable(Unreadable):
    """The store or the table could not be read or written."""


class CommitLost(SreError):
    """Another scan took this commit's place in the sequence; nothing of ours became visible."""


class Interrupted(SreError):
    """Somebody asked it to stop; nothing half done stays."""

    def __init__(self) -> None:
        super().__init__("interrupted; nothing was committed")


def kind_of(error: SreError) -> str:
    """The error's class in words, for other processes: ``usage``, ``ambiguous_name``,
    ``access_denied`` …

    A class that no other process knows, such as one of a single question, is told as the nearest
    above it that all know.
    """
    # who said no is told by the words
    classes = (AccessDenied,) if isinstance(error, Forbidden) else type(error).__mro__
    return next((word for one in classes if (word := _word(one)) in _KINDS), _word(type(error)))


def _word(kind: type) -> str:
    name = kind.__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip(
        "_"
    )


def of_kind(kind: str, what: str, why: str, do: str) -> SreError:
    """The error that another process tells of; one that is unknown here is a plain SreError, and
    exits as a bug does."""
    return _KINDS.get(kind, SreError)(what, why=why, do=do)


_KINDS: dict[str, type[SreError]] = {
    "ambiguous_name": UsageError,
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


_LOG = "Whoever runs the server finds more in its log."
_OUTWARD: dict[type[Unreadable], tuple[str, str]] = {
    AccessDenied: (
        "AWS does not allow this server to ask",
        f"Its role needs AmazonInspector2ReadOnlyAccess. {_LOG}",
    ),
    CredentialsInvalid: (
        "AWS does not accept this server's credentials",
        f"They must be renewed. {_LOG}",
    ),
    Throttled: ("Inspector takes no more requests for now", "Ask again in a minute."),
    Unreachable: ("Inspector gave no usable answer in time", f"Ask again in a few minutes. {_LOG}"),
    Rejected: ("Inspector refused the request", _LOG),
    InspectorDisabled: (
        "Inspector is not enabled where it was asked",
        "It must be enabled in that account and region.",
    ),
    StoreUnreadable: (
        "the snapshots or their table cannot be read",
        f"Ask again in a minute. {_LOG}",
    ),
    Unreadable: ("it cannot be read", _LOG),
}


def outward(error: SreError) -> SreError:
    """The error as it may be told to somebody who does not run this.

    What a service says of a failure names roles, accounts and places. Of what could not be read
    only the kind is told, in a sentence of ours; any other error is about the question, and the
    same one.
    """
    if isinstance(error, Forbidden) or not isinstance(error, Unreadable):
        return error
    kind = next(kind for kind in _OUTWARD if isinstance(error, kind))
    what, do = _OUTWARD[kind]
    return kind(what, do=do)
