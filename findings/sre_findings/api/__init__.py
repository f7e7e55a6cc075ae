"""The public Python API: ``from sre_findings import open_store``. docs/python.md has examples."""
