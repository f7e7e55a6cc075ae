"""Checks of single permissions: allowed, missing or unknown.

A missing permission comes with the policy statement that grants it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sre_cli.doctor.aws_calls import (
    ALLOWED,
    DENIED,
    NO_ANSWER,
    NO_CREDENTIALS,
    NOT_ASKED,
    REFUSED,
    Aws,
    Reply,
)
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, WARNING, Check
from sre_cli.doctor.identity import Caller
from sre_cli.doctor.required_permissions import Need
from sre_findings.model.permission import Permission

_ADMINISTRATORS = ("inspector2:ListMembers", "organizations:ListAccounts")
# The text of IAM in a denial. A service that refuses for another reason has a different text.
_IAM_DENIAL = "not authorized to perform"
_OUTCOMES = {
    ALLOWED: (OK, "allowed: the call succeeded", ""),
    NOT_ASKED: (OFF, "", ""),
    NO_CREDENTIALS: (UNKNOWN, "", ""),
    NO_ANSWER: (UNKNOWN, "no answer: ", "Check the network, and https://health.aws.amazon.com."),
    REFUSED: (UNKNOWN, "the call was refused: ", "See the error in the service's API reference."),
}
SIMULATE = "iam:SimulatePrincipalPolicy"


def called(need: Need, aws: Aws, region: str) -> Check:
    """Checks a permission with a call that changes nothing."""
    reply = aws.call(need.action, region, **(need.asked or {}))
    refused = reply.outcome in (DENIED, REFUSED) and _IAM_DENIAL not in reply.words
    if refused and need.action in _ADMINISTRATORS:
        return Check(need.action, OFF, "this account is not an administrator of other accounts")
    if reply.outcome == DENIED:
        return _missing(need, reply)
    state, detail, remedy = _OUTCOMES[reply.outcome]
    return Check(need.action, state, detail + reply.words, remedy)


def _missing(need: Need, reply: Reply) -> Check:
    permission = reply.permission or Permission(need.action)
    if permission.resource == "*":
        permission = Permission(permission.action, need.resource, permission.barred_by)
    detail = f"denied: {need.without}"
    return Check(need.action, _denied(need), detail, permission.remedy)


def simulated(needs: Sequence[Need], aws: Aws, caller: Caller, region: str) -> list[Check]:
    """Checks permissions with IAM's policy simulator, for actions that no harmless call covers.

    It evaluates the policies of the role, not those of buckets and keys.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    actions = [need.action for need in needs]
    reply = aws.call(SIMULATE, region, PolicySourceArn=caller.principal, ActionNames=actions)
    if reply.outcome != ALLOWED:
        return [_not_simulated(need, reply) for need in needs]
    decisions = {
        one["EvalActionName"]: str(one["EvalDecision"])
        for one in reply.values.get("EvaluationResults", ())
    }
    return [_decided(need, decisions.get(need.action, "")) for need in needs]


def _decided(need: Need, decision: str) -> Check:
    if decision == "allowed":
        return Check(need.action, OK, "allowed by the policy simulator")
    if decision not in ("implicitDeny", "explicitDeny"):
        return Check(need.action, UNKNOWN, "no decision from the policy simulator")
    barred = "policy of the role" if decision == "explicitDeny" else ""
    detail = f"denied by the policy simulator: {need.without}"
    remedy = Permission(need.action, need.resource, barred).remedy
    return Check(need.action, _denied(need), detail, remedy)


def _denied(need: Need) -> str:
    return WARNING if need.optional else FAILED


def _not_simulated(need: Need, reply: Reply) -> Check:
    remedy = reply.permission.remedy if reply.permission else "Check the role's policies yourself."
    detail = f"no harmless call for it, and the policy simulator failed: {reply.words}"
    return Check(need.action, UNKNOWN, detail, remedy)
