"""Checks, region by region, whether Inspector is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sre_cli.doctor.aws_calls import ALLOWED, DENIED, NO_ANSWER, NOT_ASKED, Aws, Reply
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, WARNING, Check
from sre_findings.inspector.regions import known_regions

ACTION = "inspector2:BatchGetAccountStatus"
_IS_OFF = "Inspector is off"
_TYPES = "--resource-types EC2 ECR LAMBDA"
_CHANGING = ("ENABLING", "DISABLING", "SUSPENDING")
_NETWORK = "Check the network, and that the region is enabled."


@dataclass(frozen=True, slots=True)
class SwitchedOff(Check):
    """Inspector is off in a region where it need not be on."""


def enabled(aws: Aws, home: str) -> tuple[str, ...]:
    """Returns the regions that the account has enabled and that have Inspector.

    Returns only ``home`` if EC2 does not list them.
    """
    reply = aws.call("ec2:DescribeRegions", home)
    names = {str(one.get("RegionName")) for one in reply.values.get("Regions", ())}
    return tuple(sorted(names & set(known_regions()))) or (home,)


def check(aws: Aws, region: str, *, required: bool) -> Check:
    """Checks whether Inspector is on in the region. Off fails only if it is ``required``."""
    reply, what = aws.call(ACTION, region), f"Inspector {region}"
    if reply.outcome != ALLOWED:
        return _unread(what, reply)
    accounts: Sequence[Mapping[str, Any]] = reply.values.get("accounts") or [{}]
    state = str(accounts[0].get("state", {}).get("status", "")) or "unknown"
    if state == "ENABLED":
        return _scan_types(what, accounts[0].get("resourceState", {}))
    if state in _CHANGING:
        return Check(what, WARNING, state.lower(), "Wait some minutes, then run this again.")
    if state == "DISABLED" and not required:
        return SwitchedOff(what, OFF, _IS_OFF)
    if state == "DISABLED":
        remedy = f"Turn it on: aws inspector2 enable --region {region} {_TYPES}"
        return Check(what, FAILED, _IS_OFF, remedy)
    return Check(what, UNKNOWN, f"Inspector reports the status {state}")


def _scan_types(what: str, resources: Mapping[str, Any]) -> Check:
    states = {
        name: str(state.get("status", ""))
        for name, state in resources.items()
        if isinstance(state, dict)
    }
    on = [name for name, state in states.items() if state == "ENABLED"]
    off = [name for name, state in states.items() if state != "ENABLED"]
    if not on:
        remedy = f"Choose what to scan: aws inspector2 enable {_TYPES}"
        return Check(what, WARNING, "on, but no resource type is scanned", remedy)
    return Check(what, OK, f"on: {', '.join(on)}" + (f"; off: {', '.join(off)}" if off else ""))


def _unread(what: str, reply: Reply) -> Check:
    if reply.outcome == DENIED and reply.permission:
        return Check(what, FAILED, f"denied: {reply.words}", reply.permission.remedy)
    if reply.outcome == NOT_ASKED:
        return Check(what, OFF, reply.words)
    return Check(what, UNKNOWN, reply.words, _NETWORK if reply.outcome == NO_ANSWER else "")


def folded(checks: Mapping[str, Check]) -> list[Check]:
    """Returns the checks of regions, with one line for all where Inspector is off and may be off.

    If it is off in all regions, this is one failed check.
    """
    off = [region for region, one in checks.items() if isinstance(one, SwitchedOff)]
    if not off:
        return list(checks.values())
    regions = ", ".join(off)
    if len(off) == len(checks):
        detail = f"off in all regions: {regions}"
        remedy = f"Turn it on where your workloads run: aws inspector2 enable {_TYPES}"
        return [Check("Inspector", FAILED, detail, remedy)]
    rest = [one for one in checks.values() if not isinstance(one, SwitchedOff)]
    return [*rest, Check("Inspector elsewhere", OFF, f"off in {regions}")]
