"""What Inspector scans, why it does not scan the rest, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sre_findings.model.resource import INSTANCE

ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row of ListCoverage: one scan type of one resource. Source: API reference, CoveredResource."""

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
        """Whether Inspector says that it scans this."""
        return self.status == ACTIVE


# How long after lastScannedAt a "no finding" of an EC2 instance still means something. Network reachability runs every
# 12 hours and agentless scans every 24 (user guide, "Scanning Amazon EC2 instances"); three missed rounds are too many.
# An agent that is silent for 7 days becomes STALE_INVENTORY by itself; we stop believing it before that.
SCAN_LIMITS = {
    "NETWORK": timedelta(hours=36),
    "EC2_AGENTLESS": timedelta(hours=72),
    "EC2_SSM_AGENT_BASED": timedelta(hours=96),
}
DEFAULT_LIMIT = timedelta(hours=72)


def scan_limit(row: Coverage) -> timedelta | None:
    """How old the last scan of this row may be for its silence to count; None where no limit applies."""
    if row.resource_type != INSTANCE:
        return None
    kind = row.scan_type if row.scan_type == "NETWORK" else row.scan_mode or ""
    return SCAN_LIMITS.get(kind, DEFAULT_LIMIT)


def scanned_too_long_ago(row: Coverage, as_of: datetime) -> bool:
    """Whether the row's limit had passed at ``as_of``; an instance without lastScannedAt never was scanned."""
    limit = scan_limit(row)
    if limit is None:
        return False
    return row.last_scanned_at is None or as_of - row.last_scanned_at > limit


def silent(row: Coverage) -> bool:
    """Whether the row says that nothing was scanned; a first scan still to come counts as ACTIVE and is none."""
    return not row.active or row.reason == "PENDING_INITIAL_SCAN"


def packages_listed(rows: Sequence[Coverage]) -> bool:
    """An instance whose network alone is covered may hold anything."""
    return any(row.scan_type == "PACKAGE" or row.resource_type != INSTANCE for row in rows)


# Reasons of ListCoverage (API reference, ScanStatus.reason) in words, and the remedy where there is one.
REASONS: dict[str, tuple[str, str]] = {
    "ACCESS_DENIED": ("Inspector was denied access", "Check the service-linked role and the resource's policies."),
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": ("Inspector may not use the encryption key", "Allow Inspector in the key policy."),
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": ("the agentless scan took too long", "Use the SSM agent."),
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": ("the volumes are too large for agentless scans", "Use the SSM agent."),
    "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED": ("deep inspection took too long", "Narrow its custom paths."),
    "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED": ("the daily SSM inventory limit is reached", "Raise the quota."),
    "DEEP_INSPECTION_NO_INVENTORY": ("deep inspection has no inventory", "Check the Inspector SSM plugin."),
    "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED": ("too many packages to inspect deeply", "Narrow its custom paths."),
    "EC2_INSTANCE_STOPPED": ("the instance is stopped", "Start it, or terminate it if nobody needs it."),
    "EXCLUDED_BY_TAG": ("it is excluded by a tag", "Remove the tag InspectorEc2Exclusion."),
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": ("collecting its packages took too long", "Make the artifact smaller."),
    "IMAGE_ARCHIVED": ("the image is archived", "Restore it if it is still deployed."),
    "IMAGE_SIZE_EXCEEDED": ("the image is too large to scan", "Make the image smaller."),
    "INTEGRATION_CONNECTION_LOST": ("the connection to the code provider is lost", "Connect it again in Inspector."),
    "INTERNAL_ERROR": ("Inspector had an internal error", "Wait; if it stays, ask AWS support."),
    "INVALID_ARTIFACT": ("the artifact is not valid", "Publish it again."),
    "NO_INVENTORY": ("Inspector has no software inventory", "Check the SSM agent and its inventory association."),
    "NO_RESOURCES_FOUND": ("Inspector found nothing there", ""),
    "NO_SCAN_CONFIGURATION_ASSOCIATED": ("no scan configuration applies", "Associate a scan configuration."),
    "PENDING_DISABLE": ("scanning is being switched off", "Enable Inspector again if that was not meant."),
    "PENDING_INITIAL_SCAN": ("the first scan is still to come", "Wait; ask again in an hour."),
    "PENDING_REVIVAL_SCAN": ("a scan is pending after a pause", "Wait; ask again in an hour."),
    "RESOURCE_STOPPED": ("the resource is stopped", "Start it, or delete it if nobody needs it."),
    "RESOURCE_TERMINATED": ("the resource is terminated", ""),
    "RESOURCE_UNMANAGED": ("nothing manages the resource", "Connect its agent."),
    "SCAN_ELIGIBILITY_EXPIRED": ("its scan eligibility expired", "Push or pull the image, or lengthen the re-scan duration."),
    "SCAN_FREQUENCY_MANUAL": ("its repository scans on request only", "Set the repository to continuous scanning."),
    "SCAN_FREQUENCY_SCAN_ON_PUSH": ("its repository scans on push only", "Set the repository to continuous scanning."),
    "SCAN_IN_PROGRESS": ("a scan is running", "Wait; ask again later."),
    "STALE_INVENTORY": ("its inventory is stale", "Restart the SSM agent: it has been silent for days."),
    "STORAGE_LIMIT_EXCEEDED": ("it exceeds the storage limit", "Make the artifact smaller."),
    "SUCCESSFUL": ("scanned", ""),
    "UNMANAGED_EC2_INSTANCE": ("SSM does not manage the instance", "Attach an SSM instance profile, or use agentless scans."),
    "UNSUPPORTED_CODE_ARTIFACTS": ("its code artifacts are not supported", ""),
    "UNSUPPORTED_CONFIG_FILE": ("its configuration file is not supported", ""),
    "UNSUPPORTED_LANGUAGE": ("its language is not supported", ""),
    "UNSUPPORTED_MEDIA_TYPE": ("its media type is not supported", "Rebuild the image with a supported media type."),
    "UNSUPPORTED_OS": ("its operating system is not supported", "Move it to a supported image."),
    "UNSUPPORTED_RUNTIME": ("its runtime is not supported", "Move it to a supported runtime."),
}  # fmt: skip


def explain(reason: str) -> str:
    """A coverage reason in words; one that we do not know is shown as Inspector wrote it."""
    return REASONS.get(reason, (reason, ""))[0]


def remedy(reason: str) -> str:
    """What makes Inspector scan it again, in one sentence; empty where there is nothing to do."""
    return REASONS.get(reason, ("", "Look the reason up in the Inspector user guide."))[1]
