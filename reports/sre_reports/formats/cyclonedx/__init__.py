"""Findings as a CycloneDX 1.6 vulnerability disclosure report."""
