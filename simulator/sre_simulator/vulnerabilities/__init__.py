"""The vulnerabilities that the simulated fleet can have, and Inspector's descriptions of them."""
