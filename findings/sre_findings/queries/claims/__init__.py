"""Claims of findings: the list, and taking one."""
