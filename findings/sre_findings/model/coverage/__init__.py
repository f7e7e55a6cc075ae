"""Coverage: what Inspector scans, why it does not scan a resource, and what that proves."""
