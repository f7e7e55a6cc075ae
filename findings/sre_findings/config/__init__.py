"""Files that users write: suppression rules in YAML."""
