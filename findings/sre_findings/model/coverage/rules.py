"""When the absence of findings proves that a resource has none: one rule per resource type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sre_findings.model.coverage.row import Coverage
from sre_findings.model.resources import resource as types

# The limit without a specific rule, and the shortest of all: Inspector's shortest scan interval is
# 12 hours, and three missed scans are too many.
STRICT_LIMIT = timedelta(hours=36)
# A last scan that is later than this after coverage was read is invalid.
CLOCKS_DIFFER = timedelta(minutes=5)
SCANNED = "SUCCESSFUL"  # the only reason that means a complete scan


@dataclass(frozen=True, slots=True)
class Rule:
    """When the absence of findings proves that a resource of some type has none.

    ``proof`` is the scan type that must exist, None for repositories and registries, which are not
    scanned themselves. ``limits`` has the known scan types of such a resource, each with the
    maximum age of its last scan; None if Inspector rescans by itself whenever a vulnerability
    becomes known, so that an old scan is still valid. ``modes`` has the limits of ``proof`` by scan
    mode; an unknown mode has the strict limit.
    """

    proof: str | None
    limits: Mapping[str, timedelta | None]
    modes: Mapping[str, timedelta] = field(default_factory=dict)


# Network reachability is scanned every 12 hours (user guide, "Scanning Amazon EC2 instances").
_NETWORK = timedelta(hours=36)
_AGENTLESS = timedelta(hours=72)  # agentless scans run every 24 hours (the same page)
# An agent that is silent for 7 days becomes STALE_INVENTORY. The limit here is shorter.
_SSM_AGENT = timedelta(hours=96)
_INSPECTOR_AGENT = timedelta(hours=72)  # no interval is documented: as for a daily scan
# Repositories and registries are listed daily; an older listing may lack images.
_HELD = timedelta(hours=72)
# The slowest periodic scan of a code repository (API reference, PeriodicScanFrequency).
_MONTHLY = timedelta(days=32)

_MACHINE = Rule(
    "PACKAGE",
    {"PACKAGE": STRICT_LIMIT, "NETWORK": _NETWORK},
    {
        "EC2_SSM_AGENT_BASED": _SSM_AGENT,
        "EC2_AGENTLESS": _AGENTLESS,
        "EC2_INSPECTOR_AGENT_BASED": _INSPECTOR_AGENT,
        "VM_INSPECTOR_AGENT_BASED": _INSPECTOR_AGENT,
    },
)
# Images in ECR under continuous scanning and Lambda functions are scanned when they change and when
# a vulnerability becomes known (user guide, "Scanning Amazon ECR container images" and "Scanning
# AWS Lambda functions"). An image whose re-scan duration has ended is no longer ACTIVE. The guide
# promises no such thing for other clouds.
_IMAGE, _FUNCTION = (
    Rule("PACKAGE", {"PACKAGE": None}),
    Rule("PACKAGE", {"PACKAGE": None, "CODE": None}),
)
_FOREIGN = Rule("PACKAGE", {"PACKAGE": STRICT_LIMIT, "CODE": STRICT_LIMIT})
_HOLDER = Rule(None, {"PACKAGE": _HELD})

RULES: dict[str, Rule] = {
    types.INSTANCE: _MACHINE,
    types.AZURE_MACHINE: _MACHINE,
    types.GOOGLE_MACHINE: _MACHINE,
    types.IMAGE: _IMAGE,
    types.AZURE_IMAGE: _FOREIGN,
    types.GOOGLE_IMAGE: _FOREIGN,
    types.FUNCTION: _FUNCTION,
    types.AZURE_FUNCTION: _FOREIGN,
    types.GOOGLE_FUNCTION: _FOREIGN,
    types.CODE_REPOSITORY: Rule("CODE", {"CODE": _MONTHLY, "PACKAGE": _MONTHLY}),
    types.MACHINE_IMAGE: Rule("PACKAGE", {"PACKAGE": STRICT_LIMIT}),
    types.IMAGE_REPOSITORY: _HOLDER,
    types.AZURE_REPOSITORY: _HOLDER,
    types.AZURE_REGISTRY: _HOLDER,
    types.GOOGLE_REPOSITORY: _HOLDER,
}
"""The rule of each resource type (API reference, CoverageResourceType).

A type without a rule is never clean.
"""


def rule_of(row: Coverage) -> Rule | None:
    """The rule for this scan of this resource; None if its type or scan type is unknown."""
    rule = RULES.get(row.resource_type)
    return rule if rule and row.scan_type in rule.limits else None


def scan_limit(row: Coverage) -> timedelta | None:
    """The maximum age of this row's last scan for it to be proof; None if there is no limit."""
    rule = rule_of(row)
    if rule is None:
        return STRICT_LIMIT
    limit = rule.limits[row.scan_type]
    if not row.scan_mode:
        return limit
    by_mode = rule.modes.get(row.scan_mode, STRICT_LIMIT)
    return limit if row.scan_mode in rule.modes and row.scan_type != rule.proof else by_mode


def scanned_too_long_ago(row: Coverage, as_of: datetime, until: datetime | None = None) -> bool:
    """Whether the last scan is no proof at ``as_of``.

    That is if it is too old, missing, or later than ``until``, when the row was read. A
    repository or registry is not scanned itself and needs no last scan.
    """
    last = row.last_scanned_at
    if last is None:
        return not holds_others(row.resource_type)
    limit = scan_limit(row)
    return last > (until or as_of) + CLOCKS_DIFFER or (limit is not None and as_of - last > limit)


def silent(row: Coverage) -> bool:
    """Whether the row fails to show a complete scan.

    It is not ACTIVE, or its reason is not success: a pending first scan, for example, or an unknown
    reason.
    """
    return not row.active or row.reason != SCANNED


def proves(row: Coverage) -> bool:
    """Whether this is the scan that the rule for the resource's type requires as proof."""
    rule = rule_of(row)
    return rule is not None and rule.proof == row.scan_type


def holds_others(resource_type: str) -> bool:
    """Whether such a resource only contains others, so that its own coverage proves nothing."""
    rule = RULES.get(resource_type)
    return rule is not None and rule.proof is None
