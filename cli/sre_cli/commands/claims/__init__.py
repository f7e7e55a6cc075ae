"""Commands about claims of findings."""
