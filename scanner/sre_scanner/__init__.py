"""The scan job: plans the scan, reads Amazon Inspector, writes a snapshot and commits it."""
