"""The history in a snapshot: details of vulnerabilities, and the life of each finding."""
