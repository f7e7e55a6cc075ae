"""The types of the answers to ``Claims`` and ``Take``."""

from typing import TypeAlias, TypedDict

from sre_findings.model.answers.list_answer import ListAnswer


class ClaimItem(TypedDict):
    """A claim. ``by`` identifies the person, ``name`` is shown.

    ``state`` is live, lapsed (the last day is over and the finding is open), done (the finding is
    resolved, or was given back), or unknown (the finding is not in the snapshot, and not everything
    was read). ``until`` is the last day. ``resource`` is the resource's name, or its ID if it
    has none; with account and region if other resources have the same name.
    """

    vulnerability_id: str
    resource_id: str
    resource_name: str
    account_id: str
    region: str
    by: str
    name: str
    until: str
    taken_at: str
    state: str
    resource: str


class ClaimsFacts(TypedDict):
    """``lapsed`` counts the claims that have lapsed while the finding is open."""

    lapsed: int


class TakenFacts(TypedDict):
    """``done`` is false if another person has the finding: then nothing was changed."""

    done: bool


ClaimsAnswer: TypeAlias = ListAnswer[ClaimItem, ClaimsFacts]
TakenAnswer: TypeAlias = ListAnswer[ClaimItem, TakenFacts]
