"""The sections of the report as plain values for their templates: pure functions of the
material."""
