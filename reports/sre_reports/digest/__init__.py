"""The digest: a snapshot in Slack, one message per channel with details in its thread."""
