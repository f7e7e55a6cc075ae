"""A picture of a digest as Slack would show it."""
