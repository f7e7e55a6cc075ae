"""Posting a digest to Slack exactly once: channels, bot token, Slack API and what was posted."""
