"""Downloads over HTTP: exports and nightly reports."""
