"""Stand-ins for Slack: its Web API, and the URLs that it expects responses at."""
