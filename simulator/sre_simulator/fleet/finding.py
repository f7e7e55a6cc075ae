"""One finding: generated from a resource and a vulnerability, or recorded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sre_simulator.fleet.lifecycle import State, state_at, touched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sre_simulator.fleet.resource import Life, Resource
    from sre_simulator.vulnerabilities.reference_data import Vulnerability
    from sre_simulator.vulnerabilities.vulnerability import Weakness

Wire = dict[str, Any]
_ACCOUNT = re.compile(r"[0-9]{12}")


class Row(Protocol):
    """A finding with its state and its JSON."""

    @property
    def arn(self) -> str:
        """The ARN of the finding."""
        ...

    @property
    def account(self) -> str:
        """The id of the account."""
        ...

    @property
    def named_account(self) -> str:
        """The awsAccountId; empty if it is not an account id."""
        ...

    @property
    def resource_id(self) -> str:
        """The id of the (first) resource."""
        ...

    @property
    def resource_part(self) -> Wire:
        """An object with at least the members that describe the resource."""
        ...

    @property
    def weakness_part(self) -> Wire:
        """An object with at least the members that describe the vulnerability."""
        ...

    @property
    def vulnerability(self) -> Vulnerability | None:
        """Details of the vulnerability that are not in the finding."""
        ...

    @property
    def shared(self) -> object:
        """An object that is the same for findings of the same vulnerability, as a cache key."""
        ...

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """Returns its state at a time, with scripted events; None if it does not exist then."""
        ...

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:
        """Returns the finding as JSON in a state; `launched` is a scripted instance start."""
        ...


class GeneratedRow:
    """A finding generated from a resource, a vulnerability and a life."""

    __slots__ = ("_arn", "_name", "life", "resource", "weakness")

    def __init__(
        self, name: Callable[[], str], resource: Resource, weakness: Weakness, life: Life
    ) -> None:
        self._name = name
        self._arn = ""
        self.resource = resource
        self.weakness = weakness
        self.life = life

    @property
    def arn(self) -> str:
        """The ARN, computed on first use, which counting does not need."""
        if not self._arn:
            self._arn = self._name()
        return self._arn

    @property
    def account(self) -> str:
        """The resource's account."""
        return self.resource.account

    @property
    def named_account(self) -> str:
        """The same as ``account``."""
        return self.resource.account

    @property
    def resource_id(self) -> str:
        """The resource's id."""
        return self.resource.id

    @property
    def resource_part(self) -> Wire:
        """Only the members of the resource."""
        return self.resource.part

    @property
    def weakness_part(self) -> Wire:
        """Only the members of the vulnerability."""
        return self.weakness.part

    @property
    def vulnerability(self) -> Vulnerability | None:
        """The known vulnerability."""
        return self.weakness.vulnerability

    @property
    def shared(self) -> object:
        """The vulnerability."""
        return self.weakness

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """Returns the state that follows from its life, scripted changes and resource restarts."""
        events = (*self.life, *later) if later else self.life
        state = state_at(events, now, self.weakness.severity)
        if state is None or self.resource.phase is None:
            return state
        return touched(state, now, self.resource.restarted)

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:
        """Returns the parts joined; only the members of the state are encoded again."""
        resource = self.resource.encoded(launched or self.resource.restarted(now))
        return b'{"findingArn":"%b",%b,%b,%b}' % (
            self.arn.encode(),
            resource,
            self.weakness.body,
            _encoded_state(state),
        )


def _encoded_state(state: State) -> bytes:
    return (
        f'"severity":"{state.severity}","status":"{state.status}","firstObservedAt":{state.first!r},'
        f'"lastObservedAt":{state.last!r},"updatedAt":{state.updated!r}'
    ).encode()


class RecordedRow:
    """A recorded finding, served unchanged until a script changes it."""

    __slots__ = ("_line", "_state", "_wire")

    def __init__(self, wire: Wire, line: bytes | None = None) -> None:
        self._wire, self._line = wire, line
        first, last = (_seconds(wire.get(name)) for name in ("firstObservedAt", "lastObservedAt"))
        severity, status = (str(wire.get(name, "")) for name in ("severity", "status"))
        self._state = State(severity, status, first, last, _seconds(wire.get("updatedAt", last)))

    @property
    def arn(self) -> str:
        """The recorded ARN."""
        return str(self._wire["findingArn"])

    @property
    def account(self) -> str:
        """The account in the ARN.

        It can differ from awsAccountId in recordings of several accounts.
        """
        return self.arn.split(":")[4]

    @property
    def named_account(self) -> str:
        """The awsAccountId; empty if it is not an account id."""
        named = self._wire.get("awsAccountId")
        return named if isinstance(named, str) and _ACCOUNT.fullmatch(named) else ""

    @property
    def resource_id(self) -> str:
        """The id of the first resource."""
        return str(self.resource.get("id", ""))

    @property
    def resource(self) -> Wire:
        """The first resource; empty if there is none."""
        found = self._wire.get("resources")
        return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}

    @property
    def resource_part(self) -> Wire:
        """The whole finding."""
        return self._wire

    @property
    def weakness_part(self) -> Wire:
        """The whole finding."""
        return self._wire

    @property
    def vulnerability(self) -> None:
        """None: a recording has no further details."""
        return

    @property
    def shared(self) -> object:
        """The row itself: recorded findings share nothing."""
        return self

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """Returns the recorded state with scripted changes."""
        return state_at(later, now, self._state.severity, self._state)

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:  # noqa: ARG002 -- Row's signature
        """Returns the recorded finding, byte by byte if unchanged, with scripted changes."""
        if state == self._state and launched is None:
            return self._line or msgspec.json.encode(self._wire)
        changed = {"severity": state.severity, "status": state.status, "updatedAt": state.updated}
        wire = self._wire | changed | {"firstObservedAt": state.first, "lastObservedAt": state.last}
        return msgspec.json.encode(wire if launched is None else _restarted(wire, launched))


def _seconds(value: Any) -> float:
    """Returns a recorded time; 0 for an invalid one, which is still served as recorded."""
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else 0.0


def _restarted(wire: Wire, launched: float) -> Wire:
    copy = msgspec.json.decode(msgspec.json.encode(wire), type=Wire)
    for resource in copy["resources"]:
        for name in ("awsEc2Instance", "vm"):
            if name in resource.get("details", {}):
                resource["details"][name]["launchedAt"] = launched
    return copy
