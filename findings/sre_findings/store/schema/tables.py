"""The columns of a snapshot's Parquet files. docs/schema.md documents them; a test compares both.

Data shared by many findings is stored once, in separate tables: ``details`` for vulnerabilities and
``packages`` for lists of packages. SQL joins them by ``region`` and ID. Nested values are stored as
the original JSON text, so that nothing is lost. ``original_finding.finding`` in this package
rebuilds Inspector's finding from a joined row.
"""

from __future__ import annotations

import pyarrow as pa

_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")

FINDINGS = pa.schema(
    [
        pa.field("snapshot_id", _WORD, nullable=False),
        pa.field("finding_arn", pa.string(), nullable=False),
        # a finding on n resources has n rows, numbered from 0
        pa.field("resource_index", pa.int16(), nullable=False),
        pa.field("account_id", _WORD),
        pa.field("region", _WORD, nullable=False),  # the region in which it was listed
        pa.field("resource_type", _WORD),
        pa.field("resource_id", _WORD),
        pa.field("resource_name", _WORD),
        pa.field("owner", _WORD),
        pa.field("type", _WORD),
        pa.field("severity", _WORD),
        pa.field("severity_rank", pa.int16(), nullable=False),
        pa.field("status", _WORD),
        pa.field("vulnerability_id", _WORD),
        pa.field("vulnerability_source", _WORD),
        pa.field("title", _WORD),
        # what was found on the resource: a vulnerability, an open port or a line of code
        pa.field("subject", _WORD),
        pa.field("fix_available", _WORD),
        pa.field("exploit_available", _WORD),
        pa.field("inspector_score", pa.float64()),
        pa.field("epss_score", pa.float64()),
        pa.field("reachability", _WORD),
        pa.field("reachability_reason", _WORD),
        pa.field("first_observed_at", _TIME),
        pa.field("last_observed_at", _TIME),
        pa.field("updated_at", _TIME),
        pa.field("packages_id", pa.int32()),  # with the region: key of packages
        pa.field("details_id", pa.int32(), nullable=False),  # with the region: key of details
        pa.field("resources", _WORD),
        pa.field("extra", _WORD),
        pa.field("not_understood", _WORD),
    ]
)

DETAILS = pa.schema([
    pa.field("snapshot_id", _WORD, nullable=False),
    pa.field("region", _WORD, nullable=False),
    pa.field("details_id", pa.int32(), nullable=False),
    pa.field("description", _WORD),
    pa.field("vulnerability_details", _WORD),
    pa.field("network_details", _WORD),
    pa.field("code_details", _WORD),
    pa.field("score_details", _WORD),
    pa.field("exploitability", _WORD),
    pa.field("epss", _WORD),
    pa.field("remediation", _WORD),
])  # fmt: skip

