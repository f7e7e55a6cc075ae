"""The Inspector API over HTTP: operations, pagination, validation, faults."""
