"""The keys that the items and numbers of each list answer must have, to validate received JSON."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

TYPES = {
    "changes": ("changes", "Change", "ChangesFacts"),
    "trend": ("trend", "TrendDay", "TrendFacts"),
    "sla": ("sla", "Late", "SlaFacts"),
    "time-to-fix": ("time_to_fix", "FixTimesOfGroup", "TimeToFixFacts"),
    "priorities": ("priorities", "Priority", "PrioritiesFacts"),
    "where": ("exposure", "Exposed", "ExposureFacts"),
    "show": ("vulnerability", "Affected", "VulnerabilityFacts"),
    "diff": ("differences", "Difference", "DifferencesFacts"),
    "why": ("life", "LifeEvent", "LifeFacts"),
    "suppressions": ("suppressions", "Rule", "RulesFacts"),
    "fixes": ("fixes", "Fix", "FixesFacts"),
    "images": ("fixes", "ImageFix", "ImageFixesFacts"),
    "fix-effects": ("fixes", "FixEffect", "FixEffectsFacts"),
    "findings": ("findings", "FindingJson", ""),
    "export": ("findings", "", "ExportFacts"),
    "file": ("findings", "", "ExportFacts"),
    "snapshots": ("snapshots", "SnapshotItem", ""),
    "claims": ("claims", "ClaimItem", "ClaimsFacts"),
    "take": ("claims", "ClaimItem", "TakenFacts"),
    "operations": ("operations", "OperationItem", "OperationsFacts"),
}
"""The module, and the types of the items and of the numbers, of each query's list answer.

They are imported when needed."""


class Keys(NamedTuple):
    """The required keys of each item, and of the numbers beside the list."""

    item: frozenset[str]
    facts: frozenset[str]


def keys_of(question: str) -> Keys:
    """The required keys of a query's answer. Raises KeyError if the answer is not a list."""
    name, *types = TYPES[question]
    module = import_module(f"sre_findings.model.answers.{name}")
    item, facts = (
        frozenset(getattr(module, one).__required_keys__ if one else ()) for one in types
    )
    return Keys(item, facts)
