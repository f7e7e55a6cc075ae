"""The only code that calls Amazon Inspector: typed decode of its wire, its pages, retries, rate,
live questions."""
