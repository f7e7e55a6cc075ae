"""The columns of a snapshot's Parquet files. docs/schema.md tells them to people; a test holds the two together.

Columns that repeat are dictionaries, and the nested parts of the wire stay JSON text as it came, so that any engine
reads them and nothing is lost: :func:`sre_findings.store.rebuild.finding` gives the wire's finding back from a row.
"""

from __future__ import annotations

import pyarrow as pa

VERSION = 1

_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")

FINDINGS = pa.schema([
    pa.field("snapshot_id", _WORD, nullable=False),
    pa.field("finding_arn", pa.string(), nullable=False),
    pa.field("resource_index", pa.int16(), nullable=False),  # a finding of n resources has n rows; 0 the first
    pa.field("account_id", _WORD),
    pa.field("region", _WORD, nullable=False),  # where it was listed
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
    pa.field("description", _WORD),
    pa.field("fix_available", _WORD),
    pa.field("exploit_available", _WORD),
    pa.field("inspector_score", pa.float64()),
    pa.field("epss_score", pa.float64()),
    pa.field("first_observed_at", _TIME),
    pa.field("last_observed_at", _TIME),
    pa.field("updated_at", _TIME),
    pa.field("packages", _WORD),
    pa.field("vulnerability_details", _WORD),
    pa.field("network_details", _WORD),
    pa.field("code_details", _WORD),
    pa.field("score_details", _WORD),
    pa.field("exploitability", _WORD),
    pa.field("epss", _WORD),
    pa.field("remediation", _WORD),
    pa.field("resources", _WORD),
    pa.field("extra", _WORD),
])  # fmt: skip

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
    pa.field("metadata", pa.string()),
    pa.field("extra", pa.string()),
])  # fmt: skip

COUNTS = ("critical", "high", "medium", "low", "informational", "untriaged", "other")

RESOURCES = pa.schema([
    pa.field("snapshot_id", pa.string(), nullable=False),
    pa.field("resource_id", pa.string(), nullable=False),
    pa.field("resource_type", pa.string(), nullable=False),
    pa.field("account_id", pa.string(), nullable=False),
    pa.field("region", pa.string(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("owner", pa.string()),
    *(pa.field(name, pa.int64(), nullable=False) for name in (*COUNTS, "suppressed", "closed", "fixable", "exploitable")),
    # What is counted above although it belongs to a finding whose first resource is another one: JSON of a Rollup.
    pa.field("counted_elsewhere", pa.string()),
])  # fmt: skip
