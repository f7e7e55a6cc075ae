"""The Slack messages of a digest, as pure functions of the data."""
