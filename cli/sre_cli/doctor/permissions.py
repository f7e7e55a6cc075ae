"""Each permission by itself: allowed, missing (with the line of policy that gives it), or not
known."""

from __future__ import annotations

from collections.abc import Sequence

from sre_cli.doctor.account import Caller
from sre_cli.doctor.calls import (
    ALLOWED,
    DENIED,
    NO_ANSWER,
    NO_CREDENTIALS,
    NOT_ASKED,
    REFUSED,
    Aws,
    Said,
)
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, WARNING, Check
from sre_cli.doctor.needs import Need
from sre_findings.model.permission import Permission

_ADMINISTRATORS = ("inspector2:ListMembers", "organizations:ListAccounts")
# IAM's; a service that refuses for a reason of its own has others
_OWN_WORDS = "not authorized to perform"
_OUTCOMES = {
    ALLOWED: (OK, "allowed: it was called", ""),
    NOT_ASKED: (OFF, "", ""),
    NO_CREDENTIALS: (UNKNOWN, "", ""),
    NO_ANSWER: (UNKNOWN, "no answer: ", "Check the network, and https://health.aws.amazon.com."),
    REFUSED: (
        UNKNOWN,
        "called, and refused: ",
        "The service's API reference says what that means.",
    ),
}
SIMULATE = "iam:SimulatePrincipalPolicy"


def asked(need: Need, aws: Aws, region: str) -> Check:
    """By a call that changes nothing."""
    said = aws.ask(need.action, region, **(need.asked or {}))
    if (
        said.outcome in (DENIED, REFUSED)
        and need.action in _ADMINISTRATORS
        and _OWN_WORDS not in said.words
    ):
        return Check(need.action, OFF, "this account administers no others")
    if said.outcome == DENIED:
        return _missing(need, said)
    state, detail, remedy = _OUTCOMES[said.outcome]
    return Check(need.action, state, detail + said.words, remedy)


def _missing(need: Need, said: Said) -> Check:
    permission = said.permission or Permission(need.action)
    if permission.resource == "*":
        permission = Permission(permission.action, need.resource, permission.barred_by)
    return Check(
        need.action,
        WARNING if need.optional else FAILED,
        f"denied: {need.without}",
        permission.remedy,
    )


def simulated(needs: Sequence[Need], aws: Aws, caller: Caller, region: str) -> list[Check]:
    """By IAM's policy simulator, for what no harmless call tells. It knows a role's policies, and
    not those of buckets and keys.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    actions = [need.action for need in needs]
    said = aws.ask(SIMULATE, region, PolicySourceArn=caller.principal, ActionNames=actions)
    if said.outcome != ALLOWED:
        return [_not_simulated(need, said) for need in needs]
    decisions = {
        one["EvalActionName"]: str(one["EvalDecision"])
        for one in said.values.get("EvaluationResults", ())
    }
    return [_decided(need, decisions.get(need.action, "")) for need in needs]


def _decided(need: Need, decision: str) -> Check:
    if decision == "allowed":
        return Check(need.action, OK, "allowed, says the policy simulator")
    if decision not in ("implicitDeny", "explicitDeny"):
        return Check(need.action, UNKNOWN, "the policy simulator says nothing of it")
    barred = "policy of the role" if decision == "explicitDeny" else ""
    remedy = Permission(need.action, need.resource, barred).remedy
    return Check(
        need.action,
        WARNING if need.optional else FAILED,
        f"denied, says the policy simulator: {need.without}",
        remedy,
    )


def _not_simulated(need: Need, said: Said) -> Check:
    remedy = said.permission.remedy if said.permission else "Look at the role's policies by hand."
    return Check(
        need.action,
        UNKNOWN,
        f"no harmless call tells, and the policy simulator did not: {said.words}",
        remedy,
    )
