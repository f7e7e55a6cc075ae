"""All calls to Amazon Inspector: typed decoding, paging, retries, rate limit and live queries."""
