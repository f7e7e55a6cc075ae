"""Downloads over HTTP: exports and published reports."""
