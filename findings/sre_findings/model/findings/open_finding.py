"""An open finding as the report of a snapshot lists it.

Data shared by many findings is one object, so that a report can store it once.
"""

from __future__ import annotations

from typing import NamedTuple


class Weakness(NamedTuple):
    """A vulnerability's fields: the same for every resource that has it.

    ``kev`` is None without KEV data. ``packages`` are names, each once; ``installed`` and
    ``fixed_in`` are versions as text, empty if there are none. ``reachable`` is true if Inspector
    saw the code in use at run time; false means unknown. ``command`` upgrades the packages on an
    instance, and is empty if none is safe; ``reboot`` is true if the upgrade needs one.
    ``description`` is what Inspector says about it, empty if that is not part of the report.
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
    command: str = ""
    reboot: bool = False
    description: str = ""


class Place(NamedTuple):
    """The resource; ``owner`` is empty if it is unassigned."""

    resource_id: str
    resource_type: str
    name: str
    account_id: str
    region: str
    owner: str


class OpenFinding(NamedTuple):
    """One finding. ``new`` is true if it was opened since the previous snapshot.

    ``opened_on`` and ``due_on`` are ISO dates; each is None if unknown or if there is none.
    ``claim`` says who has taken the finding until when, empty if no one has or claims are unknown.
    """

    weakness: Weakness
    place: Place
    opened_on: str | None
    due_on: str | None
    new: bool
    claim: str = ""
