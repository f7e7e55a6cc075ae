"""An open finding as the page of a night lists it. What many findings share is one object, so that
a page can hold it once."""

from __future__ import annotations

from typing import NamedTuple


class Weakness(NamedTuple):
    """A vulnerability's fields: the same for every resource that has it.

    ``kev`` is None without KEV data. ``packages`` are names, each once; ``installed`` and
    ``fixed_in`` are versions as text, empty if there are none. ``reachable`` is true if Inspector
    saw the code in use at run time; false means unknown.
    """

    severity: str
    identity: str
    title: str
    score: float | None
    epss: float | None
    kev: bool | None
    exploit: bool
    fixable: bool
    packages: str
    installed: str
    fixed_in: str
    reachable: bool = False


class Place(NamedTuple):
    """The resource; ``owner`` is empty if it is unassigned."""

    resource_id: str
    resource_type: str
    name: str
    account_id: str
    region: str
    owner: str


class OpenFinding(NamedTuple):
    """One finding: opened on a day or None if unknown, due on a day or None, and whether it is
    ``new`` since the snapshot before. ISO dates."""

    weakness: Weakness
    place: Place
    opened_on: str | None
    due_on: str | None
    new: bool
