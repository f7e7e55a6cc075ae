"""Coverage: what Inspector scans, and when the absence of findings is proof.

It also has the reasons for which Inspector does not scan a resource, and the remedies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sre_findings.model.resources import resource as types

ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row of ListCoverage: one scan type of one resource.

    Source: API reference, CoveredResource.
    """

    resource_id: str
    resource_type: str
    account_id: str
    region: str
    scan_type: str
    status: str
    reason: str
    scan_mode: str | None = None
    last_scanned_at: datetime | None = None
    name: str = ""

    @property
    def active(self) -> bool:
        """Whether Inspector reports that it scans this."""
        return self.status == ACTIVE


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


Place = tuple[str, str, str, str]


class Silence:
    """Counts resources by whether the absence of findings is proof, from rows of coverage.

    It applies the same rule as the verdict on one resource.
    """

    def __init__(self, as_of: datetime) -> None:
        self._as_of = as_of
        self._uncovered: set[Place] = set()
        self._doubtful: set[Place] = set()
        self._proven: set[Place] = set()
        self._waiting: set[Place] = set()  # without the required scan so far

    def add(self, row: Coverage, until: datetime | None = None) -> None:
        """Adds a row, which was read at ``until``."""
        place = (row.account_id, row.region, row.resource_type, row.resource_id)
        if not row.active:
            self._uncovered.add(place)
        if silent(row) or rule_of(row) is None or scanned_too_long_ago(row, self._as_of, until):
            self._doubtful.add(place)
        if not holds_others(row.resource_type):
            (self._proven if proves(row) else self._waiting).add(place)

    @property
    def uncovered(self) -> int:
        """Resources with at least one scan type that is not ACTIVE."""
        return len(self._uncovered)

    @property
    def doubtful(self) -> int:
        """Further resources for which the absence of findings proves nothing.

        They were not scanned recently, not yet, or not for packages, or their type is unknown.
        """
        return len((self._doubtful | (self._waiting - self._proven)) - self._uncovered)

    @property
    def proven(self) -> int:
        """Resources for which the absence of findings proves that they have none."""
        return len(self._proven - self._doubtful - self._uncovered)


# Reasons of ListCoverage (API reference, ScanStatus.reason) in words, and the remedy if there is
# one.
REASONS: dict[str, tuple[str, str]] = {
    "ACCESS_DENIED": (
        "Inspector was denied access",
        "Check the service-linked role and the resource's policies.",
    ),
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": (
        "Inspector may not use the encryption key",
        "Allow Inspector in the key policy.",
    ),
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": (
        "the agentless scan took too long",
        "Use the SSM agent.",
    ),
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": (
        "the volumes are too large for agentless scans",
        "Use the SSM agent.",
    ),
    "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED": (
        "deep inspection took too long",
        "Narrow its custom paths.",
    ),
    "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED": (
        "the daily SSM inventory limit is reached",
        "Raise the quota.",
    ),
    "DEEP_INSPECTION_NO_INVENTORY": (
        "deep inspection has no inventory",
        "Check the Inspector SSM plugin.",
    ),
    "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED": (
        "there are too many packages for deep inspection",
        "Narrow its custom paths.",
    ),
    "EC2_INSTANCE_STOPPED": (
        "the instance is stopped",
        "Start it, or terminate it if it is not needed.",
    ),
    "EXCLUDED_BY_TAG": ("it is excluded by a tag", "Remove the tag InspectorEc2Exclusion."),
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": (
        "collecting its packages took too long",
        "Make the artifact smaller.",
    ),
    "IMAGE_ARCHIVED": ("the image is archived", "Restore it if it is still deployed."),
    "IMAGE_SIZE_EXCEEDED": ("the image is too large to scan", "Make the image smaller."),
    "INTEGRATION_CONNECTION_LOST": (
        "the connection to the code provider is lost",
        "Reconnect it in Inspector.",
    ),
    "INTERNAL_ERROR": ("Inspector had an internal error", "If it persists, contact AWS Support."),
    "INVALID_ARTIFACT": ("the artifact is not valid", "Publish it again."),
    "NO_INVENTORY": (
        "Inspector has no software inventory",
        "Check the SSM agent and its inventory association.",
    ),
    "NO_RESOURCES_FOUND": ("Inspector found nothing there", ""),
    "NO_SCAN_CONFIGURATION_ASSOCIATED": (
        "no scan configuration applies",
        "Associate a scan configuration.",
    ),
    "PENDING_DISABLE": (
        "scanning is being switched off",
        "Enable Inspector again if this is not intended.",
    ),
    "PENDING_INITIAL_SCAN": ("the first scan is pending", "Check again in an hour."),
    "PENDING_REVIVAL_SCAN": ("a scan is pending after a pause", "Check again in an hour."),
    "RESOURCE_STOPPED": ("the resource is stopped", "Start it, or delete it if it is not needed."),
    "RESOURCE_TERMINATED": ("the resource is terminated", ""),
    "RESOURCE_UNMANAGED": ("the resource is not managed", "Connect its agent."),
    "SCAN_ELIGIBILITY_EXPIRED": (
        "its scan eligibility expired",
        "Push or pull the image, or lengthen the re-scan duration.",
    ),
    "SCAN_FREQUENCY_MANUAL": (
        "its repository is scanned manually only",
        "Set the repository to continuous scanning.",
    ),
    "SCAN_FREQUENCY_SCAN_ON_PUSH": (
        "its repository is scanned on push only",
        "Set the repository to continuous scanning.",
    ),
    "SCAN_IN_PROGRESS": ("a scan is running", "Check again later."),
    "STALE_INVENTORY": (
        "its inventory is stale",
        "Restart the SSM agent: it has not reported for days.",
    ),
    "STORAGE_LIMIT_EXCEEDED": ("it exceeds the storage limit", "Make the artifact smaller."),
    "SUCCESSFUL": ("scanned", ""),
    "UNMANAGED_EC2_INSTANCE": (
        "the instance is not managed by SSM",
        "Attach an SSM instance profile, or use agentless scans.",
    ),
    "UNSUPPORTED_CODE_ARTIFACTS": ("its code artifacts are not supported", ""),
    "UNSUPPORTED_CONFIG_FILE": ("its configuration file is not supported", ""),
    "UNSUPPORTED_LANGUAGE": ("its language is not supported", ""),
    "UNSUPPORTED_MEDIA_TYPE": (
        "its media type is not supported",
        "Rebuild the image with a supported media type.",
    ),
    "UNSUPPORTED_OS": ("its operating system is not supported", "Move it to a supported image."),
    "UNSUPPORTED_RUNTIME": ("its runtime is not supported", "Move it to a supported runtime."),
}


def explain(reason: str) -> str:
    """A coverage reason in words; an unknown one unchanged."""
    return REASONS.get(reason, (reason or "no reason is given", ""))[0]


def remedy(reason: str) -> str:
    """How to get the resource scanned again, in one sentence; empty if there is no remedy."""
    return REASONS.get(reason, ("", "See this reason in the Inspector user guide."))[1]
