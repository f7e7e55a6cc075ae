"""Whether Inspector is on, region by region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sre_cli.doctor.calls import ALLOWED, DENIED, NO_ANSWER, NOT_ASKED, Aws, Said
from sre_cli.doctor.check import FAILED, OFF, OK, UNKNOWN, WARNING, Check
from sre_findings.inspector.regions import known_regions

ACTION = "inspector2:BatchGetAccountStatus"
_IS_OFF = "Inspector is off"
_TYPES = "--resource-types EC2 ECR LAMBDA"
_PASSING = ("ENABLING", "DISABLING", "SUSPENDING")


def enabled(aws: Aws, home: str) -> tuple[str, ...]:
    """The regions that the account has enabled and where Inspector exists; the configured one where
    EC2 does not tell."""
    said = aws.ask("ec2:DescribeRegions", home)
    names = {str(one.get("RegionName")) for one in said.values.get("Regions", ())} & set(
        known_regions()
    )
    return tuple(sorted(names)) or (home,)


def look(aws: Aws, region: str, *, required: bool) -> Check:
    """One region. One that was named must have Inspector on; another may well be off."""
    said, what = aws.ask(ACTION, region), f"Inspector {region}"
    if said.outcome != ALLOWED:
        return _unread(what, said)
    accounts: Sequence[Mapping[str, Any]] = said.values.get("accounts") or [{}]
    state = str(accounts[0].get("state", {}).get("status", "")) or "unknown"
    if state == "ENABLED":
        return _switches(what, accounts[0].get("resourceState", {}))
    if state in _PASSING:
        return Check(what, WARNING, state.lower(), "Wait some minutes, then look again.")
    if state == "DISABLED" and not required:
        return Check(what, OFF, _IS_OFF)
    if state == "DISABLED":
        return Check(
            what, FAILED, _IS_OFF, f"Turn it on: aws inspector2 enable --region {region} {_TYPES}"
        )
    return Check(what, UNKNOWN, f"Inspector says {state}")


def _switches(what: str, resources: Mapping[str, Any]) -> Check:
    states = {
        name: str(state.get("status", ""))
        for name, state in resources.items()
        if isinstance(state, dict)
    }
    on = [name for name, state in states.items() if state == "ENABLED"]
    off = [name for name, state in states.items() if state != "ENABLED"]
    if not on:
        return Check(
            what,
            WARNING,
            "on, and nothing is scanned",
            f"Choose what to scan: aws inspector2 enable {_TYPES}",
        )
    return Check(what, OK, f"on: {', '.join(on)}" + (f"; off: {', '.join(off)}" if off else ""))


def _unread(what: str, said: Said) -> Check:
    if said.outcome == DENIED and said.permission:
        return Check(what, FAILED, f"denied: {said.words}", said.permission.remedy)
    if said.outcome == NOT_ASKED:
        return Check(what, OFF, said.words)
    remedy = (
        "Check the network, and that the region is enabled." if said.outcome == NO_ANSWER else ""
    )
    return Check(what, UNKNOWN, said.words, remedy)


def folded(checks: Sequence[Check]) -> list[Check]:
    """The same, with one line for all regions where Inspector may be off and is; a check that
    failed where it is on in none."""
    off = [
        one.what.removeprefix("Inspector ")
        for one in checks
        if (one.state, one.detail) == (OFF, _IS_OFF)
    ]
    if not off:
        return list(checks)
    if len(off) == len(checks):
        what = f"it is on in none of {len(checks)} regions: {', '.join(off)}"
        return [
            Check(
                "Inspector",
                FAILED,
                what,
                f"Turn it on where your workloads run: aws inspector2 enable {_TYPES}",
            )
        ]
    rest = [one for one in checks if (one.state, one.detail) != (OFF, _IS_OFF)]
    return [*rest, Check("Inspector elsewhere", OFF, f"it is off in {', '.join(off)}")]
