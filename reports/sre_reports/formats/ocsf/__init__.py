"""Findings as OCSF Vulnerability Finding events."""
