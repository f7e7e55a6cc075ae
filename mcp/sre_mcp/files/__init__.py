"""Files over HTTP: exports that were asked for, and the nightly report."""
