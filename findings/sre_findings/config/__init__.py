"""Files that users write: rules of suppression, in YAML."""
