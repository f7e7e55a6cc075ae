"""A local Amazon Inspector v2: the real wire, a simulated fleet behind it. See
`sre_simulator.inspector.server` and `.fleet`."""
