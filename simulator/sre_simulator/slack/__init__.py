"""Stand-ins for Slack: its Web API, and its response URLs."""