PACKAGES = pa.schema(
    [
        pa.field("snapshot_id", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("packages_id", pa.int32(), nullable=False),
        # index in the list, from 0; an empty list also has one row
        pa.field("position", pa.int16(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("version", pa.string()),
        pa.field("fixed_in", pa.string()),
        pa.field("manager", pa.string()),
        pa.field("path", pa.string()),
        pa.field("reachability", pa.string()),
        pa.field("reachability_reason", pa.string()),
        pa.field("purl", pa.string()),
        pa.field("list", pa.string()),  # at position 0 only: the original list
    ]
)

CLOSED = pa.schema(
    [
        FINDINGS.field(name)
        for name in (
            "snapshot_id",
            "finding_arn",
            "account_id",
            "region",
            "resource_type",
            "resource_id",
            "type",
            "severity",
            "subject",
            "title",
            "updated_at",
        )
    ]
)
"""Findings closed since the previous snapshot, as evidence of why they are no longer open."""

# A complete row as in exports: the finding joined with its details and packages.
WHOLE = pa.schema(
    [
        *(field for field in FINDINGS if field.name not in ("packages_id", "details_id")),
        pa.field("packages", _WORD),
        *list(DETAILS)[3:],
    ]
)

COVERAGE = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("resource_id", pa.string(), nullable=False),
    pa.field("resource_type", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("region", pa.string(), nullable=False),
    pa.field("scan_type", pa.string(), nullable=False),
    pa.field("status", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("scan_mode", pa.string()),
    pa.field("last_scanned_at", _TIME),
    pa.field("name", pa.string()),
    pa.field("owner", pa.string()),
    pa.field("exposure_group", pa.string()),
    pa.field("in_use_count", pa.int64()),
    pa.field("last_in_use_at", _TIME),
    pa.field("metadata", pa.string()),
    pa.field("extra", pa.string()),
    pa.field("not_understood", pa.string()),
])  # fmt: skip

COUNTS = ("critical", "high", "medium", "low", "informational", "untriaged", "other")

RESOURCES = pa.schema(
    [
        pa.field("snapshot_id", pa.string(), nullable=False),
        pa.field("resource_id", pa.string(), nullable=False),
        pa.field("resource_type", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("owner", pa.string()),
        pa.field("platform", pa.string()),
        pa.field("image_id", pa.string()),
        pa.field("addresses", pa.string()),
        pa.field("public", pa.bool_(), nullable=False),
        pa.field("exposure_group", pa.string(), nullable=False),
        pa.field("in_use_count", pa.int64()),
        pa.field("last_in_use_at", _TIME),
        *(
            pa.field(name, pa.int64(), nullable=False)
            for name in (*COUNTS, "suppressed", "closed", "fixable", "exploitable")
        ),
        # The same counts without findings whose first resource is another one, so that they can be
        # summed over resources.
        *(
            pa.field(f"shared_{name}", pa.int64(), nullable=False)
            for name in (*COUNTS, "suppressed", "fixable", "exploitable")
        ),
    ]
)

NAMES = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("name", pa.string(), nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("resource_id", pa.string(), nullable=False),
    pa.field("resource_type", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("region", pa.string(), nullable=False),
    pa.field("resource_name", pa.string()),
    pa.field("owner", pa.string()),
])  # fmt: skip

STATES = pa.schema(
    [
        pa.field("snapshot_id", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("resource_type", pa.string(), nullable=False),
        pa.field("resource_id", pa.string(), nullable=False),
        pa.field("owner", pa.string()),
        pa.field("exposure_group", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        # number among findings of the same subject on the same resource
        pa.field("ordinal", pa.int32(), nullable=False),
        pa.field("finding_arn", pa.string()),  # set only for such findings, to distinguish them
        pa.field("status", pa.string(), nullable=False),
        pa.field("cause", pa.string()),
        pa.field("severity_rank", pa.int16(), nullable=False),
        pa.field("fixable", pa.bool_(), nullable=False),
        pa.field("exploitable", pa.bool_(), nullable=False),
        pa.field("kev", pa.bool_()),
        pa.field("first_seen_at", _TIME, nullable=False),
        pa.field("opened_at", _TIME, nullable=False),
        pa.field("exposed_since", _TIME, nullable=False),
        pa.field("last_seen_at", _TIME, nullable=False),
        pa.field("resolved_at", _TIME),
        pa.field("reopened", pa.int32(), nullable=False),
        pa.field("waiting", pa.bool_(), nullable=False),
        # what was known when it was last seen; set only if this snapshot did not read its cell
        pa.field("vulnerability_id", pa.string()),
        pa.field("title", pa.string()),
        pa.field("resource_name", pa.string()),
        pa.field("packages", pa.string()),
        pa.field("evidence", pa.string()),
    ]
)

EVENTS = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("happened_at", _TIME, nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("cause", pa.string()),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("region", pa.string(), nullable=False),
    pa.field("resource_type", pa.string(), nullable=False),
    pa.field("resource_id", pa.string(), nullable=False),
    pa.field("resource_name", pa.string()),
    pa.field("owner", pa.string()),
    pa.field("exposure_group", pa.string(), nullable=False),
    pa.field("type", pa.string(), nullable=False),
    pa.field("subject", pa.string(), nullable=False),
    pa.field("vulnerability_id", pa.string()),
    pa.field("title", pa.string()),
    pa.field("finding_arn", pa.string()),
    pa.field("severity_rank", pa.int16(), nullable=False),
    pa.field("severity_before", pa.int16()),
    pa.field("opened_at", _TIME, nullable=False),
    pa.field("exposed_since", _TIME, nullable=False),
    pa.field("first_seen_at", _TIME, nullable=False),
    pa.field("reopened", pa.int32(), nullable=False),
    pa.field("finding_key", pa.string(), nullable=False),
    pa.field("exposure_key", pa.string(), nullable=False),
])  # fmt: skip

CELLS = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("region", pa.string(), nullable=False),
    pa.field("resource_type", pa.string(), nullable=False),
    pa.field("scan_type", pa.string(), nullable=False),
    pa.field("state", pa.string(), nullable=False),
    pa.field("complete_at", _TIME),
    pa.field("onboarding", pa.bool_(), nullable=False),
])  # fmt: skip

AGES = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("region", pa.string(), nullable=False),
    pa.field("resource_type", pa.string(), nullable=False),
    pa.field("resource_id", pa.string(), nullable=False),
    pa.field("owner", pa.string()),
    pa.field("severity_rank", pa.int16(), nullable=False),
    pa.field("opened_on", pa.date32(), nullable=False),
    pa.field("kev_due", pa.date32()),
    pa.field("findings", pa.int64(), nullable=False),
    pa.field("shared", pa.int64(), nullable=False),
    pa.field("unchecked", pa.int64(), nullable=False),
])  # fmt: skip

VULNERABILITIES = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("vulnerability_id", pa.string(), nullable=False),
    pa.field("checked", pa.bool_(), nullable=False),
    pa.field("checked_at", _TIME),
    pa.field("problem", pa.string()),
    pa.field("kev_added", pa.date32()),
    pa.field("kev_due", pa.date32()),
    pa.field("kev_action", pa.string()),
    pa.field("epss_score", pa.float64()),
    pa.field("exploit_first_seen", _TIME),
    pa.field("exploit_last_seen", _TIME),
    pa.field("cwes", pa.string()),
    pa.field("wire", pa.string()),
])  # fmt: skip

HISTORY = {"events": EVENTS, "states": STATES, "cells": CELLS, "ages": AGES}
"""The tables of the history. Each snapshot adds parts of their own to them."""

TABLES = {
    "findings": FINDINGS,
    "details": DETAILS,
    "packages": PACKAGES,
    "coverage": COVERAGE,
    "resources": RESOURCES,
    "names": NAMES,
    "vulnerabilities": VULNERABILITIES,
    "closed": CLOSED,
    **HISTORY,
}
"""Every table of a snapshot, by the name of its folder."""
