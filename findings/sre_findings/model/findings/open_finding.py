"""An open finding as the page of a night lists it. What many findings share is one object, so that
a page can hold it once."""

from __future__ import annotations

from typing import NamedTuple


class Weakness(NamedTuple):
    """What is wrong: the same for every resource that has it. ``kev`` is None where that was not
    checked.

    ``packages`` are names, each once; ``installed`` and ``fixed_in`` versions in words, empty where
    there is none. ``reachable`` says that Inspector saw the code reached at run time; False says
    nothing.
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
    """Where it is wrong; ``owner`` is empty where nobody owns the resource."""

    resource_id: str
    resource_type: str
    name: str
    account_id: str
    region: str
    owner: str


class OpenFinding(NamedTuple):
    """One finding: open since a day or since nobody knows when, due on a day or never, and whether
    it is ``new`` since the night before. ISO dates."""

    weakness: Weakness
    place: Place
    opened_on: str | None
    due_on: str | None
    new: bool
