"""A local Amazon Inspector v2 with a simulated fleet.

See `sre_simulator.inspector.server` and `sre_simulator.fleet`.
"""
