"""Whether everything that the assistant needs is in place."""
