"""The vulnerabilities that the simulated fleet can have, and how Inspector describes them."""
