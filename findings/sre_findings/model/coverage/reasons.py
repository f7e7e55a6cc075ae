"""The reasons for which Inspector does not scan a resource, in words, with their remedies."""

from __future__ import annotations

from sre_findings.model.coverage.row import SWITCHED_OFF
from sre_findings.model.text import Text, ours, phrase

NEVER_SCANNED = "NEVER_SCANNED"
NO_RULE = "NO_RULE"
NOT_LISTED = "NOT_LISTED"
SCANNED_IN_THE_FUTURE = "SCANNED_IN_THE_FUTURE"
SCANNED_TOO_LONG_AGO = "SCANNED_TOO_LONG_AGO"
TERMINATED = "RESOURCE_TERMINATED"

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
    TERMINATED: ("the resource is terminated", ""),
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

# The product's reasons for scans that Inspector lists as successful, or does not list at all (see
# ``model.coverage.gaps``).
OWN_REASONS: dict[str, tuple[str, str]] = {
    NEVER_SCANNED: ("it was never scanned", "Check again in an hour."),
    NO_RULE: ("the product has no rule for this scan", ""),
    NOT_LISTED: ("Inspector does not list this scan", "Check that Inspector can scan it."),
    SCANNED_IN_THE_FUTURE: ("its last scan is in the future", "Check the clocks."),
    SCANNED_TOO_LONG_AGO: (
        "its last scan is too long ago",
        "Check the agent, or why Inspector does not scan it again.",
    ),
    SWITCHED_OFF: (
        "this scan type is switched off",
        "Enable it in Inspector if this is not intended.",
    ),
}
_ALL = REASONS | OWN_REASONS


def explain(reason: str) -> Text:
    """A coverage reason in words; an unknown one unchanged."""
    if known := _ALL.get(reason):
        return ours(known[0])
    return phrase("{}", reason) if reason else phrase("no reason is given")


def remedy(reason: str) -> Text:
    """How to get the resource scanned again, in one sentence; empty if there is no remedy."""
    return ours(_ALL.get(reason, ("", "See this reason in the Inspector user guide."))[1])
