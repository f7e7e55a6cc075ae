"""The digest: a night in Slack, one message a channel with its details in a thread, posted once."""
