"""One finding behind its ARN: generated from a resource and a weakness, or recorded."""

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
    """A finding that can be asked for its state, and encoded in that state."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        ...

    @property
    def account(self) -> str:
        """The account it is in."""
        ...

    @property
    def resource_id(self) -> str:
        """The id of its (first) resource."""
        ...

    @property
    def resource_part(self) -> Wire:
        """A wire object that holds at least the members that speak of the resource."""
        ...

    @property
    def weakness_part(self) -> Wire:
        """A wire object that holds at least the members that speak of the weakness."""
        ...

    @property
    def vulnerability(self) -> Vulnerability | None:
        """What is known of its vulnerability beyond the finding."""
        ...

    @property
    def shared(self) -> object:
        """An object that is the same for findings with the same weakness, for what is worth
        computing once."""
        ...

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """Its state at a moment, scripted events included; None where it does not exist."""
        ...

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:
        """The finding as JSON in a state; `launched` is a scripted start of its instance."""
        ...


class GeneratedRow:
    """A finding made of a resource, a weakness and a life."""

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
        """Its ARN, made when it is first asked for: counting never asks."""
        if not self._arn:
            self._arn = self._name()
        return self._arn

    @property
    def account(self) -> str:
        """The resource's account."""
        return self.resource.account

    @property
    def resource_id(self) -> str:
        """The resource's id."""
        return self.resource.id

    @property
    def resource_part(self) -> Wire:
        """The resource's members alone."""
        return self.resource.part

    @property
    def weakness_part(self) -> Wire:
        """The weakness's members alone."""
        return self.weakness.part

    @property
    def vulnerability(self) -> Vulnerability | None:
        """The weakness's vulnerability."""
        return self.weakness.vulnerability

    @property
    def shared(self) -> object:
        """The weakness."""
        return self.weakness

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """The state that its life, the script and its resource's restarts leave."""
        events = (*self.life, *later) if later else self.life
        state = state_at(events, now, self.weakness.severity)
        if state is None or self.resource.phase is None:
            return state
        return touched(state, now, self.resource.restarted)

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:
        """The parts joined; only the state's members are made anew."""
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
    """A finding as it was recorded: served unchanged until a script changes it."""

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
        """The account of the ARN, which recordings of several accounts do not always repeat in
        awsAccountId."""
        return self.arn.split(":")[4]

    @property
    def named_account(self) -> str:
        """Its awsAccountId; empty where that is no account."""
        named = self._wire.get("awsAccountId")
        return named if isinstance(named, str) and _ACCOUNT.fullmatch(named) else ""

    @property
    def resource_id(self) -> str:
        """The first resource's id."""
        return str(self.resource.get("id", ""))

    @property
    def resource(self) -> Wire:
        """The first resource; an empty one where there is none."""
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
        """Nothing beyond the finding is known."""
        return

    @property
    def shared(self) -> object:
        """Itself: recordings share nothing."""
        return self

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """The recorded state, and what a script made of it."""
        return state_at(later, now, self._state.severity, self._state)

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:  # noqa: ARG002 -- Row's signature
        """The recorded finding, byte by byte where nothing changed, with what a script changed."""
        if state == self._state and launched is None:
            return self._line or msgspec.json.encode(self._wire)
        changed = {"severity": state.severity, "status": state.status, "updatedAt": state.updated}
        wire = self._wire | changed | {"firstObservedAt": state.first, "lastObservedAt": state.last}
        return msgspec.json.encode(wire if launched is None else _restarted(wire, launched))


def _seconds(value: Any) -> float:
    """A recorded time; 0 for what is none, which is served as it was all the same."""
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else 0.0


def _restarted(wire: Wire, launched: float) -> Wire:
    copy = msgspec.json.decode(msgspec.json.encode(wire), type=Wire)
    for resource in copy["resources"]:
        for name in ("awsEc2Instance", "vm"):
            if name in resource.get("details", {}):
                resource["details"][name]["launchedAt"] = launched
    return copy
