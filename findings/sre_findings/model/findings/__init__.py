"""Findings: their fields, severities, ranking, reachability and suppressions."""
